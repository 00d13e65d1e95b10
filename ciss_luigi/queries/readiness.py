"""Whether the sources are there: which months a run can build, and which it leaves out.

The rule is written in docs/tables.md, "Which months". A month is ready when every required source has a row
for it. If one of two months in scope is not ready and main holds no row of it, it is left out while the other
is built. So the run of the 1st refreshes the old month before the new one has data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Row, Session, query_each
from ciss_luigi.errors import ConfigurationError, Fault, SourcesMissing
from ciss_luigi.queries.conditions import When, in_a_run
from ciss_luigi.queries.statements import Statements

MAIN = "main"
RATE = "rate"


@dataclass(frozen=True)
class Holdings:
    """What the warehouse has."""

    absent: tuple[str, ...] = ()
    """The names of the source tables that do not exist."""

    rates: bool = False
    """Whether the rate table has any row."""

    months: frozenset[tuple[str, str]] = frozenset()
    """Pairs (role, month): this source, or ``MAIN``, has a row of this month."""

    tables: frozenset[str] = frozenset()
    """All tables of the schema, in lower case."""

    def hold(self, role: str, month: Month) -> bool:
        """Whether a source, or main, has a row of the month."""
        return (role, str(month)) in self.months

    def plus(self, newer: Holdings) -> Holdings:
        """The newer answer, with the months that were known before added."""
        return replace(newer, months=self.months | newer.months)


@dataclass(frozen=True)
class Scope:
    """The months that a run builds, and those that it leaves out."""

    months: tuple[Month, ...]
    why_left_out: Mapping[Month, str] = field(default_factory=dict)
    empty: tuple[tuple[str, Month], ...] = ()
    """Pairs (role, month): this source has no row of this month, which is built anyway."""

    missing: tuple[str, ...] = ()
    """Why the run cannot begin at all, one line each; empty if it can."""

    @property
    def left_out(self) -> tuple[Month, ...]:
        """The months in scope that are not built."""
        return tuple(self.why_left_out)

    @property
    def empty_sources(self) -> tuple[str, ...]:
        """The roles of the charge sources that have no row in some month that is built."""
        return tuple(dict.fromkeys(role for role, _ in self.empty))

    def require(self) -> Scope:
        """The scope itself; raises SourcesMissing, naming every table and month, if it cannot be built."""
        if self.missing:
            raise SourcesMissing(
                "sources are missing: " + "; ".join(self.missing), state="no table was touched"
            )
        return self


def newer_estimates(rows: Iterable[Row], date: RunDate) -> dict[Month, str]:
    """The months of which main holds a newer estimate than a run date's, each with its as_of_date.

    ``rows`` are the answer to ``Statements.main_rows``. An as_of_date of NULL is older than every date.
    """
    newer = {Month.parse(month): newest for month, _, newest in rows if is_newer(newest, date)}
    return dict(sorted(newer.items()))


class MergedDates(Protocol):
    """What knows which dates are merged: the markers."""

    def merged_after(self, date: RunDate) -> Iterable[str]:
        """The months that dates after this one have merged, as ``YYYY-MM``."""


def newer_than(markers: MergedDates, date: RunDate) -> frozenset[Month]:
    """The months of which main holds a newer estimate than a date's, as the markers of later dates say."""
    return frozenset(map(Month.parse, markers.merged_after(date)))


def is_newer(newest: str | None, date: RunDate) -> bool:
    """Whether ``newest``, a month's newest as_of_date in main, is later than a run date.

    None stands for NULL and for a month without rows; both are older than every date.
    """
    return bool(newest) and str(newest) > str(date)  # texts of this form stand in the order of their days


def nothing(settings: Settings) -> Holdings:
    """What a warehouse without any table has."""
    return Holdings(tuple(settings.source(table.role) for table in schema.SOURCES))


def ask(
    session: Session,
    statements: Statements,
    months: Sequence[Month],
    *,
    double_rates: bool = True,
    renew: bool = True,
    when: When = in_a_run,
) -> Holdings:
    """Ask the engine once for all months; absent tables are found before a query names them.

    ``renew``: with ``refresh_sources``, make the engine look at the sources again first.
    ``double_rates``: whether the engine that will read the rates turns DOUBLE into the same decimals as the
    other engines. Raises ConfigurationError if it does not, and the rates are DOUBLE (docs/clusters.md); and
    StatementFailed.
    """
    holdings = look(session, statements)
    found: set[tuple[str, str]] = set()
    with if_all_are_there(holdings, when) as go:
        if go:
            prepare(session, statements, double_rates=double_rates, renew=renew)
            found |= {(role, month) for role, month in query_each(session, statements.readiness(months))}
    holdings = replace(holdings, months=frozenset(found), rates=(RATE, "") in found)
    return with_main(session, statements, months, holdings, when)


def look(session: Session, statements: Statements) -> Holdings:
    """See which tables there are, and which sources are absent; no table is read. Raises StatementFailed."""
    settings = statements.settings
    there = session.tables(statements.list_tables(), statements.all_tables)
    absent = tuple(
        settings.source(table.role)
        for table in schema.SOURCES
        if settings.source_tables[table.role].lower() not in there
    )
    return Holdings(absent, tables=there)


def if_all_are_there(holdings: Holdings, when: When) -> AbstractContextManager[bool]:
    """The condition under which statements that read the sources are sent."""
    return when("all source tables are there", not holdings.absent)


def with_main(
    session: Session, statements: Statements, months: Sequence[Month], holdings: Holdings, when: When
) -> Holdings:
    """Add which of the months that are not ready have rows in main; ``judge`` asks for no others.

    Raises StatementFailed.
    """
    settings = statements.settings
    lacking = [month for month in months if not holdings.absent and _lacking(holdings, month, settings)]
    is_there = settings.main_table.lower() in holdings.tables
    condition = f"a month is not ready, and there is a table {settings.main}"
    with when(condition, bool(lacking) and is_there) as go:
        if not go:
            return holdings
        rows = session.query(statements.main_rows(lacking or months))  # a plan shows it even if none lacks
    return replace(holdings, months=holdings.months | {(MAIN, month) for month, _, _ in rows})


def prepare(session: Session, statements: Statements, *, double_rates: bool, renew: bool) -> None:
    """Make the engine look at the sources again; raises ConfigurationError for DOUBLE rates, StatementFailed.

    ``double_rates`` and ``renew`` as in ``ask``.
    """
    for statement in statements.refresh_sources() if renew else ():
        session.execute(statement)
    if not double_rates:
        _refuse_double_rates(session, statements)


def _refuse_double_rates(session: Session, statements: Statements) -> None:
    settings = statements.settings
    columns = dict(session.columns(statements.list_columns(settings.source_tables["rate"])))
    if columns.get("avg_conv_rate", "").upper() == "DOUBLE":
        problem = f"{settings.source('rate')}.avg_conv_rate is DOUBLE: its decimals are not proven on Impala"
        raise ConfigurationError(
            "a source table cannot be used",
            (Fault("ciss", "rate_table", problem, f"a table where it is {schema.RATE}"),),
        )


def judge(holdings: Holdings, months: Sequence[Month], settings: Settings) -> Scope:
    """Decide which months can be built (docs/tables.md, "Which months")."""
    if holdings.absent:
        return Scope((), missing=tuple(f"there is no table {name}" for name in holdings.absent))
    lacking = {month: _lacking(holdings, month, settings) for month in months}
    ready = [month for month in months if not lacking[month]]
    left_out = [month for month in months if lacking[month] and not holdings.hold(MAIN, month)]
    # a month that main holds may not be left out: its estimate would stay old, and nobody would hear of it
    needed = [month for month in months if lacking[month] and not (ready and month in left_out)]
    return Scope(
        months=tuple(ready),
        why_left_out={month: "; ".join(lacking[month]) for month in left_out} if ready else {},
        empty=tuple(_empty(holdings, ready)),
        missing=tuple(
            [text for month in needed for text in lacking[month]]
            + ([] if holdings.rates else [f"{settings.source('rate')} has no row at all"])
        ),
    )


def unknown_before(scope: Scope, asked: Collection[Month]) -> list[Month]:
    """For each month in which a source is empty: the month before, if it was not ``asked`` for.

    ``gone`` needs to know what the sources hold in these months.
    """
    return sorted({month.minus(1) for _, month in scope.empty}.difference(asked))


def gone(scope: Scope, held: Collection[tuple[str, str]]) -> list[tuple[str, Month]]:
    """The sources that have no row in a month that is built, though they have rows in the month before.

    ``held`` are pairs (role, month) with a row, also of the months that ``unknown_before`` names.
    """
    return [(role, month) for role, month in scope.empty if (role, str(month.minus(1))) in held]


def _lacking(holdings: Holdings, month: Month, settings: Settings) -> list[str]:
    charge_roles = [table.role for table in schema.CHARGE_SOURCES]
    if not settings.required_sources:
        if any(holdings.hold(role, month) for role in charge_roles):
            return []
        names = ", ".join(settings.source(role) for role in charge_roles)
        return [f"none of {names} has a row for {month}"]
    return [
        f"{settings.source(role)} has no row for {month}"
        for role in settings.required_sources
        if not holdings.hold(role, month)
    ]


def _empty(holdings: Holdings, months: Collection[Month]) -> list[tuple[str, Month]]:
    return [
        (table.role, month)
        for table in schema.CHARGE_SOURCES
        for month in months
        if not holdings.hold(table.role, month)
    ]
