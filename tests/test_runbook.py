"""The runbook has every message, exit code and kind of error that the code has, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from ciss_luigi import exitcodes
from ciss_luigi.alerts.ended import Headline
from ciss_luigi.operator import comparetell, watch
from ciss_luigi.scheduling import signals

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
    assert [one for one in [*map(str, Headline), *watch.KINDS, comparetell.DIFFER] if one not in told] == []


def test_every_exit_code_is_explained() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", part("Exit codes"), re.MULTILINE)}
    assert codes == {row.number for row in exitcodes.TABLE} | {128 + number for number in signals.SIGNALS}


def test_every_alert_of_prometheus_is_explained_and_no_other() -> None:
    rules = (TOP / "contrib" / "prometheus-rules.yml").read_text(encoding="utf-8")
    told = in_first_cells("Alerts of Prometheus")
    assert told == re.findall(r"^ *- alert: (\w+)$", rules, re.MULTILINE)
    assert told


def test_every_event_of_the_log_is_listed_and_no_other() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (TOP / "ciss_luigi").rglob("*.py"))
    told = set(re.findall(r"(?:events\.(?:fields|tell)|\btell)\(\"([\w-]+)\"", code))
    page = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.split("| `event.action` | when |\n")[1].split("\n\n")[0]
    listed = {name for row in table.splitlines() for name in re.findall(r"`([a-z-]+)`", row.split(" | ")[0])}
    made = {f"month-{what}" for what in ("built", "merged", "superseded", "left-out")}
    assert listed == told | made


def test_every_kind_of_error_is_explained_and_no_other() -> None:
    kinds = kinds_of_errors()
    assert len(kinds) > 15
    assert set(in_first_cells("Kinds of errors")) == kinds | {"Stopped"}


def test_every_row_says_what_to_look_at_or_to_type() -> None:
    for name, least in (("Messages", 10), ("Kinds of errors", 10), ("Alerts of Prometheus", 5)):
        rows = [row for row in part(name).splitlines() if row.startswith("| ") and "---" not in row]
        assert len(rows) > least
        for row in rows:
            assert all(cell.strip() for cell in row.strip("| ").split(" | ")), row
            assert row.count(" | ") == 3, row
