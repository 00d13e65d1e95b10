"""The command: ``python -m benchmarks``; exits 1 when a limit does not hold."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import click

from benchmarks import compare, load, no_op, results, whole_run
from benchmarks.scratch import Scratch
from benchmarks.warehouse import Size

QUESTIONS = ("whole-run", "no-op", "load", "compare")


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
@click.option("--only", multiple=True, type=click.Choice(QUESTIONS), help="Ask these questions only.")
def main(rows: int, keys: str, runs: int, only: tuple[str, ...]) -> None:
    """Measure, in whole processes that take turns, what the job costs beside what it is built on."""
    for line in _circumstances(Size(rows, keys), runs):
        click.echo(line)
    with tempfile.TemporaryDirectory(prefix="ciss-benchmarks-") as folder:
        asked = _questions(Path(folder), Size(rows, keys), runs)
        answers = [answer for name in only or QUESTIONS for answer in asked[name]()]
    for line in results.table(answers):
        click.echo(line)
    sys.exit(0 if all(answer.holds for answer in answers) else 1)


def _questions(folder: Path, size: Size, runs: int) -> dict[str, Callable[[], list[results.Answer]]]:
    return {
        "whole-run": lambda: whole_run.measure(Scratch(folder / "whole-run"), size, runs),
        # short processes: more rounds cost little
        "no-op": lambda: no_op.measure(Scratch(folder / "no-op"), 3 * runs),
        "load": lambda: load.measure(Scratch(folder / "load"), runs),
        "compare": lambda: compare.measure(Scratch(folder / "compare"), size.rows, runs),
    }


def _circumstances(size: Size, runs: int) -> Iterator[str]:
    packages = ("ciss-luigi", "luigi", "duckdb", "duckdb-sqlalchemy", "sqlalchemy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    yield f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores"
    yield f"{size.rows:,} rows a month, {size.key_count:,} keys; {runs} runs: median (least-greatest)"


if __name__ == "__main__":
    main()
