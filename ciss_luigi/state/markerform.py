"""Reading a marker: accepts what any released version wrote, and refuses what no step writes.

A key that a later version added has a default here, so that a marker of an older version stays valid for
ever.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import AMOUNTS, Amounts, MonthTotals
from ciss_luigi.sql.files import RUN_ID

_T = TypeVar("_T")


class Step(StrEnum):
    """The three steps, in their order."""

    TRUNCATE = "TruncateTemp"
    BUILD = "BuildTemp"
    MERGE = "MergeMain"


STEPS = tuple(Step)
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""The errors that reading a file can raise if it is not a marker."""


@dataclass(frozen=True)
class Marker:
    """The proof that one step of one date is done.

    ``months``: the months that BuildTemp built, or that MergeMain merged. ``superseded``: the months that
    MergeMain left alone because main held a newer estimate. ``left_out``: the months that were not ready, and
    so not built. ``empty_sources``: the roles of the charge sources without a row in some month that was
    built.
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
    """``java`` if the old job's classes did the step: then rows are counted, and sums are not known."""
    checks: tuple[str, ...] = ()
    """What was checked, in words; empty if everything was."""
    unmapped_customers: int | None = None
    """How many customers have a row without an offer group in the merged months; None if not counted."""

    @property
    def names(self) -> set[str]:
        """The months that were built, as ``YYYY-MM``; MergeMain's superseded months are among them."""
        return {month.month for month in self.months} | set(self.superseded)

    def rests_on(self, built: Marker | None) -> bool:
        """Whether MergeMain's marker, this one, is of the build that BuildTemp's says, if there is one."""
        return built is None or (built.run_id == self.run_id and self.names <= built.names)


def parse(text: str) -> dict[str, Any]:
    """The JSON object in a marker's file; raises one of UNREADABLE."""
    values = _MARKER.decode(text)
    if not isinstance(values, dict):
        raise TypeError("it holds no JSON object")
    return values


def read(values: Mapping[str, Any]) -> Marker:
    """Make a marker of its JSON values; raises one of UNREADABLE for what no step writes."""
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
        unmapped_customers=_count(values["unmapped_customers"]) if "unmapped_customers" in values else None,
        started_at=_time(values["started_at"]),
        finished_at=_time(values["finished_at"]),
    )
    if marker.step is not Step.TRUNCATE:
        _refuse_impossible(marker)
    return marker


def _refuse_impossible(marker: Marker) -> None:
    """Raise ValueError for what BuildTemp and MergeMain never write.

    The rule is in docs/operations.md, "What counts as a proof".
    """
    if not marker.run_id:
        raise ValueError("there is no run id")
    told = [*(month.month for month in marker.months), *marker.superseded, *marker.left_out]
    if len(set(told)) < len(told):
        raise ValueError("a month is there twice")
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
        # (all: no currency of a marker is blank, because a blank one fails the build)
        if not (month.rows and month.source_rows and month.totals) or not all(month.totals):
            raise ValueError(f"{month.month} was built without rows or currencies")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; no step writes a name twice, so somebody changed the file by hand."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice")
    return values


_MARKER = json.JSONDecoder(object_pairs_hook=_once)


def _month_from_json(values: Mapping[str, Any]) -> MonthTotals:
    totals = {currency: _amounts(amounts) for currency, amounts in values["totals"].items()}
    month = Month.parse(values["month"])
    return MonthTotals(str(month), _count(values["rows"]), _count(values["source_rows"]), totals)


def _amounts(values: Mapping[str, Any]) -> Amounts:
    """Amounts, if they are written as ``Amounts.to_json`` writes them: in plain digits, and nothing else."""
    lines = "\n".join(values[name] for name in AMOUNTS)  # one look at all of them: there are many markers
    if _AMOUNTS.fullmatch(lines) is None:
        raise ValueError(f"amounts are {lines!r}")
    return Amounts.from_json(values)


# no engine's sum has a hundred digits, and Python writes no integer of some thousands
_WHOLE, _DECIMAL = r"(0|-?[1-9][0-9]{0,99})", r"-?(0|[1-9][0-9]{0,99})(\.[0-9]{1,99})?"
_AMOUNTS = re.compile("\n".join(_WHOLE if name == "billable_subs" else _DECIMAL for name in AMOUNTS))


def _time(value: Any) -> dt.datetime:
    """A time, in UTC; one that the calendar does not reach there raises OverflowError, an ArithmeticError."""
    time = dt.datetime.fromisoformat(_text(value))
    return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _run_id(value: Any) -> str:
    """A run id goes into statements, so nothing else may be in its place."""
    text = _text(value)
    if text and not RUN_ID.fullmatch(text):
        raise ValueError(f"{text!r} is not a run id")
    return text


def _loader(value: Any) -> str:
    if value not in ("sql", "java"):
        raise ValueError(f"{value!r} is not a loader")
    return str(value)


def _count(value: Any) -> int:
    """A whole number of rows; JSON's true, which Python counts as an int, is refused."""
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a number of rows")
    return value


def _each(values: Any, read_one: Callable[[Any], _T]) -> tuple[_T, ...]:
    """Read a list item by item. A text is refused: Python would read its letters as items."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return tuple(map(read_one, values))


def _month(value: Any) -> str:
    return str(Month.parse(_text(value)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
