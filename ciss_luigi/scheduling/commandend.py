"""Luigi's command in the ledger of commands: that it begins, and with which exit code it ends.

Luigi leaves by ``sys.exit`` in many places and tells nobody the code, and Python has forgotten it when its
own exit handlers run. So ``sys.exit`` is replaced, in the command's process alone, by one that keeps it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from multiprocessing.util import Finalize
from types import TracebackType
from typing import ClassVar, NoReturn

from ciss_luigi import site
from ciss_luigi.state import thiscommand

logger = logging.getLogger("luigi-interface.ciss_luigi")

_LAST_BUT_ONE = -50
"""After all children have ended (Luigi's workers, with 0 and above), before signals are heard no more."""
_HELP = {"-h", "--help", "--help-all"}
_exit = sys.exit


class _Ending:
    """The exit code, as far as it is known."""

    code: ClassVar[int] = 0
    acts: ClassVar[list[Callable[[int], None]]] = [thiscommand.end]


def install_in_command() -> None:
    """Write down that the command begins, and see to it that its end is; does nothing outside a command."""
    if "luigi.cmdline" not in sys.modules or _HELP.intersection(sys.argv):
        return
    folder = site.state_dir_in_spite_of_faults()
    if folder is not None:
        thiscommand.begin(site.command_ledger(folder), sys.argv[1:])
    sys.exit = _exit_with
    Finalize(None, _end, exitpriority=_LAST_BUT_ONE)


def heed_uncaught_errors() -> None:
    """Keep that Python ends with 1 after an error that nobody caught; around all other hooks for them."""
    if "luigi.cmdline" in sys.modules:
        sys.excepthook = _then_1(sys.excepthook)


def at_the_end(act: Callable[[int], None]) -> None:
    """Have something done when the command ends, with its exit code, once its end is written down."""
    _Ending.acts.append(act)


def leave(code: int) -> SystemExit:
    """What to raise to end the command with this code."""
    _Ending.code = code
    return SystemExit(code)


def end_now(code: int) -> None:
    """Write down the end of a command that leaves by ``os._exit``."""
    _Ending.code = code
    _end()


def _exit_with(status: object = None, /) -> NoReturn:
    """``sys.exit``, by Python's own rules: None is 0, and what is no number is printed and is 1."""
    _Ending.code = status if isinstance(status, int) else 0 if status is None else 1
    _exit(status)  # type: ignore[arg-type]


_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def _then_1(otherwise: _Hook) -> _Hook:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _Ending.code = 1
        otherwise(kind, error, trace)
        if not thiscommand.has_noted():
            thiscommand.note(f"{kind.__name__}: {error}")

    return hook


def _end() -> None:
    acts, _Ending.acts = _Ending.acts, []
    for act in acts:
        try:
            act(_Ending.code)
        except Exception as error:  # no act may change the exit code, or keep the next one from its turn
            logger.warning("%s: %s", type(error).__name__, error)
