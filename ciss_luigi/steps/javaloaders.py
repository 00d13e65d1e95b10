"""BuildTemp and MergeMain by the old job's two Java classes, on the old job's tables (``loader = java``).

The columns of these tables are not known, so only rows are counted to prove a step. Temp is one table for all
dates: whoever runs a step holds the turn at it (locking/turns.py), and a date whose rows another date has
replaced is built again.
"""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Callable, Sequence
from functools import partial

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import MonthTotals
from ciss_luigi.config.legacy import JAVA, Java
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session
from ciss_luigi.errors import StatementFailed, TempChanged, TotalsDiffer, explaining
from ciss_luigi.plaintext import without_secrets
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.oldtables import OldTables
from ciss_luigi.queries.readiness import newer_than
from ciss_luigi.queries.statements import Statements
from ciss_luigi.retry import with_retries
from ciss_luigi.state.javaruns import JavaRuns
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps import javaprocess
from ciss_luigi.steps.javacommands import main_command, temp_command
from ciss_luigi.steps.javaprocess import JavaFailed
from ciss_luigi.steps.job import Job
from ciss_luigi.steps.parts import now, refresh

logger = logging.getLogger("luigi-interface.ciss_luigi")

BUILD_CHECKS = ("temp holds rows after the build",)
MERGE_CHECKS = (
    "temp holds as many rows as after the build",
    "main's partition of the date's month holds rows",
)
_POLL_SECONDS = 1.0
_SERVERS_STATEMENTS = "SHOW PROCESSLIST"


def settings_of(job: Job) -> Java:
    """The job's ``[ciss_java]``."""
    found: Java = job.settings.others[JAVA]
    return found


# --- the steps ----------------------------------------------------------------------------------------


def truncate_temp(job: Job) -> Marker:
    """Do nothing, and return the step's marker: BuildTemp itself empties temp each time it fills it."""
    return Marker(Step.TRUNCATE, job.date, "", now(), loader="java")


def merge_main(job: Job) -> Marker:
    """Let the old class put temp into main, once temp is proven to hold this date's rows.

    Returns the step's marker. Raises ConfigurationError, EngineUnavailable, AlreadyRunning, OSError and
    StepFailed; among the last are TempChanged, TotalsDiffer and LeaseLost.
    """
    newer = newer_than(job.markers, job.date)
    superseded = [month for month in job.months if month in newer and not job.settings.allow_older]
    with job.month_locks(job.months) as fence:
        started = now()
        built = job.markers.read(job.date, Step.BUILD)
        if superseded:
            return _leave_alone(job, built, superseded)
        built = _proven_temp(job, built)
        fence()
        _run(job, main_command, Step.MERGE, built.run_id)
        months = _main_rows(job, built.run_id)
        for month in job.months:
            shown = partial(Statements.refresh_main, month=month)
            refresh(job, f"main's {month}", shown, Step.MERGE, run_id=built.run_id)
    return Marker(
        Step.MERGE, job.date, built.run_id, started, months=months, loader="java", checks=MERGE_CHECKS
    )  # fmt: skip


def _leave_alone(job: Job, built: Marker | None, superseded: Sequence[Month]) -> Marker:
    listed = ", ".join(map(str, superseded))
    job.warn(f"main holds a newer estimate of {listed} than {job.date}; it is left alone")
    lost = [str(month) for month in job.months if month not in superseded]
    if lost:
        job.warn(f"{', '.join(lost)} is left alone, too: the old class writes all months of a date")
    run_id = built.run_id if built else job.make_run_id(job.date)
    # those that were built, in spite of a grace_days that has changed since: else the date would stay undone
    months = tuple(sorted(built.names)) if built else tuple(map(str, job.months))
    return Marker(Step.MERGE, job.date, run_id, now(), superseded=months, loader="java")


def build_temp(job: Job) -> Marker:
    """Empty the whole temp table and let the old class fill it.

    Returns the step's marker. Raises ConfigurationError, EngineUnavailable, AlreadyRunning, OSError and
    StepFailed; among the last is TempChanged.
    """
    started, run_id = now(), job.make_run_id(job.date)
    runs = _runs(job)

    def attempt() -> None:
        _settle(job, runs)
        runs.note_temp("", "")  # first: after a kill nobody may believe that temp still holds a date's rows
        _empty_temp(job, run_id)
        _run_once(job, temp_command, Step.BUILD)

    _with_retries(job, attempt)
    rows = _temp_rows(job, Step.BUILD, run_id)
    if not rows:
        raise TempChanged(
            f"{job.settings.temp} holds no row after {settings_of(job).temp_class} has filled it"
        )
    runs.note_temp(str(job.date), run_id)
    refresh(job, "temp", _refresh_temp, Step.BUILD, run_id=run_id)
    job.tell(f"built: temp holds {counted(rows, 'row')}")
    # nobody knows which of these rows are of which month: each month gets the number of all of them
    months = tuple(MonthTotals(str(month), rows, 0, {}) for month in job.months)
    return Marker(
        Step.BUILD, job.date, run_id, started, months=months, loader="java", checks=BUILD_CHECKS
    )  # fmt: skip


def _refresh_temp(statements: Statements, /, *, whole: bool = True) -> list[str]:
    return statements.refresh_temp(whole=True)


def _proven_temp(job: Job, built: Marker | None) -> Marker:
    """BuildTemp's marker, if temp still holds its rows; else temp is built again, once."""
    while True:
        wrong = _temp_difference(job, built)
        if built is not None and not wrong:
            return built
        job.budget.spend(TempChanged(f"temp is not as BuildTemp's marker says: {wrong}"))
        built = build_temp(job)
        job.markers.write(built)


def _temp_difference(job: Job, built: Marker | None) -> str:
    if built is None or not built.months:
        return "BuildTemp has no valid marker"
    if built.names != set(map(str, job.months)):
        return f"it was built for {', '.join(sorted(built.names))} (grace_days has changed since)"
    date, run_id = _runs(job).temp_holds()
    if (date, run_id) != (str(job.date), built.run_id):
        return f"it holds the rows of {date or 'an unknown date'}"
    rows = _temp_rows(job, Step.MERGE, built.run_id)
    # any month will do: build_temp has given each the number of all rows
    expected = built.months[0].rows
    return "" if rows == expected else f"it holds {counted(rows, 'row')}, not {expected:,}"


def _main_rows(job: Job, run_id: str) -> tuple[MonthTotals, ...]:
    with job.engine.session() as session:
        statement = _tables(job, Step.MERGE, run_id).main_rows(job.months)
        held = {str(month): int(count) for month, count in session.query(statement)}
    own = str(job.date.month)
    if not held.get(own):
        raise TotalsDiffer(
            f"{job.settings.main} holds no row of {own} after {settings_of(job).main_class} has written it"
        )
    return tuple(MonthTotals(month, rows, 0, {}) for month, rows in sorted(held.items()))


# --- the classes --------------------------------------------------------------------------------------

CommandWords = Callable[[Java, RunDate], list[str]]


def _run(job: Job, command: CommandWords, step: Step, run_id: str) -> None:
    def attempt() -> None:
        _settle(job, _runs(job))
        _run_once(job, command, step)

    with explaining(state=_MAIN_BROKEN, next_command=""):
        _with_retries(job, attempt)


_MAIN_BROKEN = "the old class drops a month before it writes it: main may lack rows until a run ends well"


def _run_once(job: Job, command: CommandWords, step: Step) -> None:
    java = settings_of(job)
    words = command(java, job.date)
    what = java.temp_class if step is Step.BUILD else java.main_class
    job.tell(f"runs {without_secrets(shlex.join(words))}")
    javaprocess.run(
        words,
        java.working_dir,
        _runs(job),
        what=what,
        deadline_seconds=job.settings.statement_deadline_minutes * 60,
    )


def _with_retries(job: Job, attempt: Callable[[], None]) -> None:
    with_retries(
        attempt,
        lambda error: isinstance(error, JavaFailed) and error.passing,
        retries=job.settings.retries,
        wait_seconds=job.settings.retry_wait_seconds,
    )


def _settle(job: Job, runs: JavaRuns) -> None:
    """End what a killed command left behind: its processes here, and what they had sent to the server."""
    left = runs.left_behind()
    if left is None:
        return
    javaprocess.require_here(runs)
    logger.warning("ending what a killed run left behind: %s", left.what)
    javaprocess.end_left_behind(left)
    with job.engine.session() as session:
        _wait_for_the_server(job, session)
    runs.over()


def _wait_for_the_server(job: Job, session: Session) -> None:
    """Wait until the server lists no other running statement, at most ``orphan_wait_minutes``."""
    if job.engine.capabilities.transactions:  # an embedded engine: its statements end with their process
        return
    give_up = time.monotonic() + job.settings.orphan_wait_minutes * 60
    while _others_run(session):
        if time.monotonic() >= give_up:
            logger.warning("the server may still run a statement of a killed run; tables are counted later")
            return
        time.sleep(_POLL_SECONDS)


def _others_run(session: Session) -> bool:
    """Whether the server runs more than this question. If it cannot say, it may."""
    try:
        rows = session.query(tagged(_SERVERS_STATEMENTS, "java"))
    except StatementFailed:
        return True
    return sum(1 for row in rows if "RUNNING" in map(str, row)) > 1  # one of them is this question


# --- the tables ---------------------------------------------------------------------------------------


def _empty_temp(job: Job, run_id: str) -> None:
    ways = _tables(job, Step.BUILD, run_id).empty_temp()
    with job.engine.session() as session:
        for way in ways[:-1]:
            try:
                session.execute(way)
                return
            except StatementFailed as error:
                logger.info("temp cannot be truncated (%s); it is overwritten with no rows", error.what)
        session.execute(ways[-1])


def _temp_rows(job: Job, step: Step, run_id: str) -> int:
    with job.engine.session() as session:
        ((rows,),) = session.query(_tables(job, step, run_id).temp_rows())
    return int(rows)


def _tables(job: Job, step: Step, run_id: str) -> OldTables:
    return OldTables(job.settings, job.engine.dialect, (str(step), str(job.date), run_id))


def _runs(job: Job) -> JavaRuns:
    return job.java_runs or JavaRuns(job.settings.state_dir)


ACTIONS: dict[Step, Callable[[Job], Marker]] = {
    Step.TRUNCATE: truncate_temp,
    Step.BUILD: build_temp,
    Step.MERGE: merge_main,
}
