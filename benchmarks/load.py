"""How long ``ciss load`` takes for as many rows as there are real ones."""

from __future__ import annotations

from benchmarks import processes, warehouse
from benchmarks.results import Answer, duration
from benchmarks.scratch import Scratch
from ciss_luigi.billing import schema

ROWS = 28_000
"""Billable rows loaded, over both months; the other sources add three tenths, the mapping a few more."""


def measure(scratch: Scratch, rounds: int) -> list[Answer]:
    """Write the sources as CSV files, then load them into the same warehouse again and again."""
    scratch.make_sources(warehouse.Size(rows=ROWS // 2))
    scratch.begin_again()
    files = scratch.folder / "files"
    files.mkdir()
    scratch.ask(
        *(
            f"COPY {warehouse.DATABASE}.{table.default_name} TO '{files / table.default_name}.csv' (HEADER)"
            for table in schema.SOURCES
        )
    )
    (costs,) = processes.in_turn([lambda: scratch.ciss("load", str(files))], rounds)
    return [duration(f"ciss load, {ROWS:,} billable rows in CSV (seconds)", costs)]
