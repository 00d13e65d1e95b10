"""Every file of ``state_dir``: who owns it, whether this user may use it, and whether it is a plain file."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from ciss_luigi.counting import counted
from ciss_luigi.operator.checks.findings import CONFIGURATION, Group
from ciss_luigi.plaintext import printable
from ciss_luigi.state import owners
from ciss_luigi.state.files import FOLDERS, LARGEST

_SHOWN = 5
_OF_FILES = (".json", ".jsonl", ".lock")
"""The endings of the job's files: a folder with such a name is in the place of one."""


_Found = tuple[Path, os.stat_result]


def check(group: Group, state_dir: Path) -> None:
    """Name what a run of this user could not open, what others own, and what is not a plain file."""
    try:
        owner = state_dir.stat()
    except OSError:  # not there yet, or named already by the check that writes there
        return
    refused: list[_Found] = []
    strange: list[_Found] = []
    odd: list[tuple[Path, str]] = []
    for path in _all(state_dir):
        try:
            status = path.lstat()
        except OSError:
            continue
        if not os.access(path, os.R_OK | os.W_OK, follow_symlinks=False):
            refused.append((path, status))
        elif _is_strange(status, owner):
            strange.append((path, status))
        odd += [(path, what) for what in _odd(path, status, state_dir)]
    remedy = owners.give(state_dir, owner)
    whole = bool(refused) and not any(_is_strange(status, owner) for _, status in refused)
    as_owner = owners.run_as(owner) if whole else remedy
    _tell(group, refused, "may not be opened by this user", as_owner, fault=True)
    _tell(group, strange, f"the folder is {owners.named(owner)}'s", remedy, fault=False)
    for path, what in odd[:_SHOWN]:
        remove = f"rm -r {shlex.quote(str(path))}"
        remedy = f"remove it ({remove}): a run would ignore it, or fail on it"
        group.fault(f"{printable(str(path))} {what}", remedy, code=CONFIGURATION)


def _is_strange(status: os.stat_result, owner: os.stat_result) -> bool:
    return (status.st_uid, status.st_gid) != (owner.st_uid, owner.st_gid)


def _all(folder: Path) -> Iterator[Path]:
    """Everything below a folder, folders first; one that cannot be listed is named by its parent."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def _odd(path: Path, status: os.stat_result, state_dir: Path) -> Iterator[str]:
    if path.relative_to(state_dir).parts[0] not in FOLDERS:
        return
    if stat.S_ISDIR(status.st_mode) and path.suffix not in _OF_FILES:
        return
    if not stat.S_ISREG(status.st_mode):
        yield "is not a plain file"
    elif status.st_size > LARGEST:
        yield f"holds {status.st_size:,} bytes, and no file of the job does"


def _tell(group: Group, found: list[_Found], what: str, remedy: str, *, fault: bool) -> None:
    for path, status in found[:_SHOWN]:
        text = f"{printable(str(path))} {owners.belongs(status)}: {what}"
        if fault:
            group.fault(text, remedy, code=CONFIGURATION)
        else:
            group.warn(text, remedy)
    if len(found) > _SHOWN:
        group.note(
            f"and {counted(len(found) - _SHOWN, 'more file or folder', 'more files and folders')} like these",
            remedy,
        )
