"""Ctrl-C and SIGTERM: end the step in hand, start nothing more, leave no child behind.

One handler, in the command and in its workers. Inside a step it raises ``Stopped``, which Luigi records as
a failure of the task. In a command whose workers run the steps it ends those, and lets Luigi collect
their results. Before the first step it ends the process as the signal would have.
"""

from __future__ import annotations

import logging
import mmap
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from types import FrameType
from typing import NoReturn

from ciss_luigi import stopping
from ciss_luigi.errors import Stopped
from ciss_luigi.scheduling.defaults import exit_codes

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SOON_SECONDS = 0.01
_PATIENCE_SECONDS = 10.0


class _State:
    """What the handler must know; ``began`` is memory that the forked workers share."""

    inside_step = False
    began = mmap.mmap(-1, 1)
    leaving: SystemExit | None = None


def install_in_command() -> None:
    """Take over the signals early, where the process is Luigi's command and not one that looks at tasks."""
    if "luigi.cmdline" in sys.modules:
        install()
        Finalize(None, _hear_no_more, exitpriority=-100)


def install() -> None:
    """Take over the signals; does nothing outside the main thread, where Python allows no handlers."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        if signal.getsignal(number) not in (_handle, _pass_over, signal.SIG_IGN):
            signal.signal(number, _handle)


@contextmanager
def step() -> Iterator[None]:
    """Inside this block a signal raises Stopped."""
    install()
    _State.began[0] = 1
    _State.inside_step = True
    try:
        stopping.raise_if_requested()
        yield
    finally:
        _State.inside_step = False


def leave_if_stopped() -> None:
    """Go on leaving before the first step, where a driver has put an error of its own in the way."""
    if _State.leaving is not None:
        raise _State.leaving


def _handle(number: int, frame: FrameType | None) -> None:
    if _is_forking(frame):
        _come_back(number)
        return
    for one in SIGNALS:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, _pass_over)
    stopping.request(signal.Signals(number).name)
    if callable(signal.getsignal(signal.SIGUSR1)):
        signal.raise_signal(signal.SIGUSR1)  # Luigi's own sign for "take no more work"
    if _State.inside_step:
        if not stopping.is_held_back():
            raise Stopped(stopping.requested())
        return
    children = multiprocessing.active_children()
    for child in children:
        _end(child)
    if not _has_begun():
        for child in children:
            child.join(_PATIENCE_SECONDS)
    if _has_begun():
        _leave_once_begun(children)
    else:
        _leave_before_begin(number, children)


def _hear_no_more() -> None:
    """At the very end, with no child left: Python drops its handlers before it is gone with its exit code."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _pass_over(_number: int, _frame: FrameType | None) -> None:
    """A further signal changes nothing. (SIG_IGN would make Python complain of one already on its way.)"""


def _is_forking(frame: FrameType | None) -> bool:
    """Whether a child is being started this very moment: it may run already, and nobody knows it yet."""
    while frame is not None:
        if frame.f_code is BaseProcess.start.__code__:
            return frame.f_locals.get("self") is not multiprocessing.current_process()
        frame = frame.f_back
    return False


def _come_back(number: int) -> None:
    """Send the signal again in a moment."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), number))
    signal.setitimer(signal.ITIMER_REAL, _SOON_SECONDS)


def _end(child: BaseProcess) -> None:
    """Ask a child to end; not by its own ``terminate``, in which Luigi waits for it."""
    if child.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)


def _has_begun() -> bool:
    return bool(_State.began[0] == 1)


def _leave_once_begun(children: list[BaseProcess]) -> None:
    """A failed task's exit code, also when Luigi's count says that the rest was merely not run."""
    codes = exit_codes()
    codes.not_run = max(codes.not_run, codes.task_failed)
    if not children:
        raise SystemExit(codes.task_failed)


def _leave_before_begin(number: int, children: list[BaseProcess]) -> NoReturn:
    """The code that the signal itself would give; at once where Luigi would wait for those just ended."""
    code = 128 + number
    if multiprocessing.parent_process() is None:
        os.write(2, f"stopped by {stopping.requested()} before a step began; nothing was touched\n".encode())
    if children:
        logging.shutdown()
        for child in multiprocessing.active_children():  # a pool replaces those that end
            child.kill()
        os._exit(code)
    exit_codes().task_failed = code  # should Luigi take the exception for a failure of its task
    _State.leaving = SystemExit(code)
    raise _State.leaving
