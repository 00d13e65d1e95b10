"""Comparing the names at the top of a file with the table's columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from ciss_luigi.loading.faults import shown
from ciss_luigi.loading.files import SourceFile


def check_names(file: SourceFile, names: Sequence[str], columns: Collection[str], line: int | None) -> None:
    """Raise LoadError, with all that is wrong, unless the names are exactly the columns, in any order."""
    missing = [column for column in columns if column not in names]
    unknown = [name for name in dict.fromkeys(names) if name not in columns]
    double = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if not (missing or unknown or double):
        return
    lowered = {name.lower() for name in unknown}  # a name in capitals is told once, and not as missing, too
    problems = [f"column {name} is missing" for name in missing if name not in lowered]
    problems += [_unknown(name, missing) for name in unknown]
    problems += [f"column {shown(name)} is there {names.count(name)} times" for name in double]
    if separator := _other_separator(names):
        problems = [f"the names are separated by {separator}, not by commas"]
    raise file.fault("; ".join(problems), line=line, column=(missing + unknown + double)[0])


def _unknown(name: str, missing: list[str]) -> str:
    if name.lower() in missing:
        return f"{shown(name)}: header names are in lower case: {name.lower()}"
    near = get_close_matches(name.strip().lower()[:100], missing, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"'{shown(name)}' is not a column of the table{hint}"


def _other_separator(names: Sequence[str]) -> str:
    only = names[0] if len(names) == 1 else ""
    return next(
        (word for character, word in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")) if character in only), ""
    )
