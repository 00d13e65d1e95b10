"""Main against what MergeMain's marker says it was when it was merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.schema import CHARGE_SOURCES, CHARGES
from ciss_luigi.billing.totals import Amounts, Key, MonthTotals, SourceTotals, SummaryTotals, compare_months
from ciss_luigi.engines.base import Engine, Session, query_each
from ciss_luigi.errors import EngineUnavailable, Refused, StatementFailed, explaining
from ciss_luigi.operator.ask import ask
from ciss_luigi.queries import totalsread
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step

_MARKER = "MergeMain's marker"


@dataclass(frozen=True)
class Writer:
    """Whose rows main holds of a month, where they are not the run's that is verified."""

    month: str
    as_of_date: str | None
    run_id: str | None


@dataclass(frozen=True)
class Verification:
    """What was found.

    ``superseded`` are months that the run left alone, which are not compared; ``unexplained`` those that
    differ although nobody wrote them since, so that the sources were looked at.
    """

    marker: Marker
    superseded: tuple[str, ...]
    differences: tuple[str, ...] = ()
    written_since: tuple[Writer, ...] = ()
    unexplained: tuple[str, ...] = ()
    sources_moved: tuple[str, ...] = ()
    sources_unknown: str = ""

    @property
    def agrees(self) -> bool:
        """Whether main holds what the marker says."""
        return not self.differences


def verify(site: Site, date: RunDate) -> Verification:
    """Compare; when main differs, also say who wrote it since, or how the sources have moved.

    Raises Refused without a valid marker; EngineUnavailable, also where an embedded warehouse has no file;
    StatementFailed.
    """
    marker = _marker(site, date)
    months = [Month.parse(month.month) for month in marker.months]
    found = Verification(marker, marker.superseded)
    if not months:
        return found
    if not site.engine().exists():
        raise EngineUnavailable(
            f"there is no {site.engine().identity}, in which {date} was merged",
            state="main was not looked at; nothing was changed",
            next_command=f"put the file back, or mend warehouse_url, then: ciss verify --date {date}",
        )

    def question(engine: Engine, session: Session) -> Verification:
        return _compare(site, found, months, session, engine)

    with explaining(state="nothing was changed", next_command=f"ciss check --date {date}"):
        return ask(site, question)


def _marker(site: Site, date: RunDate) -> Marker:
    marker = site.markers.read(date, Step.MERGE)
    if marker is not None and site.markers.is_merged(date):
        return marker
    what = f"{date} has no valid marker of {Step.MERGE}"
    if marker is not None:
        what = f"{date} is not merged: the marker of {Step.MERGE} rests on another build than BuildTemp's"
    raise Refused(
        what,
        state="main was not looked at",
        next_command=f"luigi --module ciss_luigi MergeMain --date {date}",
    )


def _compare(
    site: Site, found: Verification, months: Sequence[Month], session: Session, engine: Engine
) -> Verification:
    settings, marker = site.settings, found.marker
    statements = Statements(settings, engine.dialect, marker.date, "verify")
    if settings.main_table.lower() not in session.tables(statements.list_tables()):
        return replace(found, differences=(f"there is no table {settings.main}",))
    main = totalsread.read_summary_totals(session.query(statements.main_totals(months)))
    differing = {month.month: _differences(marker, month, main) for month in marker.months}
    if not any(differing.values()):
        return found
    written = _written_since(marker, main)
    explained = {writer.month for writer in written}
    odd = [month for month in marker.months if differing[month.month] and month.month not in explained]
    moved, unknown = _moved(site, odd, session, statements)
    return replace(
        found,
        differences=tuple(text for texts in differing.values() for text in texts),
        written_since=tuple(written),
        unexplained=tuple(month.month for month in odd),
        sources_moved=tuple(moved),
        sources_unknown=unknown,
    )


def _differences(marker: Marker, month: MonthTotals, main: Mapping[Key, SummaryTotals]) -> list[str]:
    mine = {key: row for key, row in main.items() if key[0] == month.month}
    return totalsread.month_differences(marker, [month], mine, (_MARKER, "main"))


def _written_since(marker: Marker, main: Mapping[Key, SummaryTotals]) -> list[Writer]:
    """The newest foreign rows of each month."""
    found: dict[str, Writer] = {}
    for (month, _), row in main.items():
        for as_of_date, run_id in zip(row.as_of_dates, row.run_ids, strict=True):
            if run_id != marker.run_id:
                writer = Writer(month, as_of_date, run_id)
                found[month] = max(found.get(month, writer), writer, key=lambda one: one.as_of_date or "")
    return [found[month] for month in sorted(found)]


def _moved(
    site: Site, months: Sequence[MonthTotals], session: Session, statements: Statements
) -> tuple[list[str], str]:
    """How the sources differ from the marker now, or why that is not known."""
    if not months:
        return [], ""
    settings = site.settings
    names = {settings.source_tables[table.role].lower() for table in CHARGE_SOURCES}
    lacking = sorted(names - session.tables(statements.list_tables()))
    if lacking:
        return [], f"there is no table {', '.join(lacking)}"
    wanted = [Month.parse(month.month) for month in months]
    try:
        sources = totalsread.read_source_totals(query_each(session, statements.source_totals(wanted)))
    except StatementFailed as error:
        return [], error.what
    now = [_as_month(month, sources) for month in months]
    return compare_months(months, now, (_MARKER, "the sources")), ""


def _as_month(like: MonthTotals, sources: Mapping[Key, SourceTotals]) -> MonthTotals:
    """The sources in a marker's form; what sources do not have (rows, US dollars) is taken as it was."""
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
