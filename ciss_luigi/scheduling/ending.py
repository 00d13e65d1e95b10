"""How a command ended: what happened to each date's steps, and the exit code for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ciss_luigi import exitcodes, site, stopping
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.counting import counted
from ciss_luigi.scheduling import asking, luigiprivate
from ciss_luigi.scheduling.command import current

_OUTCOMES = {
    "run_by_other_worker": exitcodes.RUNNING_ELSEWHERE,
    "still_pending_ext": exitcodes.SOURCES_MISSING,
    "not_run": exitcodes.NOT_GRANTED,
    "failed": exitcodes.STEP_FAILED,
    "scheduling_error": exitcodes.NOT_ASKED,
}
"""The number in our table for each of Luigi's names of outcomes."""


def number_of(worker: Any) -> int:
    """The exit code in our table of a command whose worker has ended; if there are several, the worst."""
    command = current()
    if command.leaving is not None:
        return int(command.leaving.code or 0)
    outcome = luigiprivate.outcome(worker)
    reasons = set(_reasons(outcome))
    if exitcodes.NOT_GRANTED in reasons and _is_elsewhere(worker, outcome, reasons):
        reasons = {*reasons - {exitcodes.NOT_GRANTED}, exitcodes.RUNNING_ELSEWHERE}
    if not reasons and not _is_done(luigiprivate.root_task(worker), outcome):
        reasons.add(exitcodes.NOT_GRANTED)
    if reasons and stopping.requested():  # the signal is why steps were not run
        reasons.add(exitcodes.STEP_FAILED)
    worst = [row.number for row in exitcodes.TABLE if row.number in reasons]
    return worst[-1] if worst else exitcodes.DONE


def _reasons(outcome: Mapping[str, Sequence[Any]]) -> Iterator[int]:
    yield from (number for name, number in _OUTCOMES.items() if outcome[name])
    if current().left_over:
        yield exitcodes.NOT_GRANTED


def _is_elsewhere(worker: Any, outcome: Mapping[str, Sequence[Any]], reasons: set[int]) -> bool:
    """Whether another command runs a date that luigid did not grant, or a killed one did.

    In a range this is said only if every such date was run by a killed command: two ranges that overlap do
    not know of each other which dates are left.
    """
    command = current()
    if command.is_range:
        return not command.left_over and _were_killed(worker, outcome)
    return exitcodes.RUNNING_ELSEWHERE in reasons or bool(asking.run_elsewhere(worker))


def _were_killed(worker: Any, outcome: Mapping[str, Sequence[Any]]) -> bool:
    """Whether luigid waits for a dead command in each date of a range that it did not grant.

    luigid says that a command runs the date, and nobody holds the date's lock.
    """
    waiting = {date for date, _ in _dated(outcome["not_run"])}
    believed = {date for date, _ in _dated(asking.run_elsewhere(worker))}
    here = site.current()
    return bool(waiting) and all(
        date in believed and here.date_lock(RunDate(date)).holder() is None for date in waiting
    )


def _is_done(task: Any, outcome: Mapping[str, Sequence[Any]]) -> bool:
    return task in outcome["completed"] or task in outcome["already_done"]


DateStep = tuple[dt.date, str]


@dataclass(frozen=True)
class Ending:
    """What happened to the dates and steps of a command."""

    dates: tuple[dt.date, ...] = ()
    completed: tuple[DateStep, ...] = ()
    already: tuple[DateStep, ...] = ()
    failed: tuple[DateStep, ...] = ()
    missing: tuple[dt.date, ...] = ()
    elsewhere: tuple[DateStep, ...] = ()
    ungranted: tuple[DateStep, ...] = ()
    unasked: bool = False
    """Whether anything could not even be looked at."""
    before: tuple[dt.date, ...] = ()
    """The dates of a range that is done which Luigi did not schedule: they were done before."""
    step: str = ""
    """The task, if one before MergeMain was asked for."""

    @classmethod
    def of(cls, worker: Any) -> Ending:
        """The ending of a worker that has ended."""
        outcome, root = luigiprivate.outcome(worker), luigiprivate.root_task(worker)
        dates = {date for tasks in outcome.values() for date, _ in _dated(tasks)}
        return cls(
            tuple(sorted(dates)),
            tuple(sorted(_dated(outcome["completed"]))),
            tuple(sorted(_dated(outcome["already_done"]))),
            tuple(sorted(_dated(outcome["failed"]))),
            tuple(sorted(date for date, _ in _dated(outcome["still_pending_ext"]))),
            tuple(sorted(_dated(outcome["run_by_other_worker"]))),
            tuple(sorted(_dated(outcome["not_run"]))),
            bool(outcome["scheduling_error"]),
            tuple(_left_out_of(root, dates)) if _is_done(root, outcome) else (),
            _step_alone(root),
        )

    @property
    def alone(self) -> str:
        """If a task before MergeMain was asked for: the words that it does not update main."""
        return f"main is not updated by {self.step} alone" if self.step else ""

    @property
    def reason(self) -> str:
        """In one line why the command did not end well, or ""."""
        kinds = [
            (self.failed, "failed"),
            (tuple((date, "SourcesReady") for date in self.missing), "lacks sources"),
            (self.ungranted, "was not granted by luigid"),
            (self.elsewhere, "is run by another command"),
        ]
        for steps, what in kinds:
            if steps:
                more = f", and {counted(len(steps) - 1, 'more step')}" if len(steps) > 1 else ""
                return f"{steps[0][1]} of {steps[0][0]} {what}{more}"
        return "some tasks could not be looked at" if self.unasked else ""


def _left_out_of(root: Any, dates: Set[dt.date]) -> Iterator[dt.date]:
    """The dates of a range, if the task that was asked for is one, that are not among ``dates``."""
    start, stop = getattr(root, "start", None), getattr(root, "stop", None)
    if not hasattr(root, "of") or not isinstance(start, dt.date) or not isinstance(stop, dt.date):
        return
    if not current().left_over:  # those were not done at all
        days = (start + dt.timedelta(days=number) for number in range((stop - start).days))
        yield from (day for day in days if day not in dates)


def _step_alone(root: Any) -> str:
    step: str = getattr(root, "of", type(root)).task_family  # of a range, or of a task alone
    return step if step in ("SourcesReady", "TruncateTemp", "BuildTemp") else ""


def _dated(tasks: Sequence[Any]) -> Iterator[DateStep]:
    for task in tasks:
        date = getattr(task, "date", None)
        if isinstance(date, dt.date):
            yield date, task.task_family
