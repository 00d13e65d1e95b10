"""What thirty dates cost by RangeDaily, beside a bare loop over their builds and merges in one process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from benchmarks import processes, warehouse
from benchmarks.processes import Cost
from benchmarks.results import Answer, ratio
from benchmarks.scratch import Scratch
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.base import BEGIN, COMMIT
from ciss_luigi.queries.statements import Statements
from ciss_luigi.state.markers import Step

FIRST, DATES = dt.date(2016, 11, 1), 30
LIMIT, LIMIT_FROM_ROWS = 1.2, 1_000_000
"""How many times the bare loop a range may take, from so many rows on: below that a night is start-up."""


def measure(scratch: Scratch, size: warehouse.Size, rounds: int) -> list[Answer]:
    """All nights of one month, in two ways."""
    scratch.make_sources(size)
    bare = list(_bare(scratch))
    ours, theirs = processes.in_turn([lambda: _range(scratch), lambda: _loop(scratch, bare)], rounds)
    limit = LIMIT if size.rows >= LIMIT_FROM_ROWS else None
    return [ratio(f"RangeDaily over {DATES} dates / a bare loop over them", ours, theirs, limit)]


def _range(scratch: Scratch) -> Cost:
    scratch.begin_again()
    stop = FIRST + dt.timedelta(days=DATES)
    words = ("RangeDaily", "--of", "MergeMain", "--start", str(FIRST), "--stop", str(stop))
    return scratch.luigi("ciss_luigi", *words)


def _loop(scratch: Scratch, statements: list[str]) -> Cost:
    scratch.begin_again(scratch.statements().create_tables())
    return scratch.bare(statements, "driver")


def _bare(scratch: Scratch) -> Iterator[str]:
    """Build and merge of each date, each in its transaction, as the steps send them."""
    here = scratch.site
    for number in range(DATES):
        date = RunDate(FIRST + dt.timedelta(days=number))
        statements = Statements(here.settings, here.engine().dialect, date, Step.BUILD, "benchmark")
        months = date.months_in_scope(here.settings.grace_days)
        yield from [BEGIN, *statements.build(months), COMMIT]
        for month in months:
            yield from [BEGIN, *statements.merge(month), COMMIT]
