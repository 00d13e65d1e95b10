"""What a whole run, its checks and its rules cost.

Contestants in turn, each on a fresh copy of the sources: the literal luigi command; a bare script that sends
exactly its build and merge statements through SQLAlchemy, as the job does; the same through the driver alone;
the first script with the simplest SQL that ignores the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from benchmarks import processes, warehouse
from benchmarks.processes import Cost
from benchmarks.results import Answer, UnlikeResults, ratio
from benchmarks.scratch import Scratch
from ciss_luigi.engines.base import BEGIN, COMMIT
from ciss_luigi.sql.files import fill

LIMITS = {100_000: 2.0, 10_000_000: 1.15}
"""How many times its own statements a whole run may take, by billable rows a month."""


def measure(scratch: Scratch, size: warehouse.Size, rounds: int) -> list[Answer]:
    """Build and merge one month in three ways; raises UnlikeResults."""
    scratch.make_sources(size)
    own, simplest = _own(scratch), _simplest(scratch)
    _refuse_unlike(scratch, own)
    whole_costs, own_costs, driver_costs, simplest_costs = processes.in_turn(
        [
            lambda: _whole(scratch),
            lambda: _bare(scratch, own),
            lambda: _bare(scratch, own, "driver"),
            lambda: _bare(scratch, simplest),
        ],
        rounds,
    )
    limit = LIMITS.get(size.rows)
    return [
        ratio("whole run / its own build and merge", whole_costs, own_costs, limit),
        ratio("whole run / the same without SQLAlchemy", whole_costs, driver_costs),
        ratio("its own build and merge / the simplest SQL", own_costs, simplest_costs),
        ratio("whole run / the simplest SQL", whole_costs, simplest_costs),
    ]


def _whole(scratch: Scratch) -> Cost:
    scratch.begin_again()
    return scratch.merge_main()


def _bare(scratch: Scratch, statements: Sequence[str], road: str = "sqlalchemy") -> Cost:
    scratch.begin_again(scratch.statements().create_tables())
    return scratch.bare(statements, road)


def _own(scratch: Scratch) -> list[str]:
    """Build and merge as the steps send them, each in its transaction."""
    statements = scratch.statements()
    build, merge = statements.build([warehouse.DATE.month]), statements.merge(warehouse.DATE.month)
    return [BEGIN, *build, COMMIT, BEGIN, *merge, COMMIT]


def _simplest(scratch: Scratch) -> list[str]:
    """A build without rules, and the same merge."""
    settings = scratch.site.settings
    values = {role: settings.source(role) for role in settings.source_tables}
    values |= {"temp": settings.temp, "month": str(warehouse.DATE.month), "date": str(warehouse.DATE)}
    text = resources.files("benchmarks").joinpath("simplest.sql").read_text(encoding="utf-8")
    return [fill(text, values), *scratch.statements().merge(warehouse.DATE.month)]


def _refuse_unlike(scratch: Scratch, own: Sequence[str]) -> None:
    """The whole run and its bare statements must give main the same rows and the same money."""
    main = scratch.site.settings.main
    digest = f"SELECT CAST(SUM(source_rows * 1000003 + total_charge_usd) AS BIGINT) FROM {main}"
    _whole(scratch)
    whole = scratch.ask(digest)
    _bare(scratch, own)
    bare = scratch.ask(digest)
    if whole != bare:
        raise UnlikeResults(f"the whole run and its bare statements differ: {whole}, {bare}")
