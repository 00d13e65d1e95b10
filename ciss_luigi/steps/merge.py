"""MergeMain: puts temp's months into main, each proven before and after."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from ciss_luigi import events
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.totals import MonthTotals
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session
from ciss_luigi.errors import TempChanged, TotalsDiffer
from ciss_luigi.locking.filelocks import Fence
from ciss_luigi.plaintext import printable
from ciss_luigi.queries.readiness import is_newer
from ciss_luigi.queries.statements import Columns, Statements
from ciss_luigi.queries.totalsread import (
    month_differences,
    read_newest,
    read_summary_totals,
    read_unmapped,
)
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.build import build_proven, build_temp
from ciss_luigi.steps.job import Job
from ciss_luigi.steps.parts import (
    columns,
    listed,
    make_lost_tables,
    now,
    refresh,
    send,
)

logger = logging.getLogger("luigi-interface.ciss_luigi")


def merge_main(job: Job) -> Marker:
    """Publish temp's months in main, each proven before and after.

    Nobody else may write between the look for a newer estimate and the write: so the locks of all months are
    taken before the engine is opened, and held until the end. All runs take their locks in this order (date,
    months, embedded file), so no two wait in a circle (docs/protocol.md).

    Returns the step's marker. Raises ConfigurationError, EngineUnavailable, OSError and StepFailed; among the
    last are TempChanged, TotalsDiffer and LeaseLost. If temp has to be built again, also what ``build_temp``
    raises.
    """
    started = now()
    with job.month_locks(job.months) as fence:
        _settle_all(job)
        with job.engine.session() as session:
            built, newer, unmapped = _publish(job, session, fence)
    for month in newer:
        job.warn(f"{month} is not published: main has a newer estimate of it than {job.date}")
    return replace(
        built,
        step=Step.MERGE,
        started_at=started,
        months=tuple(month for month in built.months if Month.parse(month.month) not in newer),
        superseded=tuple(map(str, newer)),
        unmapped_customers=unmapped,
        finished_at=None,  # not BuildTemp's: it is set when this marker is written
    )


def _settle_all(job: Job) -> None:
    """End what killed runs may still write, or wait for it, before temp and main are read."""
    for engine in (job.engine, job.build_engine):
        if engine is not None:
            engine.settle(job.settings.temp_target(job.date))
    for month in job.months:
        job.engine.settle(job.settings.main_target(month))


class _TempMoved(TempChanged):
    """Temp has changed since it was proven."""


def _publish(job: Job, session: Session, fence: Fence) -> tuple[Marker, list[Month], int]:
    """Merge the months of which main holds no newer estimate.

    Returns BuildTemp's marker, the months that were left alone, and how many customers of the merged months
    are unmapped.
    """
    while True:
        built = _proven_temp(job, session)
        try:
            return built, *_publish_months(job, session, fence, built)
        except _TempMoved as error:  # then temp is proven again, and built again if the budget allows it
            logger.warning("%s", error.what)


def _publish_months(job: Job, session: Session, fence: Fence, built: Marker) -> tuple[list[Month], int]:
    months = [Month.parse(month.month) for month in built.months]
    statements = job.statements(Step.MERGE, built.run_id)
    # with allow_older main is written whatever it holds: nothing to ask for
    asked = [] if job.settings.allow_older else months
    found = session.query(statements.before_merge(asked))
    newest = read_newest(found, asked)
    back = _put_back(job, built, newest)
    newer = [month for month in months if is_newer(newest.get(month), job.date) and month not in back]
    table = columns(session, statements, job.settings.main_table)
    for month in months:
        is_free = month in back or job.settings.allow_older
        with nullcontext(True) if is_free else _unless_newer(job, month, newest.get(month)) as go:
            if go:
                _merge_month(job, session, statements, month, built, table=table, fence=fence)
                # at once: if the next month fails, the other engines see this one all the same
                shown = partial(Statements.refresh_main, month=month)
                refresh(job, f"main's {month}", shown, Step.MERGE, run_id=built.run_id)
    for month, of in back.items():
        job.warn(f"{month} is put back to what {job.date} published, in place of the run for {printable(of)}")
    return newer, read_unmapped(found, [month for month in months if month not in newer])


def _put_back(job: Job, built: Marker, newest: Mapping[Month, str | None]) -> dict[Month, str]:
    """The months of which a roll-back lets this merge replace the newer estimate, with its as_of_date."""
    allowed = job.markers.free_to_replace(job.date, built.run_id)
    return {
        month: of
        for month, of in newest.items()
        # "" is before every date: without a permission nothing is put back. A night that came after it stays.
        if of is not None and is_newer(of, job.date) and of <= allowed.get(month, "")
    }


def _unless_newer(job: Job, month: Month, newest: str | None) -> AbstractContextManager[bool]:
    """A context that gives True if a month is to be merged, False if main holds a newer estimate of it."""
    now = f"now one of {printable(newest)}" if newest else "now none"
    condition = f"main holds no newer estimate of {month} than {job.date} ({now})"
    return job.when(condition, not is_newer(newest, job.date))


def _proven_temp(job: Job, session: Session) -> Marker:
    """BuildTemp's marker, once temp holds exactly what it says; if it does not, temp is built again."""
    while True:
        built = job.markers.read(job.date, Step.BUILD)
        differences = _temp_differences(job, session, built)
        if built is not None and not differences:
            job.known.temp = built
            return built
        job.budget.spend(TempChanged(listed("temp does not hold what BuildTemp's marker says:", differences)))
        job.markers.write(_build_again(job, session))


def _build_again(job: Job, session: Session) -> Marker:
    """Build on the engine of BuildTemp; if that is the merging one, in the session that is open."""
    return build_proven(job, session) if job.builder is job.engine else build_temp(job)


def _temp_differences(job: Job, session: Session, built: Marker | None) -> list[str]:
    if built is None:
        return ["BuildTemp has no valid marker"]
    statements = job.statements(Step.MERGE, built.run_id)
    there = session.tables(statements.list_tables(), statements.output_tables)
    if job.settings.temp_table.lower() in make_lost_tables(job, session, statements, there):
        return [f"there was no table {job.settings.temp}"]
    if job.known.has_proven(built):
        return []
    temp = read_summary_totals(session.query(statements.temp_totals()))
    return month_differences(built, built.months, temp, ("BuildTemp's marker", "temp"))


def _merge_month(
    job: Job,
    session: Session,
    statements: Statements,
    month: Month,
    built: Marker,
    *,
    table: Columns,
    fence: Fence,
) -> None:
    """Write one month and read it back; if main reads back wrong, write it once more.

    Raises _TempMoved if main is wrong because temp is: then temp has to be put right first.
    """
    expected = [one for one in built.months if one.month == str(month)]
    for last in (False, True):
        try:
            with session.transaction():
                fence()
                _write_month(job, session, statements, month, table)
                _read_back(session, statements, month, built, expected)
                fence()  # again before the commit: the locks may have been lost meanwhile
            break
        except TotalsDiffer as error:
            if last:
                raise
            _look_again(job, session, built)
            logger.warning("%s\nWriting it once more.", error.what, extra=events.fields("rewrite"))
    job.tell(f"merged {month}: {counted(expected[0].rows, 'row')}")


def _look_again(job: Job, session: Session, built: Marker) -> None:
    """Raise _TempMoved if temp is not as it was proven, in this step or in the one before."""
    job.known.temp = None  # or the next line would trust the old proof and not ask
    differences = _temp_differences(job, session, built)
    if differences:
        raise _TempMoved(listed("temp was changed after it had been proven:", differences))


def _write_month(job: Job, session: Session, statements: Statements, month: Month, table: Columns) -> None:
    with session.writing(job.settings.main_target(month)):
        send(session, statements.merge(month, table))


def _read_back(
    session: Session, statements: Statements, month: Month, built: Marker, expected: Sequence[MonthTotals]
) -> None:
    main = read_summary_totals(session.query(statements.main_totals([month])))
    differences = month_differences(built, expected, main, ("temp", "main"))
    if differences:
        raise TotalsDiffer(listed(f"main's {month} does not hold what temp held:", differences))
