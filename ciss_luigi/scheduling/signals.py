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
from contextlib import contextmanager
from types import FrameType

from ciss_luigi import stopping
from ciss_luigi.errors import Stopped
from ciss_luigi.scheduling.defaults import exit_codes

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """What the handler must know; ``began`` is memory that the forked workers share."""

    inside_step = False
    began: mmap.mmap | None = None


def install() -> None:
    """Take over the signals; does nothing outside the main thread, where Python allows no handlers."""
    if threading.current_thread() is not threading.main_thread():
        return
    if _State.began is None:
        _State.began = mmap.mmap(-1, 1)
    for number in SIGNALS:
        if signal.getsignal(number) not in (_handle, signal.SIG_IGN):
            signal.signal(number, _handle)


@contextmanager
def step() -> Iterator[None]:
    """Inside this block a signal raises Stopped."""
    install()
    if _State.began is not None:
        _State.began[0] = 1
    _State.inside_step = True
    try:
        stopping.raise_if_requested()
        yield
    finally:
        _State.inside_step = False


def _handle(number: int, _frame: FrameType | None) -> None:
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    name = signal.Signals(number).name
    stopping.request(name)
    _start_nothing_more()
    if _State.inside_step:
        raise Stopped(name)
    began = _State.began is not None and _State.began[0] == 1
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    if not began:
        _leave(128 + number, at_once=bool(children))
    if not children:
        _leave(exit_codes().task_failed, at_once=False)


def _start_nothing_more() -> None:
    """Give Luigi its own sign for "take no more work"; what is left undone counts as failed."""
    if callable(signal.getsignal(signal.SIGUSR1)):
        signal.raise_signal(signal.SIGUSR1)
    exit_codes().not_run = max(exit_codes().not_run, exit_codes().task_failed)


def _leave(code: int, *, at_once: bool) -> None:
    """End the process; at once where Luigi would wait for scheduling processes that are gone."""
    if at_once:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise SystemExit(code)
