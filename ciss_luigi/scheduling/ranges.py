"""What Luigi cannot make a run of: option values that it cannot read, bounds and kinds that make no range.

And what it makes only a part of: a range with more dates to run than its limit.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import re
import sys
import traceback
from typing import Any

import luigi
import luigi.parameter
from luigi.tools.range import RangeBase, RangeDaily

from ciss_luigi.errors import ConfigurationError
from ciss_luigi.scheduling.defaults import blame_the_user, not_all_was_run

logger = logging.getLogger("luigi-interface.ciss_luigi")

EXAMPLE = "luigi --module ciss_luigi RangeDaily --of MergeMain --start 2016-11-01 --stop 2016-12-01"
_UNTOUCHED = "nothing was touched"
# Luigi logs what a range says of its bounds as the last line of a traceback
_REFUSED = re.compile(r".*\nTraceback .*^luigi\.parameter\.\w*ParameterException: (.*)\Z", re.DOTALL | re.M)


def unreadable_value(error: BaseException) -> tuple[str, str, str] | None:
    """What failed, the state and the next command, where Luigi was reading the value of an option.

    Luigi's own error names neither the option nor, for a day that its month does not have, the value.
    """
    if error.__cause__ is not None:
        return unreadable_value(error.__cause__)
    name = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_locals.get("param_name", name)
        if frame.f_code.co_name == "parse" and frame.f_globals.get("__name__") == luigi.parameter.__name__:
            parameter, value = (frame.f_locals[one] for one in frame.f_code.co_varnames[:2])
            given = f"--{name.replace('_', '-')} {value!r}"
            if isinstance(parameter, luigi.DateParameter):
                return f"{given} is no date; a date looks like 2016-11-22", _UNTOUCHED, EXAMPLE
            return f"{given} cannot be used: {error}", _UNTOUCHED, "the same command with another value"
    return None


def refusal(text: str) -> str | None:
    """The text for options that make no range, out of what Luigi logs of them."""
    refused = _REFUSED.match(text)
    if refused is None:
        return None
    what = f"this makes no range: {refused[1].strip()} (without --stop a range ends with today, in UTC)"
    return f"{what}\nState: {_UNTOUCHED}\nNext:  {EXAMPLE}"


def allow_only_daily(dated: type[luigi.Task]) -> None:
    """Refuse Luigi's other ranges of such tasks.

    A run date is neither an hour nor a month, and they end in 0 with nothing built where all of it lies
    farther back than their limits. RangeDaily's own are widened (defaults), and must let it run something.
    """
    require = RangeBase.requires

    def requires(self: Any) -> Any:
        if issubclass(self.of, dated) and not isinstance(self, RangeDaily):
            kind, one = self.task_family, self.of.task_family
            what = f"{kind} makes no range of {one}, which runs by the day: RangeDaily does"
            raise ConfigurationError(what, next_command=EXAMPLE.replace("MergeMain", one))
        if issubclass(self.of, dated) and self.task_limit < 1:
            what = f"[RangeDaily] task_limit = {self.task_limit} lets a range run no date"
            raise ConfigurationError(what, next_command="set it to 1 or more, then the same command again")
        return require(self)  # type: ignore[no-untyped-call]

    RangeBase.requires = requires  # type: ignore[method-assign]


class LeftOver:
    """What ranges of this command leave to another one; said when they begin and with Luigi's summary."""

    text = ""


def tell_left_over(dated: type[luigi.Task]) -> None:
    """Have ranges of such tasks say what their ``task_limit`` cuts off; Luigi ends in 0 without a word."""

    @RangeDaily.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)  # type: ignore[no-untyped-call,untyped-decorator]
    def tell(task: RangeDaily, _date: luigi.Task) -> None:
        if issubclass(task.of, dated):
            _tell_left_over(task)


@functools.cache  # Luigi says of each date that the range requires it
def _tell_left_over(task: RangeDaily) -> None:
    left = _left_over(task)
    if left:
        LeftOver.text = _told_left_over(task, left)
        logger.warning("%s", LeftOver.text)
        not_all_was_run()


def _left_over(task: RangeDaily) -> list[dt.date]:
    """The dates that are not done and not among those that this range runs."""
    mine = set(task.requires())  # type: ignore[no-untyped-call]
    if len(mine) < task.task_limit:
        return []
    every = task.clone(task_limit=sys.maxsize).requires()  # type: ignore[no-untyped-call]
    return sorted(one.date for one in every if one not in mine)


def _told_left_over(task: RangeDaily, left: list[dt.date]) -> str:
    stop = left[-1] + dt.timedelta(days=1)
    count = "1 date of this range is" if len(left) == 1 else f"{len(left)} dates of this range are"
    return (
        f"{count} left over: it runs {task.task_limit} at most "
        "([RangeDaily] task_limit)\n"
        "State: of what is left over nothing was touched\n"
        f"Next:  luigi --module ciss_luigi RangeDaily --of {task.of.task_family} "
        f"--start {left[0]} --stop {stop}{' --reverse' if task.reverse else ''}"
    )


@luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)  # type: ignore[no-untyped-call,untyped-decorator]
def _refuse(task: luigi.Task) -> None:
    """What makes no range is a user's mistake; Luigi takes it for a failure of scheduling."""
    if not isinstance(task, RangeBase):
        return
    try:
        task.requires()  # type: ignore[no-untyped-call]
    except (luigi.parameter.ParameterException, ConfigurationError):
        blame_the_user()
