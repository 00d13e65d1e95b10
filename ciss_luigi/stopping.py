"""Whether a signal has asked this process to stop.

A flag beside the exception: DuckDB replaces an exception that a signal handler raises inside a statement by
one of its own, so whoever gets an error back looks here for what it really was.
"""

from __future__ import annotations

from ciss_luigi.errors import Stopped

_signal_name: list[str] = []


def request(signal_name: str) -> None:
    """Write down that a signal arrived."""
    _signal_name[:] = [signal_name]


def requested() -> str:
    """The signal's name, or "" when none arrived."""
    return _signal_name[0] if _signal_name else ""


def raise_if_requested(cause: BaseException | None = None) -> None:
    """Raise Stopped when a signal arrived."""
    if _signal_name:
        raise Stopped(_signal_name[0]) from cause
