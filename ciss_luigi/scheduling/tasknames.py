"""A task name that Luigi does not know: Luigi says so with a traceback, before it has a log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from difflib import get_close_matches
from types import TracebackType

from luigi.task_register import Register, TaskClassAmbigiousException, TaskClassNotFoundException

from ciss_luigi import commands
from ciss_luigi.scheduling import luigiprivate, messages

_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def install_in_command() -> None:
    """Explain such a name at the end of Luigi's command; Python's exit code of 1 stays."""
    sys.excepthook = task_name_hook(sys.excepthook)


def task_name_hook(otherwise: _Hook) -> _Hook:
    """A hook for uncaught errors that leaves errors of other kinds to ``otherwise``."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        explanation = _explanation(error)
        if explanation is None:
            otherwise(kind, error, trace)
        else:
            messages.say_before_the_log(explanation)

    return hook


def _explanation(error: BaseException) -> str | None:
    """What failed, the state and the next command, or None for an error of another kind."""
    if isinstance(error, TaskClassNotFoundException):
        what, again = _unknown(str(error))
    elif isinstance(error, TaskClassAmbigiousException):
        what, again = f"{error}: several have this name", "rename the others, then the same command again"
    else:
        return None
    return f"{what}\nState: nothing was touched\nNext:  {again}"


def _unknown(text: str) -> tuple[str, str]:
    """What failed and the next command, read from Luigi's text: the name, and what it offers instead."""
    name = text.removeprefix(luigiprivate.UNKNOWN_TASK)
    for offer in luigiprivate.OFFERS:
        name = name.partition(offer)[0]
    names = _names()
    near = get_close_matches(name, names, n=1)
    if not near:
        what = f"No task {name}. The task comes before its options, and is one of {', '.join(names)}"
        return what, commands.merge()
    again = commands.dates_example() if near[0] == "RangeDaily" else commands.step(near[0])
    return f"No task {name}. Did you mean {near[0]}?", again


def _names() -> list[str]:
    """The tasks that a command can name, without Luigi's own building blocks."""
    names = Register.task_names()  # type: ignore[no-untyped-call]
    return [name for name in names if name == "RangeDaily" or not _is_luigis(name)]


def _is_luigis(name: str) -> bool:
    try:
        return Register.get_task_cls(name).__module__.startswith("luigi.")  # type: ignore[no-untyped-call,no-any-return]
    except TaskClassAmbigiousException:
        return False
