"""The error of a load: which file, line, column and value, and what to do next."""

from __future__ import annotations

import re
from pathlib import Path

from ciss_luigi import exitcodes
from ciss_luigi.errors import CissError
from ciss_luigi.plaintext import printable

SHOWN_CHARACTERS = 80
_CUT = "..."
CORRECT_FILE = "correct the file"
ALTER_TABLE = "drop or alter the table (ciss load makes an absent one)"


class LoadError(CissError):
    """A file, or the folder, cannot be loaded; nothing of the load was kept.

    ``line`` counts from 1: physical lines of a CSV (the first one of a record that spans several), rows of
    a Parquet file. ``column`` is the table's name for it, ``value`` at most 80 printable characters. Each is
    None where the fault has none. ``advice`` is what to do before the load is tried again. ``odd_row`` says
    that the row could be loaded as it is: only its month or date is not valid.
    """

    exit_code = exitcodes.NO

    def __init__(
        self,
        problem: str,
        *,
        file: Path | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        unit: str = "line",
        advice: str = CORRECT_FILE,
        odd_row: bool = False,
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.advice = advice
        self.odd_row = odd_row
        self.value = None if value is None else shown(value)
        places = [
            printable(str(file)) if file else "",
            f"{unit} {line}" if line is not None else "",
            f"column {shown(column)}" if column is not None else "",
        ]
        place = ", ".join(filter(None, places))
        what = [place, "" if self.value is None else _quoted(self.value), problem]
        super().__init__(
            ": ".join(filter(None, what)),
            state="nothing of this load was kept",
            next_command=f"{advice}, then the same command again",
        )


def _quoted(value: str) -> str:
    """A value; in quotes if it is hard to see where it begins and ends."""
    return value if re.fullmatch(r"[^\s'\":]+", value) else f"'{value}'"


def shown(text: str) -> str:
    """A text for people: control characters and stray bytes escaped, at most 80 characters."""
    # Every escape is longer than what it stands for, so the rest of a huge field is never needed.
    escaped = printable(text[: SHOWN_CHARACTERS + 1])
    if len(escaped) <= SHOWN_CHARACTERS:
        return escaped
    return escaped[: SHOWN_CHARACTERS - len(_CUT)] + _CUT
