"""Reading a small file. Its type and size are checked first, so that nothing hangs or fills the memory."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST = 16_000_000
"""In bytes. No file of the job or its site comes near it, and a larger one is not read into memory."""
_AT_ONCE = 65_536


class OddFile(OSError):
    """Something else is in a file's place: a pipe, a folder, or far too many bytes."""


def is_there(path: Path, *, larger_than: int = -1) -> bool:
    """Whether there is a file of more than some bytes.

    True if this cannot be known (no right, a dead mount), because opening it will say what is wrong.
    """
    try:
        return path.stat().st_size > larger_than
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a path that no file can have
        return False
    except OSError as error:
        return error.errno not in (errno.ELOOP, errno.ENAMETOOLONG)


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """A block whose OSErrors get this path if they name none: people must hear which disk is full."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def read_plain(path: Path | str, *, errors: str = "strict") -> str:
    """The text of a file in UTF-8; ``errors`` says what to do with other bytes, as for ``open``.

    Raises OddFile if it is not a plain file or is larger than 16 MB, other OSErrors if it cannot be read, and
    UnicodeDecodeError. A pipe in the file's place is never waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse_odd(path, os.fstat(descriptor))
        with naming(path):
            return _content(descriptor).decode(errors=errors)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    """All bytes of a file, or as many as may be read: it may grow in this moment."""
    found = bytearray()
    while len(found) < LARGEST and (part := os.read(descriptor, _AT_ONCE)):
        found += part
    return bytes(found)


def require_plain(path: Path) -> None:
    """Raise OddFile for what ``read_plain`` would refuse, without opening it; other OSErrors of a look."""
    _refuse_odd(path, path.stat())


def _refuse_odd(path: Path | str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OddFile(errno.EINVAL, "is not a plain file", str(path))
    if status.st_size > LARGEST:
        raise OddFile(errno.EFBIG, f"holds {status.st_size:,} bytes, and no file of the job does", str(path))
