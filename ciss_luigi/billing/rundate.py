"""The run date and the months it covers.

The run date goes one way: ``--date`` -> ``RunDate`` -> step -> SQL literal -> marker. After the command line
has been read, nothing asks a clock for it or reads it back from a file name.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

# [0-9], not \d: that takes the digits of other scripts, too, and the rule in SQL does not (odd_rows.sql)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def is_month(text: str | None) -> bool:
    """Whether a text is a month (docs/tables.md): digits in the form ``YYYY-MM``, 01 to 12, no more."""
    return text is not None and _MONTH.fullmatch(text) is not None


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, written ``YYYY-MM``."""

    year: int
    number: int

    @classmethod
    @lru_cache(maxsize=10_000)  # three years of markers name the same few months thousands of times
    def parse(cls, text: str) -> Month:
        """Read ``YYYY-MM``; raises ValueError for anything else."""
        match = _MONTH.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a month; a month looks like 2016-11")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def minus(self, months: int) -> Month:
        """The month ``months`` months earlier; a negative number gives a later month."""
        index = self.year * 12 + self.number - 1 - months
        return Month(index // 12, index % 12 + 1)

    @property
    def first_day(self) -> str:
        """The month's first day as ``YYYY-MM-DD``."""
        return f"{self}-01"

    @property
    def last_day(self) -> str:
        """The month's last day as ``YYYY-MM-DD``."""
        return f"{self}-{calendar.monthrange(self.year, self.number)[1]:02d}"


@dataclass(frozen=True, order=True)
class RunDate:
    """The business date of one run."""

    date: dt.date

    @classmethod
    def parse(cls, text: str) -> RunDate:
        """Read ``YYYY-MM-DD``; raises ValueError for anything else."""
        # fromisoformat alone would accept more: 20161122, and the day of a week, 2016-W47-2
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError(f"{text!r} is not a date; a date looks like 2016-11-22")
        return cls(dt.date.fromisoformat(text))

    def __str__(self) -> str:
        return self.date.isoformat()

    @property
    def month(self) -> Month:
        """The month of the run date."""
        return Month(self.date.year, self.date.month)

    def months_in_scope(self, grace_days: int) -> tuple[Month, ...]:
        """The months this run may rebuild, oldest first.

        The month of the run date; on days 1..``grace_days`` also the month before it, whose late
        charges still arrive (docs/tables.md, "Which months").
        """
        if self.date.day <= grace_days:
            return (self.month.minus(1), self.month)
        return (self.month,)

    def days_earlier(self, days: int) -> RunDate:
        """The run date ``days`` days earlier, or later for a negative number, as far as the calendar goes."""
        ordinal = self.date.toordinal() - days
        return RunDate(dt.date.fromordinal(min(max(1, ordinal), dt.date.max.toordinal())))


def spans(dates: Iterable[RunDate]) -> list[tuple[RunDate, RunDate]]:
    """The first and last date of each group of consecutive days; ``dates`` are in ascending order."""
    numbered = enumerate(dates)
    # for days that follow each other, number of the day less position in the list is the same
    groups = groupby(numbered, key=lambda pair: pair[1].date.toordinal() - pair[0])
    found = [[date for _, date in together] for _, together in groups]
    return [(span[0], span[-1]) for span in found]


def span_words(dates: Iterable[RunDate]) -> list[str]:
    """The same as ``spans``, in words: ``2016-11-05 to 2016-11-09``, or one date."""
    return [str(first) if first == last else f"{first} to {last}" for first, last in spans(dates)]
