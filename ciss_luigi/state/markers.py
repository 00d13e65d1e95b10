"""Markers: dated proofs that a step is done, one JSON file per date and task.

A marker counts only for the warehouse and tables it was made for. What cannot be read, or speaks of
something else, counts as absent: a step too many costs minutes, a step too few costs money.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import Amounts, MonthTotals
from ciss_luigi.sql.files import RUN_ID
from ciss_luigi.state.files import remove, write_whole
from ciss_luigi.version import VERSION

logger = logging.getLogger("luigi-interface.ciss_luigi")


class Step(StrEnum):
    """The three steps, in their order."""

    TRUNCATE = "TruncateTemp"
    BUILD = "BuildTemp"
    MERGE = "MergeMain"


STEPS = tuple(Step)
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Place:
    """What a marker is about: the warehouse and the two tables."""

    warehouse: str
    database: str
    main_table: str
    temp_table: str


@dataclass(frozen=True)
class Marker:
    """One step of one date, done."""

    step: Step
    date: RunDate
    run_id: str
    started_at: dt.datetime
    months: tuple[MonthTotals, ...] = ()
    superseded: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    empty_sources: tuple[str, ...] = ()
    finished_at: dt.datetime | None = None
    odd_rows: tuple[OddRows, ...] = ()


class Markers:
    """The markers of one ``state_dir``, for one warehouse and its tables."""

    def __init__(self, folder: Path, place: Place, engine: str) -> None:
        self._folder = folder
        self._place = place
        self._engine = engine

    def path(self, date: RunDate, step: Step) -> Path:
        """Where the marker of a step stands."""
        return self._folder / str(date) / f"{step}.json"

    def write(self, marker: Marker) -> None:
        """Write a marker whole or not at all; raises OSError."""
        text = json.dumps(self._to_json(marker), indent=2, ensure_ascii=False)
        write_whole(self.path(marker.date, marker.step), text + "\n")

    def read(self, date: RunDate, step: Step) -> Marker | None:
        """The valid marker of a step, or None; a file that does not count is named in a warning."""
        path = self.path(date, step)
        try:
            values = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
            marker = _from_json(values)
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            logger.warning(
                "%s counts as absent: it cannot be read (%s: %s)", path, type(error).__name__, error
            )
            return None
        stray = self._strays(values, date, step)
        if stray:
            logger.warning("%s counts as absent: it is about another %s", path, ", ".join(stray))
            return None
        return marker

    def is_merged(self, date: RunDate) -> bool:
        """Whether main is as new as the date: MergeMain's marker is valid and rests on BuildTemp's.

        BuildTemp's marker may be gone; if it is there, it must be of the same build.
        """
        merged = self.read(date, Step.MERGE)
        if merged is None:
            return False
        built = self.read(date, Step.BUILD)
        return built is None or built.run_id == merged.run_id

    def remove_from(self, date: RunDate, step: Step) -> list[Step]:
        """Remove the markers of a step and of all later ones, the last first; says which were there.

        The last first: a kill in between leaves no later marker without its earlier one.
        """
        later = [one for one in reversed(STEPS) if STEPS.index(one) >= STEPS.index(step)]
        return [one for one in later if remove(self.path(date, one))]

    def dates(self) -> list[RunDate]:
        """The dates that have a folder here, oldest first."""
        if not self._folder.is_dir():
            return []
        found = []
        for entry in self._folder.iterdir():
            try:
                found.append(RunDate.parse(entry.name))
            except ValueError:
                continue
        return sorted(found)

    def _to_json(self, marker: Marker) -> dict[str, Any]:
        finished = marker.finished_at or dt.datetime.now(dt.UTC)
        return {
            "task": str(marker.step),
            "date": str(marker.date),
            "run_id": marker.run_id,
            "months": [month.to_json() for month in marker.months],
            "superseded": list(marker.superseded),
            "left_out": list(marker.left_out),
            "empty_sources": list(marker.empty_sources),
            "odd_rows": [one.to_json() for one in marker.odd_rows],
            "warehouse": self._place.warehouse,
            "database": self._place.database,
            "main_table": self._place.main_table,
            "temp_table": self._place.temp_table,
            "engine": self._engine,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": marker.started_at.isoformat(),
            "finished_at": finished.isoformat(),
            "version": VERSION,
        }

    def _strays(self, values: Mapping[str, Any], date: RunDate, step: Step) -> list[str]:
        expected = {
            "task": str(step),
            "date": str(date),
            "warehouse": self._place.warehouse,
            "database": self._place.database,
            "main_table": self._place.main_table,
            "temp_table": self._place.temp_table,
        }
        return [key for key, value in expected.items() if values.get(key) != value]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that stands twice says that the file was tampered with."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice")
    return values


def _from_json(values: Mapping[str, Any]) -> Marker:
    marker = Marker(
        step=Step(values["task"]),
        date=RunDate.parse(values["date"]),
        run_id=_run_id(values["run_id"]),
        months=tuple(map(_month_from_json, _list(values["months"]))),
        superseded=tuple(map(_text, _list(values["superseded"]))),
        left_out=tuple(map(_text, _list(values["left_out"]))),
        empty_sources=tuple(map(_text, _list(values["empty_sources"]))),
        odd_rows=tuple(map(OddRows.from_json, _list(values.get("odd_rows", [])))),  # since 0.2
        started_at=dt.datetime.fromisoformat(values["started_at"]),
        finished_at=dt.datetime.fromisoformat(values["finished_at"]),
    )
    _refuse_half_told(marker)
    return marker


def _refuse_half_told(marker: Marker) -> None:
    """What no step writes: a month told of twice, and data that is of no build or of no month."""
    names = [month.month for month in marker.months]
    if len(set(names)) < len(names):
        raise ValueError("a month stands twice")
    if marker.step is Step.TRUNCATE:
        return
    if not marker.run_id:
        raise ValueError("there is no run id")
    if not (marker.months or marker.superseded or marker.left_out):
        raise ValueError("there is no month")


def _month_from_json(values: Mapping[str, Any]) -> MonthTotals:
    totals = {currency: _amounts(amounts) for currency, amounts in values["totals"].items()}
    month = Month.parse(values["month"])
    return MonthTotals(str(month), _count(values["rows"]), _count(values["source_rows"]), totals)


def _amounts(values: Mapping[str, Any]) -> Amounts:
    """Amounts that are the plain decimals they are written as: no NaN, nothing cut off."""
    amounts = Amounts.from_json(values)
    for name, text in amounts.to_json().items():
        if values[name] != text or not Decimal(text).is_finite():
            raise ValueError(f"{name} is {values[name]!r}")
    return amounts


def _run_id(value: Any) -> str:
    """A run id goes into statements, so nothing else may stand in its place."""
    text = _text(value)
    if text and not RUN_ID.fullmatch(text):
        raise ValueError(f"{text!r} is no run id")
    return text


def _count(value: Any) -> int:
    """A number of rows: whole, and not JSON's true."""
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no number of rows")
    return value


def _list(value: Any) -> list[Any]:
    """A list: a text would be taken for its letters."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
