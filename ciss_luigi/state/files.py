"""Writing a file whole or not at all, even in a power cut."""

from __future__ import annotations

import os
from pathlib import Path

from ciss_luigi.plainfile import LARGEST, OddFile, naming, read_plain
from ciss_luigi.state.owners import hand_over

__all__ = [
    "FOLDERS",
    "LARGEST",
    "OddFile",
    "make_folder",
    "naming",
    "read_plain",
    "remove",
    "sync_folder",
    "write_whole",
]

FOLDERS = ("markers", "locks", "ledger", "writes", "alerts", "alive", "java")
"""The folders of ``state_dir``, in which only the job writes: there a file is small, and a plain one."""


def write_whole(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a new file beside ``path``, sync it, rename it to ``path``, sync the folder.

    Raises OSError; even then ``path`` is the whole old file or the whole new one. ``mode`` is the new file's,
    before the umask.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    make_folder(path.parent)
    # with the process id: two processes may write the same file at once
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # A path in a JSON text may hold bytes that are not UTF-8: as backslashes they are JSON's own escapes
        with (
            naming(path),
            open(beside, "w", encoding="utf-8", errors="backslashreplace", opener=opener) as file,
        ):
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # before the rename: a kill in between must not leave a file in place that locks its user out
        hand_over(beside)
        beside.rename(path)
    except BaseException:  # a signal, too, must not leave a file beside it
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and sync them; raises OSError.

    Without the sync, a power cut could remove a new folder with its files.
    """
    absent = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in reversed(absent):
        hand_over(one)
        sync_folder(one.parent)


def remove(path: Path) -> bool:
    """Remove a file if it is there, and sync the folder; returns whether it was there. Raises OSError."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder safe from a power cut; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
