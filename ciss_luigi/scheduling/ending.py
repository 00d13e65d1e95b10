"""How a command ended: what became of each date's steps, and the exit code that says it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ciss_luigi import exitcodes, stopping
from ciss_luigi.scheduling import luigiprivate
from ciss_luigi.scheduling.command import current, exit_code

_OUTCOMES = {
    "run_by_other_worker": exitcodes.RUNNING_ELSEWHERE,
    "still_pending_ext": exitcodes.SOURCES_MISSING,
    "not_run": exitcodes.NOT_GRANTED,
    "failed": exitcodes.STEP_FAILED,
    "scheduling_error": exitcodes.NOT_ASKED,
}
"""What Luigi's names of outcomes mean."""


def exit_code_of(worker: Any) -> int:
    """The exit code of a command whose worker has ended: of several reasons the worst one's."""
    command = current()
    if command.leaving is not None:
        return int(command.leaving.code or 0)
    outcome = luigiprivate.outcome(worker)
    reasons = set(_reasons(outcome))
    if not reasons and not _is_done(luigiprivate.root_task(worker), outcome):
        reasons.add(exitcodes.NOT_GRANTED)
    if reasons and stopping.requested():
        reasons.add(exitcodes.STEP_FAILED)
    worst = [row.number for row in exitcodes.TABLE if row.number in reasons]
    return exit_code(worst[-1]) if worst else exitcodes.DONE


def _reasons(outcome: Mapping[str, Sequence[Any]]) -> Iterator[int]:
    command = current()
    for name, number in _OUTCOMES.items():
        if outcome[name]:
            is_mistake = name == "scheduling_error" and command.is_misconfigured
            yield exitcodes.CONFIGURATION if is_mistake else number
    if command.left_over:
        yield exitcodes.NOT_GRANTED


def _is_done(task: Any, outcome: Mapping[str, Sequence[Any]]) -> bool:
    return task in outcome["completed"] or task in outcome["already_done"]


@dataclass(frozen=True)
class Summary:
    """What a command has to say of its dates."""

    dates: tuple[dt.date, ...] = ()
    failed: tuple[tuple[dt.date, str], ...] = ()
    reason: str = ""

    @classmethod
    def of(cls, worker: Any) -> Summary:
        """The summary of a worker that has ended."""
        outcome = luigiprivate.outcome(worker)
        dates = {date for tasks in outcome.values() for date, _ in _dated(tasks)}
        failed = tuple(sorted(_dated(outcome["failed"])))
        return cls(tuple(sorted(dates)), failed, _reason(outcome, failed))


def _dated(tasks: Sequence[Any]) -> Iterator[tuple[dt.date, str]]:
    for task in tasks:
        date = getattr(task, "date", None)
        if isinstance(date, dt.date):
            yield date, task.task_family


def _reason(outcome: Mapping[str, Sequence[Any]], failed: Sequence[tuple[dt.date, str]]) -> str:
    if failed:
        date, step = failed[0]
        more = f", and {len(failed) - 1} steps more" if len(failed) > 1 else ""
        return f"{step} of {date} failed{more}"
    words = {
        "scheduling_error": "could not be looked at",
        "still_pending_ext": "lacks sources",
        "not_run": "was not granted by luigid",
        "run_by_other_worker": "is run by another worker",
    }
    for name, what in words.items():
        for date, step in sorted(_dated(outcome[name])):
            return f"{step} of {date} {what}"
    return ""
