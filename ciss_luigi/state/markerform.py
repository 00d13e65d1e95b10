"""Reading a marker: what any released version wrote, and nothing that no step writes.

A key that a later version adds has a default here, so that a marker of an older one stays valid for ever.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import Amounts, MonthTotals
from ciss_luigi.sql.files import RUN_ID

_T = TypeVar("_T")


class Step(StrEnum):
    """The three steps, in their order."""

    TRUNCATE = "TruncateTemp"
    BUILD = "BuildTemp"
    MERGE = "MergeMain"


STEPS = tuple(Step)
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a file can raise that is not a marker."""


@dataclass(frozen=True)
class Marker:
    """One step of one date, done.

    ``months`` are those built, or of MergeMain those merged; ``superseded`` those that MergeMain left alone
    because main held a newer estimate; ``left_out`` those that were not ready and so were not built.
    """

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
    loader: str = "sql"
    """``java`` where the old job's classes did the step: their tables are counted, and sums are not known."""
    checks: tuple[str, ...] = ()
    """What was checked, where that is not all."""

    @property
    def names(self) -> set[str]:
        """The months that were built."""
        return {month.month for month in self.months} | set(self.superseded)


def parse(text: str) -> dict[str, Any]:
    """The JSON object in a marker's file; raises one of UNREADABLE."""
    values = json.loads(text, object_pairs_hook=_once)
    if not isinstance(values, dict):
        raise TypeError("it holds no JSON object")
    return values


def read(values: Mapping[str, Any]) -> Marker:
    """A marker out of its JSON values; raises one of UNREADABLE for what no step writes."""
    marker = Marker(
        step=Step(values["task"]),
        date=RunDate.parse(values["date"]),
        run_id=_run_id(values["run_id"]),
        months=_each(values["months"], _month_from_json),
        superseded=_each(values["superseded"], _month),
        left_out=_each(values["left_out"], _month),
        empty_sources=_each(values["empty_sources"], _text),
        odd_rows=_each(values.get("odd_rows", []), OddRows.from_json),  # since 0.2
        loader=_loader(values.get("loader", "sql")),  # since 0.2
        checks=_each(values.get("checks", []), _text),  # since 0.2
        started_at=dt.datetime.fromisoformat(values["started_at"]),
        finished_at=dt.datetime.fromisoformat(values["finished_at"]),
    )
    if marker.step is not Step.TRUNCATE:
        _refuse_impossible(marker)
    return marker


def _refuse_impossible(marker: Marker) -> None:
    """What no step that fills or publishes rows writes (docs/operations.md, "What counts as a proof")."""
    if not marker.run_id:
        raise ValueError("there is no run id")
    told = [*(month.month for month in marker.months), *marker.superseded, *marker.left_out]
    if len(set(told)) < len(told):
        raise ValueError("a month stands twice")
    if not marker.names:
        raise ValueError("there is no month that was built")
    own, before = str(marker.date.month), str(marker.date.month.minus(1))
    if set(told) not in ({own}, {own, before}):
        raise ValueError(f"a run of {marker.date} builds {own}, or {before} and {own}, not {', '.join(told)}")
    for month in marker.months:
        if marker.loader == "java":
            if not month.rows:
                raise ValueError(f"{month.month} was built without rows")
            continue
        if not (month.rows and month.source_rows and month.totals) or not all(month.totals):
            raise ValueError(f"{month.month} was built without rows or currencies")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that stands twice says that the file was tampered with."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice")
    return values


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


def _loader(value: Any) -> str:
    if value not in ("sql", "java"):
        raise ValueError(f"{value!r} is no loader")
    return str(value)


def _count(value: Any) -> int:
    """A number of rows: whole, and not JSON's true."""
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no number of rows")
    return value


def _each(values: Any, read_one: Callable[[Any], _T]) -> tuple[_T, ...]:
    """The items of a list, read one by one: a text would be taken for its letters."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return tuple(read_one(value) for value in values)


def _month(value: Any) -> str:
    return str(Month.parse(_text(value)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
