"""Every file of ``state_dir``: who owns it, whether this user may use it, and whether it is a plain file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ciss_luigi.operator.checks.findings import CONFIGURATION, Group
from ciss_luigi.plaintext import printable
from ciss_luigi.state import owners
from ciss_luigi.state.files import FOLDERS, LARGEST

_SHOWN = 5


def check(group: Group, state_dir: Path) -> None:
    """Name what a run of this user could not open, what others own, and what is not a plain file."""
    try:
        owner = state_dir.stat()
    except OSError:  # not there yet, or named already by the check that writes there
        return
    refused, strange, odd = [], [], []
    for path in _all(state_dir):
        try:
            status = path.lstat()
        except OSError:
            continue
        if not os.access(path, os.R_OK | os.W_OK, follow_symlinks=False):
            refused.append((path, status))
        elif _is_strange(status, owner):
            strange.append((path, status))
        odd += [f"{printable(str(path))} {what}" for what in _odd(path, status, state_dir)]
    remedy = owners.give(state_dir, owner)
    whole = bool(refused) and not any(_is_strange(status, owner) for _, status in refused)
    as_owner = owners.run_as(owner) if whole else remedy
    _tell(group, refused, "may not be opened by this user", as_owner, fault=True)
    _tell(group, strange, f"the folder is {owners.named(owner)}'s", remedy, fault=False)
    for text in odd[:_SHOWN]:
        group.fault(text, "remove it: a run would ignore it, or fail on it", code=CONFIGURATION)


def _is_strange(status: os.stat_result, owner: os.stat_result) -> bool:
    return (status.st_uid, status.st_gid) != (owner.st_uid, owner.st_gid)


def _all(folder: Path) -> Iterator[Path]:
    """Everything below a folder, folders first; one that cannot be listed is named by its parent."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def _odd(path: Path, status: os.stat_result, state_dir: Path) -> Iterator[str]:
    if path.relative_to(state_dir).parts[0] not in FOLDERS or stat.S_ISDIR(status.st_mode):
        return
    if not stat.S_ISREG(status.st_mode):
        yield "is not a plain file"
    elif status.st_size > LARGEST:
        yield f"holds {status.st_size:,} bytes, and no file of the job does"


def _tell(
    group: Group, found: list[tuple[Path, os.stat_result]], what: str, remedy: str, *, fault: bool
) -> None:
    for path, status in found[:_SHOWN]:
        text = f"{printable(str(path))} {owners.belongs(status)}: {what}"
        if fault:
            group.fault(text, remedy, code=CONFIGURATION)
        else:
            group.warn(text, remedy)
    if len(found) > _SHOWN:
        group.note(f"and {len(found) - _SHOWN} more files and folders like these", remedy)
