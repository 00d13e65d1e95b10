"""The files of an embedded warehouse: whether this user may use them, and who owns them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ciss_luigi.config.urls import Warehouse
from ciss_luigi.operator.checks.findings import Group
from ciss_luigi.plaintext import printable
from ciss_luigi.state import owners


def check(group: Group, warehouse: Warehouse) -> None:
    """Name what a run of this user could not write: the file, its folder, and what the engine left beside it.

    A run as root that was killed may have left a journal that only root can open.
    """
    file = Path(warehouse.place)
    if not warehouse.kind.embedded or not os.path.isfile(file):  # what may not be seen, its engine names
        return
    owner = file.stat()
    for path, rights in _wanted(file, (warehouse.kind.journal, warehouse.kind.spill)):
        status = path.stat()
        text = f"{printable(str(path))} {owners.belongs(status)}"
        remedy = _remedy(path, file, status)
        if not os.access(path, rights):
            group.fault(f"{text}: may not be written by this user", remedy)
        elif path not in (file, file.parent) and status.st_uid != owner.st_uid:
            group.warn(f"{text}: the warehouse is {owners.named(owner)}'s", remedy)


def _wanted(file: Path, endings: tuple[str, ...]) -> Iterator[tuple[Path, int]]:
    """What there is, and the rights that a run needs to it."""
    use = os.R_OK | os.W_OK
    yield file.parent, os.W_OK | os.X_OK
    for path in (file, *(file.with_name(file.name + ending) for ending in endings)):
        if os.path.exists(path):
            yield path, use | os.X_OK if os.path.isdir(path) else use


def _remedy(path: Path, file: Path, status: os.stat_result) -> str:
    """What is beside the file must be its owner's; the file itself belongs to who owns the folders above."""
    owner = file.stat()
    if path not in (file, file.parent) and status.st_uid != owner.st_uid:
        return owners.give(path, owner)
    return owners.remedy(path, status)
