"""One step of one date, from its lock to its marker: the order that makes a kill cost only a re-run.

Ledger: start. Data. Marker. Ledger: end. The marker is the proof, the ledger the story.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext

from ciss_luigi import steps
from ciss_luigi.errors import CissError, EngineUnavailable, StepFailed, Stopped
from ciss_luigi.retry import with_retries
from ciss_luigi.rundate import RunDate
from ciss_luigi.site import Queue, Site
from ciss_luigi.state.ledger import Outcome
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps import Job

logger = logging.getLogger("luigi-interface.ciss_luigi")

_ACTIONS: dict[Step, Callable[[Job], Marker]] = {
    Step.TRUNCATE: steps.truncate_temp,
    Step.BUILD: steps.build_temp,
    Step.MERGE: steps.merge_main,
}
_STATES = {
    Step.TRUNCATE: "main was not touched; no marker was written",
    Step.BUILD: "main was not touched; temp is rebuilt by the next run",
    Step.MERGE: "each month of main holds its old rows or the new ones; the next run proves or repeats them",
}


def is_done(site: Site, date: RunDate, step: Step) -> bool:
    """Whether a step needs no run: a look at its marker, never at the engine."""
    if step is Step.MERGE:
        return site.markers.is_merged(date)
    return site.markers.read(date, step) is not None


def perform(
    site: Site,
    date: RunDate,
    step: Step,
    *,
    tell: Callable[[str], None],
    queue: Queue = nullcontext,
) -> None:
    """Do one step and write its marker; the caller holds the date's lock.

    Raises StepFailed with what failed, what state the data is in and the next command; Stopped.
    """
    attempt = _open(site, date, step)
    try:
        marker = _attempt(_job(site, date, tell, queue), step)
        site.markers.write(marker)
    except Stopped as stop:
        _close(site, date, attempt, Outcome.STOPPED, str(stop))
        raise
    except (CissError, OSError) as error:
        failure = _explained(error, date, step)
        _close(site, date, attempt, Outcome.FAILED, str(failure))
        raise failure from error
    except BaseException as error:
        _close(site, date, attempt, Outcome.FAILED, f"{type(error).__name__}: {error}")
        raise
    _close(site, date, attempt, Outcome.DONE)


def _job(site: Site, date: RunDate, tell: Callable[[str], None], queue: Queue) -> Job:
    return Job(
        site.settings,
        site.engine(queue),
        site.markers,
        site.month_locks,
        date,
        tell,
        build_engine=site.build_engine(),
        refreshed=site.refreshed_engines(),
    )


def _attempt(job: Job, step: Step) -> Marker:
    return with_retries(
        lambda: _ACTIONS[step](job),
        job.engine.is_transient,
        retries=job.settings.retries,
        wait_seconds=job.settings.retry_wait_seconds,
    )


def _explained(error: CissError | OSError, date: RunDate, step: Step) -> StepFailed:
    """The failure in full: what, state, next; inside a step an absent engine is a failed step."""
    again = f"luigi --module ciss_luigi MergeMain --date {date}"
    if isinstance(error, OSError):
        return StepFailed(f"{step} of {date}: {error}", state=_STATES[step], next_command=again)
    kind = (
        StepFailed
        if isinstance(error, EngineUnavailable) or not isinstance(error, StepFailed)
        else type(error)
    )
    return kind(
        f"{step} of {date}: {error.what}",
        state=error.state or _STATES[step],
        next_command=error.next_command or again,
    )


def _open(site: Site, date: RunDate, step: Step) -> str:
    try:
        return site.ledger.start(date, step)
    except OSError as error:
        raise _explained(error, date, step) from error


def _close(site: Site, date: RunDate, attempt: str, outcome: Outcome, error: str = "") -> None:
    """End the attempt's entry; a ledger that cannot be written must not hide how the step ended."""
    try:
        site.ledger.end(date, attempt, outcome, error)
    except OSError as trouble:
        logger.warning("the run ledger could not be written: %s", trouble)
