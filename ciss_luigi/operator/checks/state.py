"""Whether ``state_dir`` can hold markers, and whether its locks work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ciss_luigi.locking.filelocks import FileLock, LocksUnusable
from ciss_luigi.operator.checks.findings import CONFIGURATION, Group
from ciss_luigi.state.files import remove, write_whole


def check(group: Group, state_dir: Path) -> None:
    """Write a file as a marker is written, and take a lock twice: the second try must fail."""
    with _leaving_no_folder(state_dir):
        _check(group, state_dir)


@contextmanager
def _leaving_no_folder(folder: Path) -> Iterator[None]:
    """Remove the folders that are made inside the block, unless a run has put something there."""
    absent = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
    try:
        yield
    finally:
        with suppress(OSError):
            for one in absent:
                one.rmdir()


def _check(group: Group, state_dir: Path) -> None:
    folders = [state_dir, *(folder for folder in sorted(state_dir.glob("*")) if folder.is_dir())]
    refused = [text for text in map(_write, folders) if text]
    for text in refused:
        remedy = "give the job's user the right and the room to write there, or set [ciss] state_dir"
        group.fault(text, remedy, code=CONFIGURATION)
    if refused:
        return
    trouble = _lock(state_dir)
    if trouble:
        group.fault(trouble, "put [ciss] state_dir on a local disk that has room", code=CONFIGURATION)
    else:
        group.ok(f"{state_dir} can be written, and its locks work")


def _write(folder: Path) -> str:
    """What is wrong with writing in a folder, or nothing."""
    probe = folder / f".check-{os.getpid()}"
    try:
        write_whole(probe, "")
        remove(probe)
    except OSError as error:
        return f"{folder} cannot be written: {error.strerror}"
    return ""


def _lock(folder: Path) -> str:
    path = folder / f".check-{os.getpid()}.lock"
    first, second = FileLock(path), FileLock(path)
    try:
        if not first.try_acquire():
            return f"a lock in {folder} is taken although nobody holds it"
        if second.try_acquire():
            second.release()
            return f"{folder}: two processes can hold the same lock; this filesystem has no working locks"
    except LocksUnusable as error:
        return error.what
    finally:
        first.release()
        path.unlink(missing_ok=True)
    return ""
