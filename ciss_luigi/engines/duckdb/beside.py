"""The files that DuckDB makes beside a database: a journal, and a folder to spill into.

They outlive a program that is killed. If root's, they would keep out the user of the nightly runs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ciss_luigi.config.enginekinds import BY_SCHEME

_KIND = BY_SCHEME["duckdb"]


def handing_over(file: Path) -> Callable[[], None]:
    """What to call after each statement: it gives what root has made beside a file to the file's owner."""
    return (lambda: _hand_over(file)) if os.geteuid() == 0 else _nothing_to_do


def _nothing_to_do() -> None:
    """Only root can give a file to somebody else."""


def _hand_over(file: Path) -> None:
    with suppress(OSError):  # DuckDB removes them whenever it likes; the next call comes soon
        to = file.stat()
        with _opened(file.parent) as folder:
            _give(folder, file.name + _KIND.journal, to)
            _give(folder, file.name + _KIND.spill, to)
            with _opened(file.name + _KIND.spill, folder) as spill:
                for name in os.listdir(spill):
                    _give(spill, name, to)


def _give(folder: int, name: str, to: os.stat_result) -> None:
    """Give away one name in an open folder; a link could lead to a file that is nobody's business."""
    with suppress(OSError):
        mine = os.stat(name, dir_fd=folder, follow_symlinks=False)
        is_single = stat.S_ISDIR(mine.st_mode) or mine.st_nlink == 1
        if is_single and (mine.st_uid, mine.st_gid) != (to.st_uid, to.st_gid):
            os.chown(name, to.st_uid, to.st_gid, dir_fd=folder, follow_symlinks=False)


@contextmanager
def _opened(path: Path | str, beneath: int | None = None) -> Iterator[int]:
    """An open folder's number for a block: names are looked up in it, whatever its path becomes.

    A link is refused: its owner could let it lead anywhere between two looks. Raises OSError.
    """
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=beneath)
    try:
        yield number
    finally:
        os.close(number)
