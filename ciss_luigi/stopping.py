"""Whether a signal has asked this process to stop.

A flag beside the exception: DuckDB replaces an exception that a signal handler raises inside a statement by
one of its own, so whoever gets an error back looks here for what it really was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ciss_luigi.errors import Stopped


class _State:
    signal_name = ""
    held_back = 0


def request(signal_name: str) -> None:
    """Write down that a signal arrived."""
    _State.signal_name = signal_name


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


@contextmanager
def held_back() -> Iterator[None]:
    """Around what belongs together: a signal inside this block raises Stopped at its end, not before."""
    _State.held_back += 1
    try:
        yield
    finally:
        _State.held_back -= 1
    if not _State.held_back:
        raise_if_requested()
