"""Ranges of run dates: which tasks cannot be in one, and which ranges Luigi runs only in part.

If a range is beyond one of Luigi's own limits, Luigi ends with 0 and says nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Sequence
from typing import Any

import luigi
from luigi.tools.range import RangeBase, RangeDaily

from ciss_luigi import commands
from ciss_luigi.counting import counted, from_to
from ciss_luigi.errors import BadCommandLine, CissError, ConfigurationError
from ciss_luigi.scheduling.command import current

logger = logging.getLogger("luigi-interface.ciss_luigi")


def look(task: luigi.Task, dated: type[luigi.Task]) -> None:
    """Check a range of dated tasks before anything begins, and say which dates it leaves over.

    Any other task is left alone. Raises BadCommandLine for a task of which no range can be made, and
    ConfigurationError if the settings allow none.
    """
    if not isinstance(task, RangeBase):
        return
    of: Any = task.of
    if issubclass(of, RangeBase):
        what = f"--of {of.task_family} is a range itself: a range is made of a task that runs by the day"
        raise BadCommandLine(what, next_command=commands.dates_example())
    if issubclass(of, dated):
        _require_daily(task, of.task_family)
        _require_dates(task, of.task_family)
        _tell_left_over(task, _required(task))


def _require_daily(task: Any, of: str) -> None:
    """Refuse Luigi's other kinds of range: a run date is not an hour and not a month."""
    if not isinstance(task, RangeDaily):
        what = f"{task.task_family} makes no range of {of}, which runs by the day: RangeDaily does"
        raise BadCommandLine(what, next_command=commands.dates_example(of))
    if task.task_limit < 1:
        what = f"[RangeDaily] task_limit = {task.task_limit} lets a range run no date"
        raise ConfigurationError(what, next_command="set it to 1 or more, then the same command again")


def _require_dates(task: Any, of: str) -> None:
    """Refuse a range that holds no date: Luigi ends with 0 and says nothing."""
    stop = task.stop or _today(task) + dt.timedelta(days=1)
    if (
        task.start is None or task.start < stop or (task.stop and task.start > stop)
    ):  # the last is Luigi's to say
        return
    what = f"this range holds no date: it starts at {task.start} and ends before {stop}"
    again = commands.dates(task.start, task.start + dt.timedelta(days=1), of=of)
    raise BadCommandLine(what, next_command=again)


def _today(task: Any) -> dt.date:
    now = dt.datetime.fromtimestamp(task.now, dt.UTC) if task.now else dt.datetime.now(dt.UTC)
    return now.date()


def _required(task: Any) -> list[luigi.Task]:
    """The dates that a range runs; Luigi keeps the list in the task, so asking twice costs nothing."""
    try:
        return list(task.requires())
    except CissError:
        raise
    except (luigi.parameter.ParameterException, OverflowError, ValueError, OSError) as error:
        what = f"this makes no range: {error} (without --stop a range ends with today, in UTC)"
        raise BadCommandLine(what, next_command=commands.dates_example()) from error


def _tell_left_over(task: Any, mine: Sequence[luigi.Task]) -> None:
    limits = list(_limits(task, len(mine)))
    if not limits:
        return
    widened = task.clone(**{name: widest for name, widest, _ in limits})
    left = sorted({one.date for one in widened.requires()} - {one.date for one in mine})  # type: ignore[attr-defined]
    if left:
        current().left_over = _told(task, left, [words for *_, words in limits])
        logger.warning("%s", current().left_over)


def _limits(task: Any, count: int) -> list[tuple[str, int, str]]:
    """The limits that may have cut a range: name, a value that cuts nothing, and the words for it."""
    today = _today(task)
    found = []
    if count >= task.task_limit:
        found.append(("task_limit", sys.maxsize, f"it runs {task.task_limit:,} at most"))
    if task.start and (today - task.start).days >= task.days_back:
        far = min((today - task.start).days + 1, (today - dt.date.min).days)
        found.append(("days_back", far, f"it goes back {counted(task.days_back, 'day')} at most"))
    # one day more, because stop is the day after the last
    if task.stop and (task.stop - today).days > task.days_forward + 1:
        far = (task.stop - today).days
        found.append(("days_forward", far, f"it goes forward {counted(task.days_forward, 'day')} at most"))
    return found


def _told(task: Any, left: Sequence[dt.date], words: Sequence[str]) -> str:
    stop = left[-1] + dt.timedelta(days=1)
    count = f"{counted(len(left), 'date')} of this range {'is' if len(left) == 1 else 'are'}"
    return (
        f"{count} left over, {from_to(left)}: {', '.join(words)}\n"
        "State: nothing of the dates left over was touched\n"
        f"Next:  {_rest(task, left[0], stop)}"
    )


def _rest(task: Any, start: dt.date, stop: dt.date) -> str:
    """The command that runs what is left over, with the limits that it needs."""
    command = commands.dates(start, stop, of=task.of.task_family, reverse=task.reverse)
    clone = task.clone(start=start, stop=stop)
    wider = [
        f" --{name.replace('_', '-')} {far}" for name, far, _ in _limits(clone, 0) if name.startswith("days_")
    ]
    return command + "".join(wider)
