"""Numbers with the word for what is counted (``1 row``, ``4,130 rows``), and spans of dates."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """A number, with commas between its thousands, and the word for what it counts.

    ``one`` is the word for a single thing; ``many`` the word for several, if it is not ``one`` with an s.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def from_to(ordered: Sequence[object]) -> str:
    """The first and the last of things in order, or the only one: ``2016-11-10 to 2016-11-12``."""
    return f"{ordered[0]}" if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"
