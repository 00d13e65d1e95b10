"""Runs one step of one date; after a kill at any point a re-run finishes it.

The order is: start in the ledger, data, marker, end in the ledger. The marker is the proof; the ledger tells
what happened.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

from ciss_luigi import commands, steps, stopping
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import (
    GIVE_IT,
    MACHINE_LACKS,
    CissError,
    EngineUnavailable,
    StatementFailed,
    StepFailed,
    Stopped,
    TempChanged,
    TotalsDiffer,
)
from ciss_luigi.plaintext import without_secrets
from ciss_luigi.retry import with_retries
from ciss_luigi.site import Queue, Site, Watch, ignore
from ciss_luigi.state import owners
from ciss_luigi.state.commandledger import COMMAND
from ciss_luigi.state.files import OddFile
from ciss_luigi.state.ledger import Outcome, Result
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps import Job, RebuildBudget
from ciss_luigi.steps.known import Known

logger = logging.getLogger("luigi-interface.ciss_luigi")

_STATES = {
    Step.TRUNCATE: "main was not touched; no marker was written",
    Step.BUILD: "main was not touched; temp is rebuilt by the next run",
    Step.MERGE: "every month in main is whole, old or new; run again to finish",
}


def perform(
    site: Site,
    date: RunDate,
    step: Step,
    *,
    tell: Callable[[str], None],
    queue: Queue = nullcontext,
    watch: Watch = ignore,
    command: str = COMMAND,
    known: Known | None = None,
) -> None:
    """Do one step and write its marker; the caller holds the date's lock.

    ``tell`` gets what the step has to say. ``queue`` is where workers of one command wait for an embedded
    file; ``watch`` hears how far a statement is. ``command`` is the id of the command: all its steps together
    may rebuild temp once. ``known`` is what earlier steps have learned, if the caller has held the lock since
    then.

    Raises StepFailed, which says what failed, what state the data is in and the next command; and Stopped.
    """
    entry = _Entry(site, date, step)
    try:
        with stopping.held_back():
            entry.begin()
        # if an embedded file is gone, the engine would make an empty one in its place
        # (TruncateTemp may have to make the first one: it is stopped only if some date has a marker)
        site.require_warehouse(None if step is Step.TRUNCATE else date)
        job = _job(site, date, tell, queue, watch)
        marker = _attempt(replace(job, budget=entry.budget(command), known=known or Known()), step)
        stopping.raise_if_requested()  # before the marker: a stopped step must not count as done
        with stopping.held_back():  # a signal in between would leave a marker, and an attempt without an end
            site.markers.write(marker)
            entry.end(Outcome.DONE, result=Result.of(marker))
    except BaseException as error:  # signals, too: every attempt that is not killed has an end in the ledger
        failure = _failure(error, date, step)
        told = without_secrets(_told(failure))
        outcome = Outcome.STOPPED if isinstance(failure, Stopped) else Outcome.FAILED
        entry.end(outcome, told, kind=type(failure).__name__)
        if failure is error:
            raise
        raise failure from error


class _Entry:
    """The entry of one attempt in the ledger; only the first call of ``end`` counts."""

    def __init__(self, site: Site, date: RunDate, step: Step) -> None:
        self._ledger = site.ledger
        self._date = date
        self._step = step
        self._attempt = ""

    def begin(self) -> None:
        """Write the start; raises OSError."""
        self._attempt = self._ledger.start(self._date, self._step)

    def budget(self, command: str) -> RebuildBudget:
        """How often this attempt may rebuild temp: once, or not at all if an earlier step has done so."""
        left = 0 if self._ledger.has_rebuilt(self._date, command) else 1
        return RebuildBudget(left, lambda: self._ledger.rebuild(self._date, self._attempt, command))

    def end(self, outcome: Outcome, error: str = "", *, result: Result | None = None, kind: str = "") -> None:
        """Write the end; if that fails, only a warning is logged."""
        attempt, self._attempt = self._attempt, ""
        if not attempt:
            return
        try:
            self._ledger.end(self._date, attempt, outcome, error, result=result, kind=kind)
        except OSError as trouble:
            logger.warning("the run ledger could not be written: %s", trouble)


def _job(site: Site, date: RunDate, tell: Callable[[str], None], queue: Queue, watch: Watch) -> Job:
    return Job(
        site.settings,
        site.engine(queue, watch),
        site.markers,
        site.month_locks,
        date,
        lambda message: tell(f"{date}: {message}"),
        build_engine=site.build_engine(watch),
        impalas=site.impalas(),
        java_runs=site.java_runs,
    )


def _attempt(job: Job, step: Step) -> Marker:
    return with_retries(
        lambda: steps.actions(job.settings.loader)[step](job),
        job.engine.is_transient,
        retries=job.settings.retries,
        wait_seconds=job.settings.retry_wait_seconds,
    )


def _failure(error: BaseException, date: RunDate, step: Step) -> BaseException:
    """What an error means for the step; after a signal it is Stopped, whatever error the driver raised."""
    name = error.signal_name if isinstance(error, Stopped) else stopping.requested()
    if name:
        return Stopped(name, state=_STATES[step], next_command=commands.merge(date))
    return _explained(error, date, step) if isinstance(error, CissError | OSError) else error


_STAYS_WRONG = (StatementFailed, TempChanged, TotalsDiffer)
"""Errors that a re-run alone will not fix: a statement was refused, or something was wrong twice."""


def _is_in_the_way(error: OSError) -> bool:
    """Whether something else is in a file's place; ENXIO: a pipe that nobody reads."""
    odd = isinstance(error, IsADirectoryError | NotADirectoryError | FileExistsError | OddFile)
    return odd or error.errno == errno.ENXIO


def _told(failure: BaseException) -> str:
    return (
        str(failure) if isinstance(failure, CissError | Stopped) else f"{type(failure).__name__}: {failure}"
    )


def _following(error: CissError | OSError, date: RunDate) -> str:
    """What to do about an error, without which the same command would fail again."""
    again = commands.merge(date)
    number = error.errno if isinstance(error, OSError) else getattr(error, "number", 0)
    if isinstance(error, OSError) and _is_in_the_way(error):
        return f"remove what is in its place, then {again}"
    if number in MACHINE_LACKS and number != errno.EROFS:  # a read-only mount stays one
        return f"{GIVE_IT} {again}"
    # exactly these types: what their subclasses say, a lost line or a deadline, may be over at the next run
    stays = number or type(error) in _STAYS_WRONG
    return f"{commands.check(date)}, then {again}" if stays else again


def _explained(error: CissError | OSError, date: RunDate, step: Step) -> StepFailed:
    """The failure in full: what failed, state, next. Inside a step an absent engine is a failed step."""
    following = _following(error, date)
    if isinstance(error, OSError):
        return StepFailed(
            f"{step} of {date}: {error}{owners.words(error)}", state=_STATES[step], next_command=following
        )
    kind = (
        StepFailed
        if isinstance(error, EngineUnavailable) or not isinstance(error, StepFailed)
        else type(error)
    )
    return kind(
        f"{step} of {date}: {error.what}",
        state=error.state or _STATES[step],
        next_command=error.next_command or following,
    )
