"""Results that are kept: a section of ``RESULTS.md`` with machine and versions, and numbers for the plot."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.results import Answer, markdown
from benchmarks.warehouse import Size

FILE, NUMBERS = "RESULTS.md", "results.jsonl"

_PACKAGES = ("ciss-luigi", "luigi", "duckdb", "duckdb-sqlalchemy", "sqlalchemy", "pyhive")
_QUIET_LOAD = 0.3
"""Work waiting per core, above which other programs have a say in the times."""


def circumstances(size: Size, runs: int, load: float) -> Iterator[str]:
    """Machine, versions and size, in lines; and a warning where the machine had other work."""
    versions = ", ".join(f"{name} {number}" for name, number in _versions())
    yield f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB; {platform.system()}"
    yield f"Python {platform.python_version()}, {versions}"
    yield f"{size.rows:,} rows a month, {size.key_count:,} keys; {runs} runs: median (least-greatest)"
    if load > _QUIET_LOAD * (os.cpu_count() or 1):
        yield f"THE MACHINE WAS NOT QUIET (load {load:.1f}): ratios may be off, seconds mean nothing"


def keep(folder: Path, lines: Sequence[str], size: Size, answers: Sequence[Answer], load: float) -> None:
    """Add a section to ``RESULTS.md`` and a line for each answer to the numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    day = dt.datetime.now(dt.UTC).date()
    head = [f"\n## {day}, {size.rows:,} rows a month\n", *(f"- {line}" for line in lines), ""]
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write("\n".join([*head, *markdown(answers), ""]))
    with (folder / NUMBERS).open("a", encoding="utf-8") as file:
        for answer in answers:
            number = answer.took or answer.wall
            if number is not None:
                where = {"day": str(day), "rows": size.rows, "load": round(load, 1)}
                file.write(json.dumps({**where, "question": answer.question, **asdict(number)}) + "\n")


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
