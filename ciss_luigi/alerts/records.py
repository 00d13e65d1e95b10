"""The failures of one ``state_dir``: a small file each, open and closed ones apart, under one lock."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ciss_luigi.alerts.failure import Failure, Sent
from ciss_luigi.locking.filelocks import FileLock, LocksUnusable
from ciss_luigi.plainfile import read_plain
from ciss_luigi.state.files import remove, write_whole

logger = logging.getLogger("luigi-interface.ciss_luigi")

_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05
KEPT_DAYS = 90
"""How long a closed failure is still shown, and a jump remembered."""


class Records:
    """Reads and writes failures; whoever changes them holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = folder / "open"
        self._closed = folder / "closed"

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Wait a while for the lock and hold it; raises LocksUnusable.

        Its holder writes only one or two small files. If it hangs, other commands must still be able to end.
        """
        lock = FileLock(self.folder / "records.lock")
        if not taken(lock, _PATIENCE_SECONDS):
            raise LocksUnusable(f"{lock.path} is held by {lock.holder() or 'another process'}, which hangs")
        try:
            yield
        finally:
            lock.release()

    def open(self) -> list[Failure]:
        """The failures that are not over, oldest first."""
        return _read_all(self._open)

    def closed(self) -> list[Failure]:
        """The failures that are over and still kept, oldest first."""
        return _read_all(self._closed)

    def find(self, name: str) -> Failure | None:
        """A failure by its id, open or closed."""
        return _read(self._open / f"{name}.json") or _read(self._closed / f"{name}.json")

    def write(self, failure: Failure) -> None:
        """Write a failure, whole or not at all, with the open or the closed ones; raises OSError."""
        text = json.dumps(failure.to_json(), indent=1, ensure_ascii=False) + "\n"
        folder = self._closed if failure.closed_at else self._open
        write_whole(folder / f"{failure.id}.json", text)
        if failure.closed_at:  # only now: a kill between the two leaves it open, and does not lose it
            remove(self._open / f"{failure.id}.json")

    def note_sent(self, name: str, sent: Sent, *, request: str = "") -> None:
        """Write down that a channel took a message; raises OSError."""
        with self.changing():
            failure = self.find(name)
            if failure is not None:
                changed = replace(failure, sent=(*failure.sent, sent), request=request or failure.request)
                self.write(changed)

    def note_request(self, name: str, request: str) -> None:
        """Write down the desk's id of a failure's request; raises OSError."""
        with self.changing():
            failure = self.find(name)
            if failure is not None:
                self.write(replace(failure, request=request))

    def forget_old(self, now: dt.datetime) -> None:
        """Remove closed failures after ``KEPT_DAYS``; raises OSError."""
        for failure in self.closed():
            if now - dt.datetime.fromisoformat(failure.closed_at) > dt.timedelta(days=KEPT_DAYS):
                remove(self._closed / f"{failure.id}.json")


def taken(lock: FileLock, seconds: float) -> bool:
    """Try to take a lock for at most ``seconds``; returns whether it was taken. Raises LocksUnusable."""
    until = time.monotonic() + seconds
    while not lock.try_acquire():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _read_all(folder: Path) -> list[Failure]:
    found = [failure for path in folder.glob("*.json") if (failure := _read(path)) is not None]
    return sorted(found, key=lambda failure: (failure.since, failure.id))


def _read(path: Path) -> Failure | None:
    try:
        return Failure.from_json(json.loads(read_plain(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s is ignored: it cannot be read (%s: %s)", path, type(error).__name__, error)
        return None
