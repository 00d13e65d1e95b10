"""Whether a signal has asked this process to stop.

The flag is the process's, as signals are, and engines look at it, too; what a command holds is elsewhere
(scheduling/command.py). There is a flag as well as the exception, because DuckDB replaces an exception that a
signal handler raises inside a statement by its own. So whoever gets an error looks here for what it really
was.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ciss_luigi.errors import Stopped


class _Requested:
    signal_name = ""
    held_back = 0
    waiting = 0
    cancel: Callable[[], None] | None = None


def request(signal_name: str) -> None:
    """Note that a signal arrived, and cancel the statement that runs."""
    _Requested.signal_name = signal_name
    cancel()


def is_noticed() -> bool:
    """Whether the handler has run since a signal arrived, even if it only noted the signal."""
    return bool(_Requested.signal_name or _Requested.waiting)


def cancel() -> None:
    """Cancel the statement that runs, if there is one; any thread may call this."""
    way = _Requested.cancel
    if way is not None:
        with suppress(Exception):  # it may have ended in this moment
            way()


@contextmanager
def cancelling(way: Callable[[], None]) -> Iterator[None]:
    """Names the way to cancel the driver's call inside this block.

    Without it, a handler that raises makes DuckDB give up the statement and wait for its threads for ever.
    """
    before, _Requested.cancel = _Requested.cancel, way
    try:
        yield
    finally:
        _Requested.cancel = before


def requested() -> str:
    """The signal's name, or "" when none arrived."""
    return _Requested.signal_name


def raise_if_requested(cause: BaseException | None = None) -> None:
    """Raise Stopped when a signal arrived."""
    if _Requested.signal_name:
        raise Stopped(_Requested.signal_name) from cause


def is_held_back() -> bool:
    """Whether a signal that arrives now must only be noted."""
    return _Requested.held_back > 0


def wait(number: int) -> bool:
    """Whether a signal has to wait: then it is sent again at the end of the ``held_back`` block."""
    if _Requested.held_back:
        _Requested.waiting = number
    return _Requested.held_back > 0


@contextmanager
def held_back() -> Iterator[None]:
    """A block that must not be interrupted: a signal that arrives inside takes effect at its end."""
    before = requested()
    _Requested.held_back += 1
    try:
        yield
    finally:
        _Requested.held_back -= 1
        if _Requested.waiting and not _Requested.held_back:
            number, _Requested.waiting = _Requested.waiting, 0
            signal.raise_signal(number)
    # a signal from before the block has raised Stopped already: it must not do so again inside a clean-up
    if not before and not _Requested.held_back:
        raise_if_requested()
