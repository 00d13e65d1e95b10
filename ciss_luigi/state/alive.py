"""The sign of life of a running step: a file whose time changes at least once a minute.

It says that the process lives, also while it waits for hours for one statement: a separate thread touches the
file. A process that is stopped, or a host that is down, leaves no sign.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from pathlib import Path

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.files import make_folder
from ciss_luigi.state.owners import hand_over

SECONDS = 30.0
"""From one sign to the next."""


class SignOfLife:
    """The sign of life of one date's running step, from its beginning to its end."""

    def __init__(self, folder: Path, date: RunDate) -> None:
        self._path = _path(folder, date)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._leave, daemon=True, name="ciss alive")

    def begin(self) -> None:
        """Begin to leave signs; raises OSError if the first cannot be left."""
        make_folder(self._path.parent)
        self._path.touch()
        hand_over(self._path)
        self._thread.start()

    def end(self) -> None:
        """Stop, and wait for the thread to end: a process must have only one thread when it forks."""
        self._ended.set()
        if self._thread.ident is not None:  # it never started if the first sign could not be left
            self._thread.join()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _leave(self) -> None:
        while not self._ended.wait(SECONDS):
            with contextlib.suppress(OSError):
                self._path.touch()


def last(folder: Path, date: RunDate) -> dt.datetime | None:
    """When a date's running step left its last sign (UTC); None if there is none."""
    try:
        return dt.datetime.fromtimestamp(_path(folder, date).stat().st_mtime, dt.UTC)
    except OSError:
        return None


def _path(folder: Path, date: RunDate) -> Path:
    return folder / "alive" / str(date)
