"""Writes that are not known to have ended: one file per partition, there while its write is under way.

Statements of a server outlive their client. Whoever writes a partition next finds the file of a killed
run, and ends that run's session on the server before it writes itself.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Protocol

from ciss_luigi.state.files import read_plain, remove, write_whole

UNKNOWN = "unknown"


class Writes(Protocol):
    """Where unclosed writes are written down."""

    def find(self, target: str) -> tuple[str, ...]:
        """The traces of unclosed writes to a partition."""

    def open(self, target: str, trace: str) -> None:
        """Write down that a write begins."""

    def close(self, target: str) -> None:
        """Write down that the write has ended."""


class OpenWrites:
    """The unclosed writes of one ``state_dir`` on one engine."""

    def __init__(self, folder: Path, engine: str) -> None:
        self._folder = folder
        self._engine = engine

    def find(self, target: str) -> tuple[str, ...]:
        """The trace of the unclosed write to a partition, if there is one on this engine.

        A record that is there and cannot be made out is UNKNOWN, which nobody can end: it is waited out.
        Raises OSError when the record cannot be read.
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

        For the job's own eyes: whoever knows a session's handle can use the session.
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
