"""Which mapping row gives a key its offer group and name in a month, and why the other rows do not.

The rule is written in ``docs/tables.md``, "The rules". ``build.sql`` applies it in SQL; this module explains
it to people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ciss_luigi.billing.rates import is_blank
from ciss_luigi.billing.rundate import Month

UNMAPPED = "UNMAPPED"
_DATE_LENGTH = 10
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FOR_EVER = "9999-12-31"


@dataclass(frozen=True)
class MappingRow:
    """One row of the mapping, unchanged from the table. None stands for NULL.

    ``group`` is its contract_offer_group, ``name`` its org_name, ``start`` and ``end`` its two dates.
    """

    group: str | None
    name: str | None
    start: str | None
    end: str | None

    @property
    def first_day(self) -> str:
        """The first ten characters of its start; empty if that is blank: from the beginning."""
        return _or(self.start, "")[:_DATE_LENGTH]

    @property
    def last_day(self) -> str:
        """The first ten characters of its end; 9999-12-31 if that is blank: for ever."""
        return _or(self.end, _FOR_EVER)[:_DATE_LENGTH]

    @property
    def precedence(self) -> tuple[bytes, bytes, bytes, bytes]:
        """The sort key: of several rows, the one with the greatest key counts.

        It is start, end, group and name, as UTF-8 bytes. A blank end is 9999-12-31; the other blank parts are
        the lowest.
        """
        texts = (self.first_day, self.last_day, _or(self.group, ""), _or(self.name, ""))
        start, end, group, name = (text.encode(errors="surrogatepass") for text in texts)
        return start, end, group, name


@dataclass(frozen=True)
class PassedOver:
    """A row that does not count, and the reason in words."""

    row: MappingRow
    why: str


@dataclass(frozen=True)
class Choice:
    """The row that counts, if there is one, the reason in words, and the other rows."""

    chosen: MappingRow | None
    why: str
    passed_over: tuple[PassedOver, ...]

    @property
    def group(self) -> str:
        """The contract_offer_group that main must hold."""
        return _or(self.chosen.group, UNMAPPED) if self.chosen else UNMAPPED

    @property
    def name(self) -> str:
        """The org_name that main must hold."""
        return _or(self.chosen.name, "") if self.chosen else ""


def is_no_date(text: str | None) -> bool:
    """Whether the start or end of a row is neither blank nor a date (docs/tables.md, "The rules").

    Only the form counts, here as in build.sql: 2016-99-99 is a date.
    """
    return not is_blank(text) and not _DATE.fullmatch((text or "")[:_DATE_LENGTH])


def choose(rows: Sequence[MappingRow], month: Month) -> Choice:
    """Choose the row that counts for a month; ``rows`` are all rows that the mapping has for one key."""
    out = [PassedOver(row, why) for row in rows if (why := _out_of_question(row, month))]
    left = [row for row in rows if not _out_of_question(row, month)]
    if not left:
        return Choice(None, _why_none(rows), tuple(out))
    left.sort(key=lambda row: row.precedence, reverse=True)
    chosen, *others = left
    why = "the only row that touches the month"
    if others:
        why = f"of {len(left)} rows that touch the month, {_better(chosen, others[0])}"
    if not _or(chosen.group, ""):
        why += f"; it has no offer group, so the group is {UNMAPPED}"
    lost = [PassedOver(row, f"also touches the month, but {_worse(chosen, row)}") for row in others]
    return Choice(chosen, why, (*lost, *out))


def _why_none(rows: Sequence[MappingRow]) -> str:
    return "no row for this key touches the month" if rows else "the mapping has no row for this key"


def _out_of_question(row: MappingRow, month: Month) -> str:
    """Why a row cannot count for a month, whatever other rows there are; empty if it can."""
    for date, what in ((row.start, "start"), (row.end, "end")):
        if is_no_date(date):
            return f"its {what} is not a date"
    if row.last_day < row.first_day:
        return "it ends before it starts"
    if row.last_day < month.first_day:
        return "it ended before the month began"
    if row.first_day > month.last_day:
        return "it starts after the month's end"
    return ""


_PARTS = ("start", "end", "offer group", "name")


def _first_difference(one: MappingRow, other: MappingRow) -> int:
    pairs = zip(one.precedence, other.precedence, strict=True)
    return next((index for index, (left, right) in enumerate(pairs) if left != right), len(_PARTS))


def _better(chosen: MappingRow, second: MappingRow) -> str:
    reasons = (
        "the one with the latest start",
        "of those that start last, the one with the latest end",
        "of those with the same dates, the one with the greatest offer group",
        "of those with the same dates and group, the one with the greatest name",
        "which all say the same",
    )
    return reasons[_first_difference(chosen, second)]


def _worse(chosen: MappingRow, row: MappingRow) -> str:
    reasons = (
        "starts earlier: the latest start counts",
        "starts the same day and ends earlier: the latest end counts",
        "has the same dates and a smaller offer group: the greatest counts",
        "has the same dates and group and a smaller name: the greatest counts",
        "says the same as the one that counts",
    )
    return reasons[_first_difference(chosen, row)]


def _or(text: str | None, otherwise: str) -> str:
    return otherwise if text is None or is_blank(text) else text
