"""Writing a file whole or not at all, also through a power cut."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Around calls that do not say which file an error is about: a full disk must be told by a path."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def write_whole(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write beside, flush to disk, rename, flush the folder; raises OSError with the old file intact.

    ``mode`` is that of a new file, before the umask takes from it.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    make_folder(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # a path in a JSON text may hold bytes that are no UTF-8: as backslashes they are JSON's own escapes
        with (
            naming(path),
            open(beside, "w", encoding="utf-8", errors="backslashreplace", opener=opener) as file,
        ):
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


LARGEST = 16_000_000
"""Bytes: no file of ours comes near it, and what is larger is not read into memory."""


class OddFile(OSError):
    """Something that no step writes stands in a file's place: a pipe, a folder, or far too many bytes."""


def read_plain(path: Path, *, errors: str = "strict") -> str:
    """The text of a file of ours, which is UTF-8; what to do with other bytes, ``errors`` says.

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


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for good: a power cut could take a new one with all that is in it."""
    absent = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in absent:
        sync_folder(one.parent)


def remove(path: Path) -> bool:
    """Remove a file if it is there, for good; says whether it was."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
