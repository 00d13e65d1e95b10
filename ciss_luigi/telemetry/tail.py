"""The last lines of this command's log, from all its processes, for the message that it failed.

They are kept in a file without a name in memory; forked workers share it with the command.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile

LINES = 40
_MOST_BYTES = 400_000
_KEPT_BYTES = 100_000
_LONGEST = 2_000


class Tail(logging.Handler):
    """Keeps the newest lines. If one cannot be kept, only that one is lost."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s: %(message)s"))
        self._file = _nameless()

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record's lines."""
        try:
            line = f"{self.format(record)[:_LONGEST]}\n".encode(errors="backslashreplace")
            # not flock: forked workers share the open file, and so would hold such a lock all at once
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                self._make_room()
                os.write(self._file, line)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        except (OSError, ValueError):
            return

    def text(self, lines: int = LINES) -> str:
        """The last lines."""
        try:
            return "\n".join(self._newest().splitlines()[-lines:])
        except OSError:
            return ""

    def _make_room(self) -> None:
        if os.fstat(self._file).st_size > _MOST_BYTES:
            kept = self._newest()
            os.ftruncate(self._file, 0)
            os.write(self._file, kept.encode())

    def _newest(self) -> str:
        size = os.fstat(self._file).st_size
        begin = max(0, size - _KEPT_BYTES)
        text = os.pread(self._file, _KEPT_BYTES, begin).decode(errors="replace")
        return text.partition("\n")[2] if begin else text


def _nameless() -> int:
    """A file that goes away with the last process that has it open; all processes append to it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("ciss-log")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    return descriptor
