"""The command: ``python -m benchmarks``; exits 1 when a limit does not hold."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

import click

from benchmarks import (
    compare,
    load,
    memory,
    nights,
    no_op,
    others,
    phases,
    ranges,
    record,
    results,
    warehouse,
    whole_run,
)
from benchmarks.scratch import Scratch
from benchmarks.warehouse import Size

Ask = Callable[[], list[results.Answer]]

QUESTIONS = ("whole-run", "no-op", "load", "compare")
ON_DEMAND = ("range", "nights", "memory", "others", "phases")
"""Questions that take long, or say little at the usual size."""

PROGRAM = click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True)


@click.command()
@click.option("--rows", default=100_000, show_default=True, help="Billable rows a month.")
@click.option(
    "--keys",
    type=click.Choice(["few", "many"]),
    default="few",
    show_default=True,
    help="Result rows: a tenth of the billable rows, or 0.43 of them.",
)
@click.option("--runs", default=5, show_default=True, help="Rounds that count.")
@click.option(
    "--only", multiple=True, type=click.Choice([*QUESTIONS, *ON_DEMAND]), help="Ask these questions only."
)
@click.option(
    "--on",
    "engine",
    type=click.Choice(["duckdb", "hive"]),
    default="duckdb",
    show_default=True,
    help="hive: a whole run on the HiveServer2 of the tests, or its phases (--only phases).",
)
@click.option("--dbt", type=PROGRAM, help="The program dbt, with dbt-duckdb, if it is not on the PATH.")
@click.option("--sqlmesh", type=PROGRAM, help="The program sqlmesh, if it is not on the PATH.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Keep the results in this folder, too."
)
def main(
    rows: int,
    keys: str,
    runs: int,
    *,
    only: tuple[str, ...],
    engine: str,
    dbt: Path | None,
    sqlmesh: Path | None,
    out: Path | None,
) -> None:
    """Measure, in whole processes that take turns, what the job costs beside what it is built on."""
    names = _on_engine(engine, only)
    size, busy = Size(rows, keys), os.getloadavg()[0]
    lines = list(record.circumstances(size, runs, busy))
    for line in lines:
        click.echo(line)
    with tempfile.TemporaryDirectory(prefix="ciss-benchmarks-") as folder:
        asked = _questions(Path(folder), size, runs, {"dbt": dbt, "sqlmesh": sqlmesh})
        answers = [answer for name in names for answer in asked[name]()]
    for line in results.table(answers):
        click.echo(line)
    if out is not None:
        record.keep(out, lines, size, answers, busy)
    sys.exit(0 if all(answer.holds for answer in answers) else 1)


def _on_engine(engine: str, only: tuple[str, ...]) -> tuple[str, ...]:
    """The questions that are asked."""
    if engine == "duckdb":
        return only or QUESTIONS
    unknown = set(only) - {"whole-run", "phases"}
    if unknown:
        raise click.UsageError(f"not asked on hive: {', '.join(sorted(unknown))}")
    return tuple({"whole-run": "hive", "phases": "hive-phases"}[name] for name in only or ("whole-run",))


def _questions(folder: Path, size: Size, runs: int, programs: Mapping[str, Path | None]) -> dict[str, Ask]:
    def ask(name: str, measure: Callable[[Scratch], list[results.Answer]]) -> Ask:
        return lambda: measure(Scratch(folder / name))

    return {
        "whole-run": ask("whole-run", partial(whole_run.measure, size=size, rounds=runs)),
        # short processes: more rounds cost little
        "no-op": ask("no-op", partial(no_op.measure, rounds=3 * runs)),
        "load": ask("load", partial(load.measure, rounds=runs)),
        "compare": ask("compare", partial(compare.measure, rows=size.rows, rounds=runs)),
        "range": ask("range", partial(ranges.measure, size=size, rounds=runs)),
        "nights": ask("nights", partial(nights.measure, rounds=runs)),
        "memory": ask("memory", partial(memory.measure, size=size, rounds=runs)),
        "others": ask("others", partial(others.measure, size=size, rounds=runs, named=programs)),
        "phases": ask("phases", partial(_phases, size=size, rounds=runs)),
        "hive": lambda: _hive().measure(folder / "hive", size, runs),
        "hive-phases": lambda: _hive().where_time_goes(folder / "hive-phases", size, runs),
    }


def _phases(scratch: Scratch, size: Size, rounds: int) -> list[results.Answer]:
    scratch.make_sources(size)
    return phases.measure(scratch, warehouse.DATE, rounds)


def _hive() -> ModuleType:
    from benchmarks import on_hive  # with it come the servers of the tests

    return on_hive


if __name__ == "__main__":
    main()
