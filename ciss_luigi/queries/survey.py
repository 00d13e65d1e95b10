"""One look at the sources for all that a build has to know: what is there, totals, rates and odd rows.

Each source is read once. The totals also say which months are ready: a source has a row of a month if it has
a total for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ciss_luigi.billing import schema
from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rates import Rates
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.totals import Key, SourceTotals
from ciss_luigi.engines.base import Row, Session, query_each
from ciss_luigi.queries import readiness, totalsread
from ciss_luigi.queries.conditions import When, in_a_run
from ciss_luigi.queries.readiness import Holdings
from ciss_luigi.queries.statements import Statements


@dataclass(frozen=True)
class Survey:
    """What the sources held at one moment."""

    holdings: Holdings
    totals: Mapping[Key, SourceTotals] = field(default_factory=dict)
    rates: Rates = field(default_factory=dict)
    odd_rows: tuple[OddRows, ...] = ()
    held_before: frozenset[tuple[str, str]] = frozenset()
    """Pairs (role, month) with rows, for the month before each month in which a source is empty.

    A month that was looked at anyway is in ``holdings`` only.
    """
    has_mapping: bool = True
    """Whether the mapping table has any row."""

    def of(self, months: Collection[Month], rate_months: Collection[Month]) -> Survey:
        """Only what matters for a build of some months, whose rates may come from ``rate_months``."""
        built, rated = set(map(str, months)), set(map(str, rate_months))
        return replace(
            self,
            totals={key: one for key, one in self.totals.items() if key[0] in built},
            rates={key: rate for key, rate in self.rates.items() if key[0] in rated},
        )


def take(
    session: Session,
    statements: Statements,
    months: Sequence[Month],
    *,
    double_rates: bool = True,
    renew: bool = True,
    when: When = in_a_run,
) -> Survey:
    """Look at the sources of some months; arguments and errors as in ``readiness.ask``."""
    holdings = readiness.look(session, statements)
    totals: list[Row] = []
    others: list[Row] = []
    before: list[Row] = []
    held: frozenset[tuple[str, str]] = frozenset()
    with readiness.if_all_are_there(holdings, when) as go:
        if go:
            readiness.prepare(session, statements, double_rates=double_rates, renew=renew)
            totals = query_each(session, statements.source_totals(months, odd=True))
            held = frozenset((role, month) for role, month, *_ in totals if month is not None)
            others = session.query(statements.rates_and_odd_rows(months))
            # A statement of its own: as part of the one above, it would need more counters on Hive than
            # Hadoop allows by default
            before = query_each(session, statements.readiness(_before_empty(held, months)))
    read = totalsread.read_rates_and_odd_rows(others)
    holdings = replace(holdings, months=held, rates=read.any_rate)
    settings = statements.settings
    names = {table.role: settings.source(table.role) for table in schema.SOURCES}
    return Survey(
        readiness.with_main(session, statements, months, holdings, when),
        totalsread.read_source_totals(totals),
        read.rates,
        totalsread.read_odd_rows(totalsread.read_odd_register(totals), read.odd_rows, names),
        frozenset((role, month) for role, month in before),
        read.any_mapping,
    )


def _before_empty(held: Collection[tuple[str, str]], months: Sequence[Month]) -> list[Month]:
    """For each month in which some source has no row: the month before it, unless that is in ``months``."""
    roles = [table.role for table in schema.CHARGE_SOURCES]
    empty = {month for month in months if any((role, str(month)) not in held for role in roles)}
    return sorted({month.minus(1) for month in empty}.difference(months))
