"""A date's turn at something that all dates share, from its first step to its last.

The steps of a date may run in separate processes, of which none lives from the first step to the last. So
each step holds a lock file, and between two steps a note next to it keeps the turn for its date. The note is
valid for a minute: a command that was killed between two steps must not keep the other dates waiting for
ever.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.state.files import read_plain, write_whole

logger = logging.getLogger("luigi-interface.ciss_luigi")

KEPT_SECONDS = 60.0
"""How long the turn is kept from one step to the next; Luigi starts the next one at once."""
_POLL_SECONDS = 0.1


class Turn:
    """The turn at one thing, which ``what`` names in messages; ``note`` is the file that keeps it."""

    def __init__(self, lock: Path, note: Path, what: str, kept_seconds: float = KEPT_SECONDS) -> None:
        self._lock = FileLock(lock)
        self._note = note
        self._what = what
        self._kept_seconds = kept_seconds

    @contextmanager
    def held(self, date: RunDate, *, last: bool) -> Iterator[None]:
        """Wait for the turn and hold it for one step of a date; raises LocksUnusable.

        The date keeps it until its next step, unless this step is the last one, or fails.
        """
        self._acquire(date)
        try:
            self._forget()
            yield
            if not last:
                self._keep(date)
        finally:
            self._lock.release()

    def leave(self, date: RunDate) -> None:
        """Give up the turn: no further step of the date will come. Raises LocksUnusable."""
        if not self._note.exists() or not self._lock.try_acquire():
            return
        try:
            if self._kept_for() == str(date):
                self._forget()
        finally:
            self._lock.release()

    def _acquire(self, date: RunDate) -> None:
        told = ""
        while True:
            if self._lock.try_acquire():
                whose = self._kept_for()
                if whose in ("", str(date)):
                    return
                self._lock.release()
            else:
                whose = str(self._lock.holder() or "")
            if whose and not told:
                told = whose
                logger.info("%s: %s is in use by %s; waiting for it", date, self._what, told)
            time.sleep(_POLL_SECONDS)

    def _kept_for(self) -> str:
        """The date for which the turn is kept, or ""; a note that cannot be read keeps nothing."""
        try:
            values = json.loads(read_plain(self._note))
            left = float(values["until"]) - time.monotonic()
            # the clock starts at 0 with the machine: a note from before may lie far ahead
            return str(values["date"]) if 0 < left <= self._kept_seconds else ""
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ""

    def _keep(self, date: RunDate) -> None:
        """Write the note; without it another date may come in between, and this one has to build again."""
        # not the time of day, which may be set meanwhile; all processes of a host share this clock
        until = time.monotonic() + self._kept_seconds
        with suppress(OSError):
            write_whole(self._note, json.dumps({"date": str(date), "until": until}) + "\n")

    def _forget(self) -> None:
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
