"""The log file. Several processes write it; no line is torn or lost, also when the file is rotated.

Python's RotatingFileHandler knows only what its own process has written, and rotates at the wrong time if
there are several. So the process that finds the file too large renames it under a lock. All others see by the
file's inode that theirs no longer has that name.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ciss_luigi.config.telling import Log
from ciss_luigi.state import owners
from ciss_luigi.telemetry import formats

_MODE = 0o664
_BYTES = 10**6


class LogFile(logging.Handler):
    """Writes lines to one file. An error is told once on stderr, and never stops the job."""

    def __init__(self, settings: Log) -> None:
        super().__init__(settings.level)
        if settings.file is None:
            raise ValueError("there is no log file to write")
        self._path = settings.file
        self._most = settings.rotate_mb * _BYTES
        self._keep = settings.keep
        self._descriptor = -1
        self._is_broken = False
        self.setFormatter(formats.json_formatter() if settings.format == "json" else formats.SplunkText())

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, in one piece."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            self._open()
            if self._most and os.fstat(self._descriptor).st_size + len(line) > self._most:
                self._rotate(len(line))
                self._open()
            _write_whole(self._descriptor, line)
        except Exception as error:  # no fault of the log, whatever it is, may stop the job
            self._say_once(error)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _open(self) -> None:
        """Open the file that has the name now: another process or logrotate may have renamed the old one."""
        if self._descriptor >= 0:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._descriptor), self._path.stat()):
                    return
            os.close(self._descriptor)
            self._descriptor = -1
        # O_NONBLOCK: if the path is a FIFO, open would else wait for ever for a reader
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        is_new = not self._path.exists()
        self._descriptor = os.open(self._path, flags, _MODE)
        if is_new:  # one command as root must not lock out the user that runs every night
            owners.hand_over(self._path)

    def _rotate(self, more: int) -> None:
        """Rename the file, unless another process just did; raises OSError."""
        # a file of its own: a lock on the log itself would go away with its name
        with _locked(self._path.with_name(f".{self._path.name}.lock")):
            try:
                size = self._path.stat().st_size
            except FileNotFoundError:
                return
            # an empty file stays: it would push out the oldest one, and a longer line would fit no better
            if not size or size + more <= self._most:
                return
            for number in range(self._keep - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(self._numbered(number), self._numbered(number + 1))
            os.replace(self._path, self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _say_once(self, error: Exception) -> None:
        if self._is_broken or sys.stderr is None:
            return
        self._is_broken = True
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if isinstance(error, OSError):
            why += owners.words(error)
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"WARNING: the log {self._path} cannot be written: {why}; the job goes on\n")


def _write_whole(descriptor: int, line: bytes) -> None:
    """Write in one call, so that lines of several processes do not mix; a full disk may take only a part."""
    written = os.write(descriptor, line)
    if written < len(line):
        raise OSError(28, "No space left on device")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        if is_new:
            owners.hand_over(path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
