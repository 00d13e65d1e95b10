"""Cancelling a statement while Python cannot run a signal handler.

Python runs its handlers between two of its own instructions, but DuckDB may stay in one call for hours. So a
thread hears of the signal from the C side and cancels the statement; then the handler gets its turn.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ciss_luigi import stopping

_AGAIN_SECONDS = 0.2


@contextmanager
def watching(numbers: Collection[int]) -> Iterator[None]:
    """Watch for these signals inside the block; outside the main thread it does nothing, as Python demands.

    The thread ends with the block: a command that forks must have only one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(reading, numbers, ended), daemon=True, name="ciss signals")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
        thread.join()
        os.close(reading)


def _watch(reading: int, numbers: Collection[int], ended: threading.Event) -> None:
    while arrived := os.read(reading, 64):
        if not set(arrived).isdisjoint(numbers):
            # Again and again: a statement that is only about to begin is not cancelled
            while not (stopping.is_noticed() or ended.is_set()):
                stopping.cancel()
                ended.wait(_AGAIN_SECONDS)
