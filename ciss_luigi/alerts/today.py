"""Whether a command is about today, by the host's clock, or about another date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

_LAST = "9999-12-31"


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
    begin = max(named["--start"], first)
    return begin < named.get("--stop", _LAST) and begin <= last


def _options(arguments: Sequence[str]) -> dict[str, str]:
    """The options with their values, in either spelling."""
    found: dict[str, str] = {}
    name = ""
    for argument in arguments:
        head, has_value, value = argument.partition("=")
        if argument.startswith("--"):
            name = head
            if has_value:
                found[name] = value
        elif name:
            found[name] = argument
            name = ""
    return found
