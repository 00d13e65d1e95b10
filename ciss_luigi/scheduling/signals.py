"""Ctrl-C and SIGTERM: end the running step, start nothing more, leave no child behind.

There is one handler, for the command and for its workers. Inside a step it raises ``Stopped``, which Luigi
records as a failure of the task. If workers run the steps, the command's handler ends the workers, and lets
Luigi collect their results. Before the first step it ends the process as the signal would have.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from types import FrameType
from typing import NoReturn

from ciss_luigi import exitcodes, stopping
from ciss_luigi.errors import Stopped
from ciss_luigi.scheduling.cancelling import watching
from ciss_luigi.scheduling.command import current, exit_code

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SOON_SECONDS = 0.01
_PATIENCE_SECONDS = 10.0


def install_in_command() -> None:
    """Handle the signals early, in Luigi's command; its children end with it."""
    install()
    Finalize(None, hear_no_more, exitpriority=-100)
    _end_children_with_command()


def install() -> None:
    """Handle the signals; does nothing outside the main thread, where Python allows no handlers."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        # SIG_IGN: whoever started this process wants it so; a shell does that to background jobs
        if signal.getsignal(number) not in (_handle, _pass_over, signal.SIG_IGN):
            signal.signal(number, _handle)


@contextmanager
def step() -> Iterator[None]:
    """Inside this block a signal raises Stopped."""
    install()
    current().note_step()
    current().is_inside_step = True
    try:
        stopping.raise_if_requested()
        with watching(SIGNALS):
            yield
    finally:
        current().is_inside_step = False


def leave_if_stopped() -> None:
    """Exit before the first step, if a signal asked for it and a driver raised its own error instead."""
    leaving = current().leaving
    if leaving is not None:
        raise leaving


def _handle(number: int, frame: FrameType | None) -> None:
    if stopping.wait(number):
        return
    if _is_forking(frame):
        _come_back(number)
        return
    _start_nothing_more()
    stopping.request(signal.Signals(number).name)
    if current().is_inside_step:
        raise Stopped(stopping.requested())
    children = multiprocessing.active_children()
    for child in children:
        _end(child)
    if not current().has_begun:
        for child in children:
            child.join(_PATIENCE_SECONDS)
    if current().has_begun:
        _leave_once_begun(children)
    else:
        _leave_before_begin(number, children)


def _start_nothing_more() -> None:
    """Ignore further signals, and give Luigi its own sign for "take no more work"."""
    for one in SIGNALS:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, _pass_over)
    if callable(signal.getsignal(signal.SIGUSR1)):
        signal.raise_signal(signal.SIGUSR1)


def _end_children_with_command() -> None:
    """Let no child outlive this process, except to finish its current step.

    The children wait for the end of a pipe that only this process can write to: it ends, whatever kills this
    process. Without it a worker would keep the date's lock for ever.
    """
    reading, writing = map(os.fdopen, os.pipe(), ("rb", "wb"))

    def wait_for_end() -> None:
        reading.read()
        if not current().is_inside_step:
            os._exit(1)

    def begin() -> None:
        writing.close()
        threading.Thread(target=wait_for_end, daemon=True, name="ciss command").start()

    os.register_at_fork(after_in_child=begin)


def hear_no_more() -> None:
    """At the very end, when no child is left, ignore signals: Python drops its handlers before it exits."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _pass_over(_number: int, _frame: FrameType | None) -> None:
    """Ignore a further signal; with SIG_IGN Python would complain about one that is on its way."""


def _is_forking(frame: FrameType | None) -> bool:
    """Whether a child is being started at this moment: it may run already, and nobody knows it yet."""
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
    """Ask a child to end; not by its ``terminate``, in which Luigi waits for it."""
    if child.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)


def _leave_once_begun(children: list[BaseProcess]) -> None:
    """Exit as after a failed step; if children are at work, Luigi collects their results first."""
    if not children:
        raise SystemExit(exit_code(exitcodes.STEP_FAILED))


def _leave_before_begin(number: int, children: list[BaseProcess]) -> NoReturn:
    """Exit with the signal's own code; at once, if Luigi would wait for children that have just ended."""
    code = 128 + number
    if multiprocessing.parent_process() is not None:
        os._exit(code)  # a worker that has begun nothing has nothing to clean up
    words = f"stopped by {stopping.requested()} before a step began; nothing was touched"
    command = current()
    command.reason = words
    # not by print or logging: the signal may have come in the middle of a write of theirs
    os.write(2, f"{words}\n".encode())
    current().lines.note(words)
    if children:
        _kill_children()
        command.give_up(code)
        logging.shutdown()
        os._exit(code)
    command.leaving = SystemExit(code)  # Luigi may treat the exception as a failure of its task
    raise command.leaving


def _kill_children() -> None:
    """End the workers that did not end when they were asked to: Luigi would wait for them."""
    while children := multiprocessing.active_children():
        for child in children:
            child.kill()
            child.join()
