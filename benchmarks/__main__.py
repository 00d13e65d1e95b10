"""The command: ``python -m benchmarks``; exits 1 when a limit does not hold."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from benchmarks import compare, load, memory, nights, no_op, ranges, record, results, whole_run
from benchmarks.scratch import Scratch
from benchmarks.warehouse import Size

Ask = Callable[[], list[results.Answer]]

QUESTIONS = ("whole-run", "no-op", "load", "compare")
ON_DEMAND = ("range", "nights", "memory")
"""Questions that take long, or say little at the usual size."""


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
    help="hive: a whole run on the HiveServer2 of the tests, and nothing else.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Keep the results in this folder, too."
)
def main(rows: int, keys: str, runs: int, *, only: tuple[str, ...], engine: str, out: Path | None) -> None:
    """Measure, in whole processes that take turns, what the job costs beside what it is built on."""
    size, busy = Size(rows, keys), os.getloadavg()[0]
    lines = list(record.circumstances(size, runs, busy))
    for line in lines:
        click.echo(line)
    with tempfile.TemporaryDirectory(prefix="ciss-benchmarks-") as folder:
        asked = _questions(Path(folder), size, runs)
        names = ("hive",) if engine == "hive" else only or QUESTIONS
        answers = [answer for name in names for answer in asked[name]()]
    for line in results.table(answers):
        click.echo(line)
    if out is not None:
        record.keep(out, lines, size, answers, busy)
    sys.exit(0 if all(answer.holds for answer in answers) else 1)


def _questions(folder: Path, size: Size, runs: int) -> dict[str, Ask]:
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
        "hive": lambda: _on_hive(folder / "hive", size, runs),
    }


def _on_hive(folder: Path, size: Size, runs: int) -> list[results.Answer]:
    from benchmarks import on_hive  # with it come the servers of the tests

    return on_hive.measure(folder, size, runs)


if __name__ == "__main__":
    main()
