"""The runbook has every message, exit code and kind of error that the code has, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from ciss_luigi import exitcodes
from ciss_luigi.alerts.ended import Headline
from ciss_luigi.operator import watch

TOP = Path(__file__).parents[1]
PAGE = (TOP / "docs" / "runbook.md").read_text(encoding="utf-8")


def part(name: str) -> str:
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


def in_first_cells(name: str) -> list[str]:
    """What stands in backquotes in the first cell of each row."""
    rows = re.findall(r"^\| (.*?) \|", part(name), re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def kinds_of_errors() -> set[str]:
    """The public classes that descend from the job's own error, by the sources."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (TOP / "ciss_luigi").rglob("*.py"))
    parents = dict(re.findall(r"^class (\w+)\((\w+)\):", code, re.MULTILINE))
    found = {"CissError"}
    while True:
        more = {name for name, parent in parents.items() if parent in found} - found
        if not more:
            return {name for name in found if not name.startswith("_")} - {"CissError"}
        found |= more


def test_every_message_is_explained() -> None:
    told = in_first_cells("Messages")
    assert [one for one in [*map(str, Headline), *watch.KINDS] if one not in told] == []


def test_every_exit_code_is_explained() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", part("Exit codes"), re.MULTILINE)}
    assert codes == {row.number for row in exitcodes.TABLE} | {143}


def test_every_kind_of_error_is_explained_and_no_other() -> None:
    kinds = kinds_of_errors()
    assert len(kinds) > 15
    assert set(in_first_cells("Kinds of errors")) == kinds | {"Stopped"}


def test_every_row_says_what_to_look_at_or_to_type() -> None:
    for name in ("Messages", "Kinds of errors"):
        rows = [row for row in part(name).splitlines() if row.startswith("| ") and "---" not in row]
        assert len(rows) > 10
        for row in rows:
            assert all(cell.strip() for cell in row.strip("| ").split(" | ")), row
            assert row.count(" | ") == 3, row
