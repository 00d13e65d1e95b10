"""What the same job costs by others: bare Luigi, dbt-duckdb and SQLMesh.

Contestants in turn, each on a fresh copy of the sources, beside one process that sends the three writes by
the plain driver: empty temp, build, merge. Only ours checks, proves and locks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import bare_luigi, othertools, processes, threewrites, warehouse
from benchmarks.bare import SEPARATOR
from benchmarks.othertools import Dbt, SqlMesh
from benchmarks.processes import Cost
from benchmarks.results import Answer, UnlikeResults, ratio, word
from benchmarks.scratch import Scratch
from ciss_luigi.billing import schema

LIMITS = {100_000: 2.0, 10_000_000: 1.05}
"""How many times one process with the three writes our whole run may take, by billable rows a month."""

Run = Callable[[], Cost]

_TOOLS: dict[str, type[Dbt] | type[SqlMesh]] = {"dbt": Dbt, "sqlmesh": SqlMesh}
_OURS, _WRITES = "ours", "the three writes by the plain driver"


def measure(
    scratch: Scratch, size: warehouse.Size, rounds: int, named: Mapping[str, Path | None]
) -> list[Answer]:
    """Build and merge one month in up to five ways; raises UnlikeResults.

    ``named`` says where a program is; without a path it is looked for on the PATH.
    """
    programs = othertools.find(named)
    scratch.make_sources(size)
    runs = {_WRITES: _writes(scratch), "bare Luigi": _bare_luigi(scratch), _OURS: _ours(scratch)}
    runs |= {name: _tool(name, path, scratch) for name, path in programs.items()}
    runs[_OURS]()
    expected = main_sums(scratch)
    contestants = [partial(checked, name, run, scratch, expected) for name, run in runs.items()]
    costs = dict(zip(runs, processes.in_turn(contestants, rounds), strict=True))
    writes = costs.pop(_WRITES)
    limits = {_OURS: LIMITS.get(size.rows)}
    return [
        *(ratio(f"{name} / {_WRITES}", cost, writes, limits.get(name)) for name, cost in costs.items()),
        *(word(f"{name} / {_WRITES}", "not installed") for name in named if name not in programs),
        *(word(name, othertools.versions(name, path)) for name, path in programs.items()),
    ]


def _tool(name: str, program: Path, scratch: Scratch) -> Run:
    tool = _TOOLS[name](program, scratch)
    tool.prepare()
    return tool.run


def _ours(scratch: Scratch) -> Run:
    """The literal command."""

    def run() -> Cost:
        scratch.begin_again(scratch.statements().create_tables())
        return scratch.merge_main()

    return run


def _writes(scratch: Scratch) -> Run:
    """One process that sends them all over one connection."""
    sent = [one for write in threewrites.whole(scratch.statements()).values() for one in write]

    def run() -> Cost:
        scratch.begin_again(scratch.statements().create_tables())
        return scratch.bare(sent, "driver")

    return run


def _bare_luigi(scratch: Scratch) -> Run:
    """Three tasks, each with its statements in a file."""
    shutil.copy(bare_luigi.__file__, scratch.folder)
    for name, write in threewrites.whole(scratch.statements()).items():
        (scratch.folder / f"{name}.sql").write_text(SEPARATOR.join(write), encoding="utf-8")

    def run() -> Cost:
        for file in scratch.folder.glob("*.done"):
            file.unlink()
        scratch.begin_again(scratch.statements().create_tables())
        return scratch.luigi("bare_luigi", "Merge", "--date", str(warehouse.DATE))

    return run


def checked(name: str, run: Run, scratch: Scratch, expected: tuple[str, ...]) -> Cost:
    """A run, which counts only where main holds the rows and sums that ours holds; raises UnlikeResults."""
    cost, found = run(), main_sums(scratch)
    if found != expected or found[0] == "0":
        raise UnlikeResults(f"main of {name} is not like ours: {found}, {expected}")
    return cost


def main_sums(scratch: Scratch) -> tuple[str, ...]:
    """How many rows main holds of the month, and the sums of all its numbers, as text."""
    numbers = [one.name for one in schema.SUMMARY_COLUMNS if one.type.startswith(("DECIMAL", "BIGINT"))]
    sums = ", ".join(f"SUM({name})" for name in numbers)
    settings = scratch.site.settings
    where = f"{settings.month_partition} = '{warehouse.DATE.month}'"
    return scratch.row(f"SELECT COUNT(*), {sums} FROM {settings.main} WHERE {where}")
