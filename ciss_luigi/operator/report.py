"""The facts of a month's report: main's rows, what they were before, how they came about.

They come from main (and temp, if it still holds an earlier run), from markers and ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Row, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.operator.ask import ask, require_own_rows
from ciss_luigi.operator.estimates import DatedAttempt, Estimate, attempts, estimates, run_before
from ciss_luigi.queries.reports import COLUMNS, ReportStatements
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step

Customers = Mapping[str, Decimal]
"""US dollars by customer."""
Names = Mapping[str, str]
"""Customers' names by their ids."""

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
    earlier_names: Names = field(default_factory=dict)
    """The names that customers had in the month before, or else in the run before."""

    @property
    def as_of(self) -> str:
        """The run date of the newest rows."""
        return _as_of(self.rows)

    @property
    def estimate_before(self) -> Estimate | None:
        """What the run before main's put into main."""
        return run_before(self.estimates, self.as_of)


def gather(site: Site, month: Month) -> Report:
    """Everything that a report tells about a month.

    Raises Refused for a month that main does not hold, EngineUnavailable, StatementFailed.
    """
    require_own_rows(site)
    known = estimates(site, month)

    def question(engine: Engine, session: Session) -> _Answers:
        names = Statements(site.settings, engine.dialect, RunDate.parse(month.first_day), "report")
        return _ask(site, session, ReportStatements(names, month), known)

    with explaining(state="nothing was written", next_command=commands.check()):
        found = ask(site, question)
    if not found.rows:
        raise Refused(
            f"main holds no row of {month}",
            state="nothing was written",
            next_command=commands.status(),
        )
    return _report(site, month, found, known)


@dataclass(frozen=True)
class _Answers:
    rows: Sequence[Row] = ()
    month_before: Sequence[Row] = ()
    run_before: EarlierRun | None = None
    names_of_run: Names = field(default_factory=dict)


def _ask(site: Site, session: Session, asking: ReportStatements, known: Sequence[Estimate]) -> _Answers:
    """At most four statements; main's are two of them."""
    names, settings = asking.names, site.settings
    there = session.tables(names.list_tables(), names.output_tables)
    if settings.main_table.lower() not in there:
        return _Answers()
    rows = session.query(asking.rows())
    before = session.query(asking.customers(asking.month.minus(1)))
    earlier = run_before(known, _as_of(rows))
    if earlier is None or settings.temp_table.lower() not in there:
        return _Answers(rows, before)
    # temp may hold another run of that date by now, which main never had: only this run's rows count
    held = session.query(asking.customers_of_run(str(earlier.date), earlier.run_id))
    run = EarlierRun(str(earlier.date), _customers(held)) if held else None
    return _Answers(rows, before, run, _names(held))


def _as_of(rows: Sequence[Row]) -> str:
    return max((row[AS_OF] or "" for row in rows), default="")


def _customers(rows: Sequence[Row]) -> Customers:
    return {org_id: usd for org_id, _, usd in rows if usd is not None}


def _names(rows: Sequence[Row]) -> Names:
    return {org_id: name for org_id, name, _ in rows if name}


def _is_date(text: str) -> bool:
    try:
        RunDate.parse(text)
    except ValueError:
        return False
    return True


def _report(site: Site, month: Month, found: _Answers, known: Sequence[Estimate]) -> Report:
    names = {(row[AS_OF] or "", row[-1]) for row in found.rows}  # the last column is the run id
    as_of, run_id = max(names, key=lambda pair: (pair[0], pair[1] or ""))
    marker = site.markers.read(RunDate.parse(as_of), Step.MERGE) if _is_date(as_of) else None
    return Report(
        month,
        dt.datetime.now(dt.UTC),
        site.settings.main,
        found.rows,
        _customers(found.month_before),
        found.run_before,
        known,
        estimates(site, month.minus(1)),
        attempts(site, month),
        marker if marker is not None and marker.run_id == run_id else None,
        {**found.names_of_run, **_names(found.month_before)},
    )
