"""Reading a small file: its type and size are looked at first, so that nothing hangs or fills the memory."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST = 16_000_000
"""Bytes: no file of the job or its site comes near it, and what is larger is not read into memory."""


class OddFile(OSError):
    """Something else is in a file's place: a pipe, a folder, or far too many bytes."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Around calls that do not say which file an error is about: a full disk must be told by a path."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def read_plain(path: Path, *, errors: str = "strict") -> str:
    """The text of a file, which is UTF-8; what to do with other bytes, ``errors`` says.

    Raises OddFile for what is not a plain file or is larger than 16 MB, other OSErrors where it cannot be
    read, and UnicodeDecodeError. A pipe in the file's place is never waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file, naming(path):
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OddFile(errno.EINVAL, "is not a plain file", str(path))
        if status.st_size > LARGEST:
            raise OddFile(
                errno.EFBIG, f"holds {status.st_size:,} bytes, and no file of the job does", str(path)
            )
        return file.read(LARGEST).decode(errors=errors)
