"""What the engine and the markers hold now, as far as the next run of a date depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.base import Session
from ciss_luigi.queries import readiness, totalsread
from ciss_luigi.queries.readiness import Holdings, Scope
from ciss_luigi.queries.statements import MONTH, TEMP_PARTITION, Columns, Statements
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps import Job
from ciss_luigi.steps.truncate import finished_dates

SOURCES_READY = "SourcesReady"


@dataclass(frozen=True)
class Outlook:
    """The state that a run finds; read only, and of one moment."""

    holdings: Holdings
    scope: Scope
    tables: frozenset[str] = frozenset()
    newest_in_main: Mapping[str, str | None] = field(default_factory=dict)
    finished_in_temp: tuple[RunDate, ...] = ()
    temp_columns: Columns = ()
    main_columns: Columns = ()
    built: Marker | None = None
    temp_differences: tuple[str, ...] = ()


def look(job: Job) -> Outlook:
    """Ask the engine and the markers; never writes, never makes the file of an embedded engine.

    Raises EngineUnavailable.
    """
    built = job.markers.read(job.date, Step.BUILD)
    if not job.engine.exists():
        job.require_warehouse()
        holdings = readiness.nothing(job.settings)
        lost = _without_temp(job, built)
        return _with_columns(
            job, Outlook(holdings, _judged(job, holdings), built=built, temp_differences=lost)
        )
    with job.engine.reading() as session:
        return _with_columns(job, _ask(job, session, built), session)


def _ask(job: Job, session: Session, built: Marker | None) -> Outlook:
    settings = job.settings
    statements = Statements(settings, job.engine.dialect, job.date, SOURCES_READY)
    holdings = readiness.ask(
        session, statements, job.months, double_rates=job.builder.capabilities.double_rates
    )
    tables = holdings.tables
    newest: dict[str, str | None] = {}
    if settings.main_table.lower() in tables:
        newest = {month: newest for month, _, newest in session.query(statements.main_rows(job.months))}
    finished: list[RunDate] = []
    differences = _without_temp(job, built)
    if settings.temp_table.lower() in tables:
        held = job.engine.dialect.partition_values(session.query(statements.list_temp()))
        finished = finished_dates(job, held)
        differences = _temp_differences(job, session, built)
    return Outlook(
        holdings,
        _judged(job, holdings),
        tables,
        newest,
        tuple(finished),
        built=built,
        temp_differences=differences,
    )


def _judged(job: Job, holdings: Holdings) -> Scope:
    return readiness.judge(holdings, job.months, job.settings)


def _without_temp(job: Job, built: Marker | None) -> tuple[str, ...]:
    return (f"there is no table {job.settings.temp}",) if built else ()


def _temp_differences(job: Job, session: Session, built: Marker | None) -> tuple[str, ...]:
    if built is None:
        return ()
    statements = job.statements(Step.MERGE, built.run_id)
    temp = totalsread.read_summary_totals(session.query(statements.temp_totals()))
    return tuple(totalsread.month_differences(built, built.months, temp, ("BuildTemp's marker", "temp")))


def _with_columns(job: Job, outlook: Outlook, session: Session | None = None) -> Outlook:
    """Add the columns of temp and main where inserts go by position: as they are, or will be made."""
    if not job.engine.dialect.positional:
        return outlook
    summary = [(column.name, column.type.lower()) for column in schema.SUMMARY_COLUMNS]
    text = schema.TEXT.lower()
    statements = Statements(job.settings, job.engine.dialect, job.date, SOURCES_READY)
    made: dict[str, Columns] = {
        job.settings.temp_table: [*summary, (MONTH, text), (TEMP_PARTITION, text)],
        job.settings.main_table: [*summary, (job.settings.month_partition, text)],
    }
    for name in made:
        if session is not None and name.lower() in outlook.tables:
            made[name] = session.columns(statements.list_columns(name))
    return replace(
        outlook,
        temp_columns=made[job.settings.temp_table],
        main_columns=made[job.settings.main_table],
    )
