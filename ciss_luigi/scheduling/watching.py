"""Cancelling a statement while Python cannot run a signal handler.

Python runs its handlers between two steps of its own. DuckDB may stay in one call for hours; so a thread
hears of the signal from the C side, and cancels the statement, upon which the handler gets its turn.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Collection

from ciss_luigi import stopping

_AGAIN_SECONDS = 0.2


class _State:
    pid = 0


def start(numbers: Collection[int]) -> None:
    """Watch for these signals in this process, from now on; only the main thread may call this."""
    if _State.pid == os.getpid():
        return
    _State.pid = os.getpid()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, numbers), daemon=True, name="ciss signals").start()


def _watch(reading: int, numbers: Collection[int]) -> None:
    while True:
        if not set(os.read(reading, 64)).isdisjoint(numbers):
            while not stopping.is_noticed():  # a statement that was only about to begin hears of nothing
                stopping.cancel()
                time.sleep(_AGAIN_SECONDS)
