"""The files that DuckDB makes beside a database: a journal, and a folder to spill into.

They outlive a program that is killed. If root's, they would keep out the user of the nightly runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ciss_luigi.state import owners

_ENDINGS = (".wal", ".tmp")


def handing_over(file: Path) -> Callable[[], None]:
    """What to call after each statement: it gives what root has made beside a file to the file's owner."""
    return (lambda: _hand_over(file)) if os.geteuid() == 0 else _nothing_to_do


def _nothing_to_do() -> None:
    """Only root can give a file to somebody else."""


def _hand_over(file: Path) -> None:
    with suppress(OSError):  # DuckDB removes them whenever it likes; the next call comes soon
        for path in _beside(file):
            owners.hand_over(path, like=file)


def _beside(file: Path) -> Iterator[Path]:
    for ending in _ENDINGS:
        path = file.with_name(file.name + ending)
        if os.path.lexists(path):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.iterdir()
