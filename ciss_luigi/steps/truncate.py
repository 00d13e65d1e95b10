"""TruncateTemp: makes temp empty for the date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session
from ciss_luigi.errors import NotThisWay
from ciss_luigi.queries.statements import Columns, Statements
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.job import Job
from ciss_luigi.steps.parts import columns, now, refresh, send


def truncate_temp(job: Job) -> Marker:
    """Make absent tables, empty this date's part of temp, and drop the partitions of finished dates.

    Returns the step's marker. Raises ConfigurationError, EngineUnavailable, OSError and StepFailed.
    """
    started = now()
    job.known.temp = None  # temp is about to be emptied: nothing that was proven of it holds any more
    statements = job.statements(Step.TRUNCATE)
    with job.engine.session() as session, session.transaction():
        there = session.tables(statements.list_tables(), statements.output_tables)
        send(session, statements.create_tables(there))
        table = columns(session, statements, job.settings.temp_table)
        with session.writing(job.settings.temp_target(job.date)):
            send(session, statements.empty_temp(table))
        held = job.engine.dialect.partition_values(session.query(statements.list_temp()))
        old = finished_dates(job, held)
        if old:
            with job.when(f"temp holds merged dates before {_oldest_kept(job)}; now these", True):
                _drop(job, session, statements, old, table)
    job.known.has_tables = True
    refresh(job, "temp", partial(_refresh_temp, all_of_it=bool(old)), Step.TRUNCATE)
    job.tell(f"temp is empty for {job.date}; dropped {counted(len(old), 'finished date')}")
    return Marker(Step.TRUNCATE, job.date, "", started)


def _drop(
    job: Job, session: Session, statements: Statements, dates: Sequence[RunDate], table: Columns
) -> None:
    """Drop temp's partitions of some dates; if the engine cannot drop those of this table, empty them."""
    try:
        send(session, statements.drop_temp(dates))
    except NotThisWay as error:
        job.tell(f"finished dates are emptied; their partitions of temp cannot be dropped: {error.what}")
        for date in dates:
            send(session, statements.empty_temp(table, date))


def _refresh_temp(statements: Statements, /, *, all_of_it: bool, whole: bool = False) -> list[str]:
    return statements.refresh_temp(whole=whole or all_of_it)


def finished_dates(job: Job, held: Iterable[str | None]) -> list[RunDate]:
    """The run dates to drop from temp, in order.

    They are merged, and more than ``temp_keep_days`` days before this date. ``held`` are the values of temp's
    partition column.
    """
    oldest_kept = _oldest_kept(job)
    found = []
    for value in held:
        try:
            date = RunDate.parse(value or "")
        except ValueError:  # no run of ours made this partition: it is left alone
            continue
        # a date that is not merged has rows here that are still to be published
        if date < oldest_kept and job.markers.is_merged(date):
            found.append(date)
    return sorted(found)


def _oldest_kept(job: Job) -> RunDate:
    return job.date.days_earlier(job.settings.temp_keep_days)
