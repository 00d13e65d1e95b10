"""Whether the sources still say what a run built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import CHARGES
from ciss_luigi.billing.totals import Amounts, Key, MonthTotals, SourceTotals, compare_months
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session, query_each
from ciss_luigi.errors import StatementFailed
from ciss_luigi.queries import rowsapart, totalsread
from ciss_luigi.queries.rowsapart import PlaceRows
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.steps import sitesrules


@dataclass(frozen=True)
class Held:
    """Which months (``YYYY-MM``) are still in a table as the run built them, and the query for their rows."""

    rows: Callable[[Statements, Sequence[Month]], PlaceRows] | None = None
    months: tuple[str, ...] = ()


NOWHERE = Held()


@dataclass(frozen=True)
class Moved:
    """What is different now, with both sides; ``unknown``: why that could not be found out.

    ``asked`` is False if there was no month left to ask for.
    """

    asked: bool = False
    lines: tuple[str, ...] = ()
    unknown: str = ""
    months: tuple[str, ...] = ()
    """The months (``YYYY-MM``) that are different now."""


def look(
    site: Site,
    months: Sequence[MonthTotals],
    session: Session,
    statements: Statements,
    held: Held = NOWHERE,
) -> Moved:
    """Compare the sources now with what a run built: first their totals, then what they would build.

    ``held`` says where the rows that the run built can still be read. Equal totals alone prove little: an
    amount may have moved from one customer to another, or a rate or a name may have changed.
    """
    names = {site.settings.source_tables[table.role].lower() for table in schema.SOURCES}
    lacking = sorted(names - session.tables(statements.list_tables(), statements.all_tables))
    if lacking:
        return Moved(True, unknown=f"there is no table {', '.join(lacking)}")
    wanted = [Month.parse(month.month) for month in months]
    try:
        now = totalsread.read_source_totals(query_each(session, statements.source_totals(wanted)))
    except StatementFailed as error:
        return Moved(True, unknown=error.what)
    sides = ("the run's record", "the sources now")
    found = {month.month: compare_months([month], [_as_month(month, now)], sides) for month in months}
    lines = tuple(line for of_month in found.values() for line in of_month)
    if lines:
        return Moved(True, lines, months=tuple(month for month, of_month in found.items() if of_month))
    return _look_at_rows(site, months, session, statements, held)


def _look_at_rows(
    site: Site, months: Sequence[MonthTotals], session: Session, statements: Statements, held: Held
) -> Moved:
    # The rules go inside a query of ours: what is not one query could do anything there
    wrong = sitesrules.fault(site.engine(), statements, [Month.parse(month) for month in held.months])
    if wrong is not None:
        why = f"their totals are the same, but what they would build could not be compared: {wrong.problem}"
        return Moved(True, unknown=why)
    try:
        found = _rows(session, statements, held)
    except StatementFailed as error:  # a server with low limits may refuse the whole build as a query
        why = f"their totals are the same, but what they would build could not be compared: {error.what}"
        return Moved(True, unknown=why)
    gone = ", ".join(month.month for month in months if month.month not in held.months)
    if gone and not found.lines:
        return Moved(True, unknown=f"their totals are the same, but no table holds the run's rows of {gone}")
    return found


def _rows(session: Session, statements: Statements, held: Held) -> Moved:
    if held.rows is None or not held.months:
        return Moved(True)
    months = [Month.parse(month) for month in held.months]
    sides = held.rows(statements, months), rowsapart.sources(statements, months)
    apart = rowsapart.read_counts(session.query(rowsapart.count(statements, *sides)))
    if not apart:
        return Moved(True)
    heads = [
        f"{month}: the totals are the same, but "
        f"{counted(max(one.only_left, one.only_right), 'row')} would be different now"
        for month, one in sorted(apart.items())
    ]
    names = "the run", "a run now"
    sample = rowsapart.read_sample(session.query(rowsapart.sample(statements, *sides)), names)
    return Moved(True, (*heads, *sample), months=tuple(sorted(apart)))


def _as_month(like: MonthTotals, sources: Mapping[Key, SourceTotals]) -> MonthTotals:
    """The sources in a marker's form; what they do not have (rows, US dollars) is copied from ``like``."""
    mine: dict[str, SourceTotals] = {}
    for (month, currency), totals in sources.items():
        if month == like.month:
            name = currency or ""
            mine[name] = mine[name].plus(totals) if name in mine else totals
    return MonthTotals(
        like.month,
        like.rows,
        sum(totals.source_rows for totals in mine.values()),
        {currency: _as_amounts(totals, like.totals.get(currency)) for currency, totals in mine.items()},
    )


def _as_amounts(totals: SourceTotals, like: Amounts | None) -> Amounts:
    return Amounts(
        billable_subs=totals.billable_subs,
        **{name: totals.charges[name] for name in CHARGES},
        total_charge=sum(totals.charges.values(), Decimal()),
        total_charge_usd=like.total_charge_usd if like else Decimal(),
    )
