"""Whether a command is about today, by the host's clock, or about another date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence


def date() -> dt.date:
    """Today, by the host's clock."""
    return dt.datetime.now().astimezone().date()


def is_asked_for(arguments: Sequence[str], day: dt.date | None = None) -> bool:
    """Whether a command line names a date, today's without one, or a range that holds it."""
    wanted = str(day or date())
    named = _options(arguments)
    if "--date" in named:
        return named["--date"] == wanted
    if "--start" not in named:
        return False
    return named["--start"] <= wanted < named.get("--stop", "9999-12-31")


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
