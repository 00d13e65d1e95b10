"""Three bare tasks of Luigi that send the same writes: no checks, no locks, a file for each one done.

Copied into the folder that it works in: ``luigi --module bare_luigi Merge --date 2016-11-22``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import luigi

WAREHOUSE = "warehouse.duckdb"
SEPARATOR = "\n;;\n"  # as in bare.py, which is not where this file is copied to


class Write(luigi.Task):
    """Sends the statements of the file that bears its name."""

    date = luigi.DateParameter()

    def output(self) -> Any:
        """A file that says it is done."""
        return luigi.LocalTarget(f"{type(self).__name__}-{self.date}.done")  # type: ignore[no-untyped-call]

    def run(self) -> None:
        """Send them over a connection of its own."""
        import duckdb

        text = Path(f"{type(self).__name__}.sql").read_text(encoding="utf-8")
        with duckdb.connect(WAREHOUSE) as connection:
            for statement in text.split(SEPARATOR):
                connection.execute(statement)
        with self.output().open("w"):
            pass


class Empty(Write):
    """Empties the date's part of temp."""


class Build(Write):
    """Computes the summary into temp."""

    def requires(self) -> Iterator[Any]:
        """Temp is empty."""
        yield Empty(date=self.date)  # type: ignore[no-untyped-call]


class Merge(Write):
    """Replaces the month in main."""

    def requires(self) -> Iterator[Any]:
        """Temp is built."""
        yield Build(date=self.date)  # type: ignore[no-untyped-call]
