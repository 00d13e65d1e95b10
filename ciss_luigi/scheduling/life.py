"""The life of a command: it begins, Luigi runs it, it ends with a code that all observers are told."""

from __future__ import annotations

import functools
import logging
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from multiprocessing.util import Finalize
from types import TracebackType
from typing import Any

import luigi

from ciss_luigi import exitcodes, observers, stopping
from ciss_luigi.errors import BadCommandLine, BadRunDate, CissError, ConfigurationError
from ciss_luigi.observers import CommandEnd
from ciss_luigi.plaintext import without_secrets
from ciss_luigi.scheduling import (
    between,
    commandline,
    ending,
    guard,
    luigiprivate,
    luigisections,
    messages,
    ranges,
    signals,
    summary,
    workers,
)
from ciss_luigi.scheduling.command import current, exit_code, own_number

logger = logging.getLogger("luigi-interface.ciss_luigi")

_PATIENCE_SECONDS = 10.0
_LAST_BUT_ONE = -50
"""After all children have ended, and before signals are ignored."""


def install(dated: type[luigi.Task]) -> None:
    """Put our beginning and end around Luigi's command; ``dated``: the class of tasks with a run date."""
    command = current()
    luigisections.hide_passwords(command.begin.arguments)
    observers.command_begins(command.begin)
    command.give_up = end
    luigiprivate.replace_run(functools.partial(_live, dated))
    sys.excepthook = _noting(sys.excepthook)
    Finalize(None, _end_without_options, exitpriority=_LAST_BUT_ONE)


_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def _noting(otherwise: _Hook) -> _Hook:
    """Note what Luigi raised while it read the command line; after it Python ends with 1."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        current().reason = current().reason or f"{kind.__name__}: {error}"
        otherwise(kind, error, trace)

    return hook


def _end_without_options() -> None:
    """The end of a command whose options Luigi could not read: 2 for a flag, 1 for a task."""
    command = current()
    if not command.has_options and luigiprivate.is_luigis_command():
        is_flag = not command.reason and luigiprivate.names_task(command.begin.arguments)
        command.give_up(exitcodes.USAGE if is_flag else exitcodes.NO)


def _live(dated: type[luigi.Task], argv: Sequence[str]) -> Any:
    """Do what Luigi's command does, and end with a code of ours."""
    command = current()
    command.has_options = True
    result = None
    code = exitcodes.STEP_FAILED  # whatever ends this early is never heard of as a success
    try:
        with commandline.root_task(argv) as task:
            _look(task, dated)
            result = luigiprivate.schedule_and_run(task, workers.Factory())
        number = ending.number_of(result.worker)
        code = exit_code(number)
        summary.tell(result.worker, number)
        signals.hear_no_more()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except Exception as error:  # whatever it is, the command must end with a code of ours
        code = _uncaught(error)
    finally:
        end(code, result)
    raise SystemExit(code)  # here, or Luigi would end with a code of its own


def _look(task: luigi.Task, dated: type[luigi.Task]) -> None:
    """What is asked for, before anything begins: a date alone, or several."""
    current().is_range = not isinstance(task, dated)
    ranges.look(task, dated)


def _uncaught(error: Exception) -> int:
    """Say in words what Luigi would answer with a traceback, if the text explains it; returns the code."""
    current().reason = messages.explanation(error) or f"{type(error).__name__}: {error}"
    current().error = error
    if _has_log():
        current().said.clear()  # these are the last words: they say in full what may have been said before
        logger.error("", exc_info=error)
    else:
        messages.say_before_the_log(current().reason)
    return exit_code(_number(error))


def _has_log() -> bool:
    """Whether Luigi's log exists: Luigi makes it late, and not at all if its own file is faulty."""
    try:
        luigiprivate.set_up_log()
    except Exception:  # whatever a faulty logging file makes Python's logging raise
        return False
    return logger.hasHandlers()


def _number(error: Exception) -> int:
    if isinstance(error, CissError):
        return error.exit_code
    if messages.machine_fault(error) is not None:
        return exitcodes.STEP_FAILED if current().has_begun else exitcodes.NOT_ASKED
    return exitcodes.CONFIGURATION


def end(code: int, result: Any = None) -> None:
    """Free the locks, then tell all observers; they hear of it once."""
    command = current()
    command.give_up = lambda _code: None  # whatever comes now, the end is not told a second time
    signals.hear_no_more()
    for child in multiprocessing.active_children():
        # it has reported its result, but holds the command's locks until it has ended
        child.join(_PATIENCE_SECONDS)
    guard.release_all()
    how = ending.Ending.of(result.worker) if result else ending.Ending()
    reason = command.reason or (how.reason if code else "")
    if code and stopping.requested() and command.has_begun and not how.failed and not command.reason:
        reason = between.told()
    observers.command_ends(
        CommandEnd(
            command.begin,
            code,
            without_secrets(reason),
            how.dates,
            how.failed,
            stopping.requested(),
            command.has_begun,
            own_number(code),
            type(command.error).__name__ if command.error else "",
            is_usage=isinstance(command.error, BadCommandLine | BadRunDate),
            is_configuration=_is_configuration(command.error),
        )
    )


def _is_configuration(error: Exception | None) -> bool:
    """Whether an error is about the configuration, and not about what was typed."""
    return isinstance(error, ConfigurationError) and not isinstance(error, BadCommandLine)
