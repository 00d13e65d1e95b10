"""The facts of a month's report: main's rows, what they were before, how they came about.

They come from main (and temp, if it still holds an earlier run), from markers and ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Row, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.operator.ask import ask, require_own_rows
from ciss_luigi.operator.estimates import DatedAttempt, Estimate, attempts, estimates
from ciss_luigi.queries.reports import COLUMNS, ReportStatements
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step

Customers = Mapping[str, Decimal]
"""US dollars by customer."""

AS_OF = COLUMNS.index("as_of_date")


@dataclass(frozen=True)
class EarlierRun:
    """The run before, as temp still holds it."""

    date: str
    customers: Customers


@dataclass(frozen=True)
class Report:
    """What a report tells; ``rows`` are those of main, with columns in the order of ``COLUMNS``."""

    month: Month
    made_at: dt.datetime
    main: str
    rows: Sequence[Row]
    month_before: Customers
    run_before: EarlierRun | None
    estimates: Sequence[Estimate]
    estimates_before: Sequence[Estimate]
    attempts: Sequence[DatedAttempt]
    marker: Marker | None
    """MergeMain's marker of the run whose rows main holds; None if there is none, or only another's."""

    @property
    def as_of(self) -> str:
        """The run date of the newest rows."""
        return max((row[AS_OF] or "" for row in self.rows), default="")


def gather(site: Site, month: Month) -> Report:
    """Everything that a report tells about a month.

    Raises Refused for a month that main does not hold, EngineUnavailable, StatementFailed.
    """
    require_own_rows(site)

    def question(engine: Engine, session: Session) -> _Answers:
        names = Statements(site.settings, engine.dialect, RunDate.parse(month.first_day), "report")
        return _ask(site, session, ReportStatements(names, month))

    with explaining(state="nothing was written", next_command=commands.check()):
        found = ask(site, question)
    if not found.rows:
        raise Refused(
            f"main holds no row of {month}",
            state="nothing was written",
            next_command=commands.status(),
        )
    return _report(site, month, found)


@dataclass(frozen=True)
class _Answers:
    rows: Sequence[Row] = ()
    month_before: Sequence[Row] = ()
    run_before: EarlierRun | None = None


def _ask(site: Site, session: Session, asking: ReportStatements) -> _Answers:
    """At most five statements; main's are two of them."""
    names, settings = asking.names, site.settings
    there = session.tables(names.list_tables(), names.output_tables)
    if settings.main_table.lower() not in there:
        return _Answers()
    rows = session.query(asking.rows())
    before = session.query(asking.customers(asking.month.minus(1)))
    earlier = None
    if settings.temp_table.lower() in there:
        held = names.dialect.partition_values(session.query(names.list_temp()))
        earlier = _earlier(session, asking, rows, held)
    return _Answers(rows, before, earlier)


def _earlier(
    session: Session, asking: ReportStatements, rows: Sequence[Row], held: Sequence[str]
) -> EarlierRun | None:
    as_of = max((row[AS_OF] or "" for row in rows), default="")
    dates = sorted(date for date in held if _is_date(date) and date < as_of)
    if not dates:
        return None
    customers = _customers(session.query(asking.customers_of_run(dates[-1])))
    return EarlierRun(dates[-1], customers) if customers else None


def _customers(rows: Sequence[Row]) -> Customers:
    return {org_id: usd for org_id, usd in rows if usd is not None}


def _is_date(text: str) -> bool:
    try:
        RunDate.parse(text)
    except ValueError:
        return False
    return True


def _report(site: Site, month: Month, found: _Answers) -> Report:
    names = {(row[AS_OF] or "", row[-1]) for row in found.rows}
    as_of, run_id = max(names, key=lambda pair: (pair[0], pair[1] or ""))
    marker = site.markers.read(RunDate.parse(as_of), Step.MERGE) if _is_date(as_of) else None
    return Report(
        month,
        dt.datetime.now(dt.UTC),
        site.settings.main,
        found.rows,
        _customers(found.month_before),
        found.run_before,
        estimates(site, month),
        estimates(site, month.minus(1)),
        attempts(site, month),
        marker if marker is not None and marker.run_id == run_id else None,
    )
