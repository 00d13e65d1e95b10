"""Whether a signal has asked this process to stop.

There is a flag as well as the exception, because DuckDB replaces an exception that a signal handler raises
inside a statement by its own. So whoever gets an error looks here for what it really was.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ciss_luigi.errors import Stopped


class _State:
    signal_name = ""
    held_back = 0
    waiting = 0
    cancel: Callable[[], None] | None = None


def request(signal_name: str) -> None:
    """Note that a signal arrived, and cancel the statement that runs."""
    _State.signal_name = signal_name
    cancel()


def is_noticed() -> bool:
    """Whether the handler has run since a signal arrived, even if it only noted the signal."""
    return bool(_State.signal_name or _State.waiting)


def cancel() -> None:
    """Cancel the statement that runs, if there is one; any thread may call this."""
    way = _State.cancel
    if way is not None:
        with suppress(Exception):  # it may have ended in this moment
            way()


@contextmanager
def cancelling(way: Callable[[], None]) -> Iterator[None]:
    """Names the way to cancel the driver's call inside this block.

    Without it, a handler that raises makes DuckDB give up the statement and wait for its threads for ever.
    """
    before, _State.cancel = _State.cancel, way
    try:
        yield
    finally:
        _State.cancel = before


def requested() -> str:
    """The signal's name, or "" when none arrived."""
    return _State.signal_name


def raise_if_requested(cause: BaseException | None = None) -> None:
    """Raise Stopped when a signal arrived."""
    if _State.signal_name:
        raise Stopped(_State.signal_name) from cause


def is_held_back() -> bool:
    """Whether a signal that arrives now must only be noted."""
    return _State.held_back > 0


def wait(number: int) -> bool:
    """Whether a signal has to wait: then it is sent again at the end of the ``held_back`` block."""
    if _State.held_back:
        _State.waiting = number
    return _State.held_back > 0


@contextmanager
def held_back() -> Iterator[None]:
    """A block that must not be interrupted: a signal that arrives inside takes effect at its end."""
    before = requested()
    _State.held_back += 1
    try:
        yield
    finally:
        _State.held_back -= 1
        if _State.waiting and not _State.held_back:
            number, _State.waiting = _State.waiting, 0
            signal.raise_signal(number)
    if not before and not _State.held_back:
        raise_if_requested()
