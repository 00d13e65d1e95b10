"""The three steps as plain functions over an engine. No Luigi in sight.

Each may be repeated at will: what it writes replaces what an earlier attempt wrote. Each returns the marker
that proves it, and leaves writing that marker to its caller, after the data.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial

from ciss_luigi import billing, readiness
from ciss_luigi.answers import month_differences, read_source_totals, read_summary_totals
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import BillingFault, CissError, StepFailed, TempChanged, TotalsDiffer
from ciss_luigi.rundate import Month, RunDate
from ciss_luigi.settings import Settings
from ciss_luigi.state.markers import Marker, Markers, Step
from ciss_luigi.statements import Columns, Statements
from ciss_luigi.totals import (
    Build,
    Key,
    MonthTotals,
    SourceTotals,
    compare_sources,
    month_totals,
)

logger = logging.getLogger("luigi-interface.ciss_luigi")

Fence = Callable[[], None]
"""To be passed right before publishing: raises when the right to publish is lost."""

MonthLocks = Callable[[Sequence[Month]], AbstractContextManager[Fence]]


@dataclass
class RebuildBudget:
    """One rebuild per run: the first difference is healed, the second is a failure."""

    left: int = 1

    def spend(self, error: StepFailed) -> None:
        """Use the rebuild up; raises ``error`` when there is none left."""
        if not self.left:
            raise error
        self.left -= 1
        logger.warning("%s\nBuilding temp anew, once.", error.what)


@dataclass(frozen=True)
class Job:
    """All that a step needs: what to do, where, and who is told."""

    settings: Settings
    engine: Engine
    markers: Markers
    month_locks: MonthLocks
    date: RunDate
    tell: Callable[[str], None] = logger.info
    budget: RebuildBudget = field(default_factory=RebuildBudget)
    build_engine: Engine | None = None
    refreshed: tuple[Engine, ...] = ()

    @property
    def builder(self) -> Engine:
        """The engine of BuildTemp."""
        return self.build_engine or self.engine

    def statements(self, step: Step, run_id: str = "", engine: Engine | None = None) -> Statements:
        """The statements of one step of this job, on its engine unless another is named."""
        return Statements(self.settings, (engine or self.engine).dialect, self.date, step, run_id)

    @property
    def months(self) -> tuple[Month, ...]:
        """The months in scope."""
        return self.date.months_in_scope(self.settings.grace_days)


def truncate_temp(job: Job) -> Marker:
    """Make the tables if absent, empty this date's part of temp, drop what finished dates left there."""
    started = _now()
    statements = job.statements(Step.TRUNCATE)
    with job.engine.session() as session, session.transaction():
        _send(session, statements.create_tables())
        with session.writing(_temp_target(job)):
            _send(session, statements.empty_temp(_columns(job, job.engine, session, job.settings.temp_table)))
        held = job.engine.dialect.partition_values(session.query(statements.list_temp()))
        old = finished_dates(job, held)
        if old:
            _send(session, statements.drop_temp(old))
    refresh(job, "temp", lambda shown: shown.refresh_temp(whole=bool(old)), Step.TRUNCATE)
    job.tell(f"temp is empty for {job.date}; dropped {len(old)} finished dates")
    return Marker(Step.TRUNCATE, job.date, "", started)


def finished_dates(job: Job, held: Iterable[str | None]) -> list[RunDate]:
    """The run dates in temp that are merged and older than ``temp_keep_days``: dates not merged yet stay."""
    oldest_kept = job.date.days_earlier(job.settings.temp_keep_days)
    found = []
    for value in held:
        try:
            date = RunDate.parse(value or "")
        except ValueError:
            continue
        if date < oldest_kept and job.markers.is_merged(date):
            found.append(date)
    return sorted(found)


def build_temp(job: Job) -> Marker:
    """Compute the summary into temp and prove that it agrees with the sources.

    Raises SourcesMissing, BillingFault or TotalsDiffer; main is never touched.
    """
    with job.builder.session() as session:
        return _build_proven(job, session)


def merge_main(job: Job) -> Marker:
    """Publish temp's months in main, each proven before and after.

    Raises TempChanged or TotalsDiffer. Looking for a newer estimate and writing are one critical section:
    the locks of all the months are held throughout, taken before the engine is opened.
    """
    started = _now()
    with job.month_locks(job.months) as fence:
        _settle_all(job)
        with job.engine.session() as session:
            built, newer = _publish(job, session, fence)
    for month in newer:
        job.tell(f"main holds a newer estimate of {month} than {job.date}; it is left alone")
    return replace(
        built,
        step=Step.MERGE,
        started_at=started,
        months=tuple(month for month in built.months if Month.parse(month.month) not in newer),
        superseded=tuple(map(str, newer)),
        finished_at=None,
    )


# --- building -----------------------------------------------------------------------------------------


def _build_proven(job: Job, session: Session) -> Marker:
    """Build; a first difference between sources and temp is answered by one rebuild."""
    while True:
        try:
            with session.transaction():
                return _build_once(job, session)
        except TotalsDiffer as error:
            job.budget.spend(error)


def _build_once(job: Job, session: Session) -> Marker:
    started = _now()
    statements = job.statements(Step.BUILD, new_run_id(job.date), job.builder)
    doubles = job.builder.capabilities.double_rates
    holdings = readiness.ask(session, statements, job.months, double_rates=doubles)
    scope = readiness.judge(holdings, job.months, job.settings).require()
    _make_lost_tables(job, session, statements, holdings.tables)
    sources = read_source_totals(session.query(statements.source_totals(scope.months)))
    rates = billing.read_rates(session.query(statements.rates(scope.months)))
    _refuse_faults(sources, rates, job)
    table = _columns(job, job.builder, session, job.settings.temp_table)
    with session.writing(_temp_target(job)):
        _send(session, statements.build(scope.months, table))
    temp = read_summary_totals(session.query(statements.temp_totals()))
    differences = compare_sources(sources, temp, Build(statements.run_id, str(job.date)))
    differences += billing.wrong_rates(temp, rates, scope.months, job.settings.rate_fallback_months)
    if differences:
        raise TotalsDiffer(_listed("the control totals of the sources and temp differ:", differences))
    marker = Marker(
        Step.BUILD,
        job.date,
        statements.run_id,
        started,
        months=month_totals(temp, scope.months),
        left_out=tuple(map(str, scope.left_out)),
        empty_sources=scope.empty_sources,
    )
    _tell_built(job, marker, scope)
    return marker


def _refuse_faults(sources: Mapping[Key, SourceTotals], rates: billing.Rates, job: Job) -> None:
    found = billing.faults(sources, rates, job.settings.rate_fallback_months)
    if found:
        raise BillingFault(
            _listed("the sources break rules of the money:", found),
            state="main was not touched; temp holds nothing of this attempt",
            next_command="correct the source rows, then the same command again",
        )


def _tell_built(job: Job, marker: Marker, scope: readiness.Scope) -> None:
    for month in marker.months:
        job.tell(f"built {month.month}: {month.rows} rows from {month.source_rows} source rows")
    for left in scope.left_out:
        job.tell(f"left out {left}: it has no source rows yet, and main holds nothing of it")
    for role, empty in scope.empty:
        job.tell(f"{job.settings.source(role)} has no row for {empty}")


# --- merging ------------------------------------------------------------------------------------------


def _settle_all(job: Job) -> None:
    """What killed runs may still write lands before the looks at temp and main, not after them."""
    for engine in (job.engine, job.build_engine):
        if engine is not None:
            engine.settle(_temp_target(job))
    for month in job.months:
        job.engine.settle(_main_target(job, month))


def _publish(job: Job, session: Session, fence: Fence) -> tuple[Marker, list[Month]]:
    """Merge what main holds no newer estimate of; BuildTemp's marker, and the months left alone."""
    built = _proven_temp(job, session)
    months = [Month.parse(month.month) for month in built.months]
    newer = [] if job.settings.allow_older else _newer_in_main(job, session, months)
    table = _columns(job, job.engine, session, job.settings.main_table)
    for month in months:
        if month not in newer:
            _merge_month(job, session, month, built, table=table, fence=fence)
            refresh(job, f"main's {month}", partial(Statements.refresh_main, month=month), Step.MERGE)
    return built, newer


def _proven_temp(job: Job, session: Session) -> Marker:
    """BuildTemp's marker, once temp holds exactly what it says; builds temp anew when it does not."""
    while True:
        built = job.markers.read(job.date, Step.BUILD)
        differences = _temp_differences(job, session, built)
        if built is not None and not differences:
            return built
        job.budget.spend(
            TempChanged(_listed("temp does not hold what BuildTemp's marker says:", differences))
        )
        job.markers.write(_build_anew(job, session))


def _build_anew(job: Job, session: Session) -> Marker:
    """Build on the engine of BuildTemp, in the session at hand where that is the same."""
    return _build_proven(job, session) if job.builder is job.engine else build_temp(job)


def _temp_differences(job: Job, session: Session, built: Marker | None) -> list[str]:
    if built is None:
        return ["BuildTemp has no valid marker"]
    statements = job.statements(Step.MERGE, built.run_id)
    there = session.tables(job.settings.database)
    if job.settings.temp_table.lower() in _make_lost_tables(job, session, statements, there):
        return [f"there was no table {job.settings.temp}"]
    temp = read_summary_totals(session.query(statements.temp_totals()))
    return month_differences(built, built.months, temp, ("BuildTemp's marker", "temp"))


def _newer_in_main(job: Job, session: Session, months: Sequence[Month]) -> list[Month]:
    rows = session.query(job.statements(Step.MERGE).main_rows(months)) if months else []
    return sorted(
        Month.parse(month) for month, _, newest in rows if newest is not None and newest > str(job.date)
    )


def _merge_month(
    job: Job, session: Session, month: Month, built: Marker, *, table: Columns, fence: Fence
) -> None:
    """Write one month and read it back; a main that reads back wrong is written once more."""
    expected = [one for one in built.months if one.month == str(month)]
    for last in (False, True):
        try:
            with session.transaction():
                fence()
                _write_month(job, session, month, built, table)
                _read_back(job, session, month, built, expected)
                fence()
            break
        except TotalsDiffer as error:
            if last:
                raise
            logger.warning("%s\nWriting it once more.", error.what)
    job.tell(f"merged {month}: {expected[0].rows} rows")


def _write_month(job: Job, session: Session, month: Month, built: Marker, table: Columns) -> None:
    statements = job.statements(Step.MERGE, built.run_id)
    with session.writing(_main_target(job, month)):
        _send(session, statements.merge(month, table))


def _read_back(
    job: Job, session: Session, month: Month, built: Marker, expected: Sequence[MonthTotals]
) -> None:
    statements = job.statements(Step.MERGE, built.run_id)
    main = read_summary_totals(session.query(statements.main_totals([month])))
    differences = month_differences(built, expected, main, ("temp", "main"))
    if differences:
        raise TotalsDiffer(_listed(f"main's {month} does not hold what temp held:", differences))


# --- other engines ------------------------------------------------------------------------------------


def refresh(job: Job, what: str, of: Callable[[Statements], list[str]], step: Step) -> None:
    """Show other engines what was written here; raises StepFailed that names what is stale there."""
    for engine in job.refreshed:
        try:
            with engine.session() as session:
                _send(session, of(job.statements(step, engine=engine)))
        except CissError as error:
            raise StepFailed(
                f"{engine.identity} still shows the old rows of {what}: {error.what}",
                state=f"{what} is written; the next run repeats the write and the refresh",
            ) from error


# --- parts --------------------------------------------------------------------------------------------


def new_run_id(date: RunDate) -> str:
    """An id for one build, in characters that are safe in SQL, file names and shells."""
    return f"{date}-{_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def _make_lost_tables(job: Job, session: Session, statements: Statements, there: Collection[str]) -> set[str]:
    """Make temp and main anew where somebody dropped them since TruncateTemp made them; says which."""
    lost = {job.settings.temp_table.lower(), job.settings.main_table.lower()} - set(there)
    if lost:
        _send(session, statements.create_tables())
    return lost


def _columns(job: Job, engine: Engine, session: Session, table: str) -> Columns:
    return session.columns(job.settings.database, table) if engine.dialect.positional else ()


def _temp_target(job: Job) -> str:
    return f"{job.settings.temp} {job.date}"


def _main_target(job: Job, month: Month) -> str:
    return f"{job.settings.main} {month}"


def _send(session: Session, statements: Iterable[str]) -> None:
    for statement in statements:
        session.execute(statement)


def _listed(head: str, lines: Sequence[str]) -> str:
    return "\n".join([head, *(f"  - {line}" for line in lines)])


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
