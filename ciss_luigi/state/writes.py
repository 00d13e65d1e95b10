"""Unfinished writes: one file per partition while it is being written.

On a server, statements outlive their client. So the next run that writes the partition finds the file of a
killed run, and ends that run's session on the server before it writes itself.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Protocol

from ciss_luigi.state.files import read_plain, remove, write_whole

UNKNOWN = "unknown"
"""The trace of a write whose record makes no sense."""


class Writes(Protocol):
    """Where unfinished writes are written down.

    ``target`` names a partition. ``trace`` is what the engine needs to find the write again on its server.
    """

    def find(self, target: str) -> tuple[str, ...]:
        """The traces of the unfinished writes to a partition; raises OSError."""

    def open(self, target: str, trace: str) -> None:
        """Write down that a write begins; raises OSError, LeaseLost and EngineUnavailable."""

    def close(self, target: str) -> None:
        """Write down that the write has ended; raises OSError and EngineUnavailable."""


class Nowhere:
    """Records nothing: no other run needs to know of the write."""

    def find(self, target: str) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def open(self, target: str, trace: str) -> None:
        """Do nothing."""

    def close(self, target: str) -> None:
        """Do nothing."""


class OpenWrites:
    """The unfinished writes of one ``state_dir`` on one engine."""

    def __init__(self, folder: Path, engine: str) -> None:
        self._folder = folder
        self._engine = engine

    def find(self, target: str) -> tuple[str, ...]:
        """The trace of the unfinished write to a partition; empty if there is none here.

        A record that makes no sense gives UNKNOWN: that write cannot be ended, only waited for. Raises
        OSError if the record cannot be read.
        """
        try:
            record = json.loads(read_plain(self._path(target)))
            return (str(record["trace"]),) if record["engine"] == self._engine else ()
        except FileNotFoundError:
            return ()
        except (ValueError, KeyError, TypeError, RecursionError):
            return (UNKNOWN,)

    def open(self, target: str, trace: str) -> None:
        """Write down that a write begins; raises OSError.

        No other user may read the file: whoever knows the handle of a session can use the session.
        """
        record = {"engine": self._engine, "target": target, "trace": trace}
        write_whole(self._path(target), json.dumps(record), mode=0o600)

    def close(self, target: str) -> None:
        """Write down that the write has ended; raises OSError."""
        remove(self._path(target))

    def _path(self, target: str) -> Path:
        name = re.sub(r"[^0-9A-Za-z_.=-]", "_", target)
        kind = re.sub(r"[^0-9A-Za-z]", "_", self._engine)
        return self._folder / f"{kind}-{name}.json"
