"""TruncateTemp: temp empty for the date."""

from __future__ import annotations

from collections.abc import Iterable

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.job import Job
from ciss_luigi.steps.parts import columns, now, refresh, send


def truncate_temp(job: Job) -> Marker:
    """Make the tables if absent, empty this date's part of temp, drop what finished dates left there."""
    started = now()
    statements = job.statements(Step.TRUNCATE)
    with job.engine.session() as session, session.transaction():
        send(session, statements.create_tables())
        with session.writing(job.settings.temp_target(job.date)):
            send(session, statements.empty_temp(columns(session, statements, job.settings.temp_table)))
        held = job.engine.dialect.partition_values(session.query(statements.list_temp()))
        old = finished_dates(job, held)
        if old:
            with job.when(f"temp holds merged dates before {_oldest_kept(job)}; now these", True):
                send(session, statements.drop_temp(old))
    refresh(job, "temp", lambda shown: shown.refresh_temp(whole=bool(old)), Step.TRUNCATE)
    job.tell(f"temp is empty for {job.date}; dropped {len(old)} finished dates")
    return Marker(Step.TRUNCATE, job.date, "", started)


def finished_dates(job: Job, held: Iterable[str | None]) -> list[RunDate]:
    """The run dates in temp that are merged and older than ``temp_keep_days``: dates not merged yet stay."""
    oldest_kept = _oldest_kept(job)
    found = []
    for value in held:
        try:
            date = RunDate.parse(value or "")
        except ValueError:
            continue
        if date < oldest_kept and job.markers.is_merged(date):
            found.append(date)
    return sorted(found)


def _oldest_kept(job: Job) -> RunDate:
    return job.date.days_earlier(job.settings.temp_keep_days)
