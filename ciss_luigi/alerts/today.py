"""Which run dates a command line names, and whether today, by the host's clock, is one of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

_LAST = "9999-12-31"
"""The last date that there is: texts of dates are compared."""
_OF_A_TASK = re.compile(r"^--[A-Z]\w*-")
_MOST_DATES = 10_000
"""The longest range that the job runs."""


def date() -> dt.date:
    """Today, by the host's clock."""
    return dt.datetime.now().astimezone().date()


def is_asked_for(arguments: Sequence[str], day: dt.date | None = None) -> bool:
    """Whether a command line names a date (without ``day``: today) or a range that holds it."""
    wanted = str(day or date())
    return asks_within(arguments, wanted, wanted)


def asks_within(arguments: Sequence[str], first: str, last: str) -> bool:
    """Whether a command line names a date from the first to the last, or a range that holds one of them.

    Dates are written ``YYYY-MM-DD``; an empty one is no bound.
    """
    named, last = _options(arguments), last or _LAST  # as texts they stand in the order of their days
    if "--date" in named:
        return first <= named["--date"] <= last
    if "--start" not in named:
        return False
    begin = max(named["--start"], first)  # the day of --stop is not in Luigi's range
    return begin < named.get("--stop", _LAST) and begin <= last


def dates_of(arguments: Sequence[str], began_at: str = "") -> tuple[str, ...]:
    """The dates that a command line names, alone or as a range; empty if it names none that can be read.

    A range without an end ends with the day on which the command began (ISO), by default today.
    """
    named = _options(arguments)
    try:
        if "--date" in named:
            return (str(dt.date.fromisoformat(named["--date"])),)
        first = dt.date.fromisoformat(named["--start"]).toordinal()
        stop = named.get("--stop")
        last = dt.datetime.fromisoformat(began_at).astimezone().date() if began_at else date()
        end = dt.date.fromisoformat(stop).toordinal() if stop else last.toordinal() + 1
    except (KeyError, ValueError):
        return ()
    days = range(first, end)
    return tuple(str(dt.date.fromordinal(day)) for day in days) if len(days) <= _MOST_DATES else ()


def _options(arguments: Sequence[str]) -> dict[str, str]:
    """The options with their values, in each spelling of Luigi's: ``--MergeMain-date`` is ``--date``."""
    found: dict[str, str] = {}
    name = ""
    for argument in arguments:
        head, has_value, value = argument.partition("=")
        if argument.startswith("--"):
            name = _OF_A_TASK.sub("--", head)
            if has_value:
                found[name] = value
        elif name:
            found[name] = argument
            name = ""
    return found
