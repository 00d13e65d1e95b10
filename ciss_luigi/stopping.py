"""Whether a signal has asked this process to stop.

A flag beside the exception: DuckDB replaces an exception that a signal handler raises inside a statement by
one of its own, so whoever gets an error back looks here for what it really was.
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
    """Write down that a signal arrived, and cancel what runs."""
    _State.signal_name = signal_name
    cancel()


def is_noticed() -> bool:
    """Whether the handler has run since a signal arrived, be it only to write the signal down."""
    return bool(_State.signal_name or _State.waiting)


def cancel() -> None:
    """Cancel what runs, if anything does; any thread may call this."""
    way = _State.cancel
    if way is not None:
        with suppress(Exception):  # it may have ended this very moment
            way()


@contextmanager
def cancelling(way: Callable[[], None]) -> Iterator[None]:
    """Around a call into a driver: the way to cancel it.

    DuckDB gives up a statement at once when the handler raises, and then waits for its threads for ever.
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
    """Whether a signal that arrives now must only be written down."""
    return _State.held_back > 0


def wait(number: int) -> bool:
    """Whether a signal has to wait: then it is sent once more when the block around ends."""
    if _State.held_back:
        _State.waiting = number
    return _State.held_back > 0


@contextmanager
def held_back() -> Iterator[None]:
    """Around what must not be torn apart: a signal inside this block takes effect at its end, not before."""
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
