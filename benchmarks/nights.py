"""What the operator's commands take when three years of nights lie behind them."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable

from benchmarks import processes, warehouse
from benchmarks.processes import Cost
from benchmarks.results import Answer, duration
from benchmarks.scratch import Scratch

NIGHTS = 3 * 365
ROWS = 50_000
"""Rows that main holds of the last month."""
SECONDS = {"ciss --help": 0.2, "ciss status": 0.7, "ciss history": 1.0, "ciss report": 5.0}
"""How long a command may take, in seconds on the developers' machine."""

_OTHER = f"{warehouse.DATABASE}.other"


def measure(scratch: Scratch, rounds: int) -> list[Answer]:
    """Run one night, give each of the nights before it the same state, and ask about them."""
    size = warehouse.Size(rows=10 * ROWS)
    scratch.make_sources(size)
    scratch.begin_again()
    scratch.merge_main()
    last, month = warehouse.DATE.date, str(warehouse.DATE.month)
    dates = [last - dt.timedelta(days=back) for back in range(1, NIGHTS)]
    for date in dates:
        _copy_night(scratch, last, date)
    scratch.ask(f"CREATE TABLE {_OTHER} AS SELECT * FROM {scratch.site.settings.main}", "SELECT 1")
    span = ("--from", str(dates[-1]), "--to", str(last))
    commands: dict[str, Callable[[], Cost]] = {
        "ciss --help": lambda: scratch.ciss("--help"),
        "ciss status": lambda: scratch.ciss("status", *span),
        "ciss status --json": lambda: scratch.ciss("status", *span, "--json"),
        "ciss history": lambda: scratch.ciss("history", *span),
        "ciss report": lambda: scratch.ciss("report", "--month", month, "--out", "report.html"),
        "ciss compare": lambda: scratch.ciss("compare", "--date", str(last), "--with", _OTHER),
        "a range that is done": lambda: _done_range(scratch, dates[-1], last),
    }
    costs = processes.in_turn(list(commands.values()), rounds)
    return [
        duration(f"{name}, {NIGHTS:,} nights, {size.key_count:,} rows", of, SECONDS.get(name))
        for name, of in zip(commands, costs, strict=True)
    ]


def _done_range(scratch: Scratch, first: dt.date, last: dt.date) -> Cost:
    words = ("RangeDaily", "--of", "MergeMain", "--start", str(first), "--stop", str(last))
    return scratch.luigi("ciss_luigi", *words)


def _copy_night(scratch: Scratch, done: dt.date, date: dt.date) -> None:
    """The markers and the ledger of a night, as another one would have left them."""
    markers = scratch.state / "markers"
    shutil.copytree(markers / str(done), markers / str(date))
    files = [*(markers / str(date)).iterdir(), scratch.state / "ledger" / f"{date}.jsonl"]
    shutil.copyfile(scratch.state / "ledger" / f"{done}.jsonl", files[-1])
    for file in files:
        text = file.read_text(encoding="utf-8").replace(str(done), str(date))
        file.write_text(text.replace(f'"{done:%Y-%m}"', f'"{date:%Y-%m}"'), encoding="utf-8")
