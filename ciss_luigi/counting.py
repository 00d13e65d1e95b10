"""Numbers with the word for what is counted: ``1 row``, ``4,130 rows``."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """A number, with commas between its thousands, and the word for what it counts.

    ``one`` is the word for a single thing; ``many`` the word for several, if it is not ``one`` with an s.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
