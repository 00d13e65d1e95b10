"""Who owns the files of ``state_dir``: one run as root must not lock out the user of the nightly runs.

What a command makes belongs to the owner and group of the folder that it is in. A file that may not be opened
is named with its owner and mode, and with the command that puts it right.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import shlex
import stat
from contextlib import suppress
from pathlib import Path


def hand_over(path: Path, like: Path | None = None) -> None:
    """Give a new file or folder to the owner and group of the folder that it is in, or to those of ``like``.

    Root can give both. Other users can only give the group, and only one that they belong to. What cannot be
    given stays as it is. Raises OSError if the file or its folder cannot be looked at.
    """
    to = (like or path.parent).stat()
    mine = path.lstat()
    if (mine.st_uid, mine.st_gid) == (to.st_uid, to.st_gid):
        return
    owner = to.st_uid if os.geteuid() == 0 else -1
    with suppress(OSError):  # a filesystem without owners, or a group that we do not belong to
        os.chown(path, owner, to.st_gid, follow_symlinks=False)


def words(error: OSError) -> str:
    """Who owns the file that may not be opened, and what to type; empty for an error of another kind."""
    if error.errno not in (errno.EACCES, errno.EPERM) or not isinstance(error.filename, str):
        return ""
    for path in (Path(error.filename).absolute(), *Path(error.filename).absolute().parents):
        try:
            status = path.stat()
        except OSError:
            continue
        giving = _giving(path, status)
        typed = f"type: {giving}" if giving else run_as(status)
        return f" ({path} {belongs(status)}; {typed})"
    return ""


def if_locked_out(path: Path) -> str:
    """What ``words`` says, for a file that a library such as DuckDB could not open.

    "" if there is no file, or if this user may read and write it.
    """
    if not os.path.exists(path) or os.access(path, os.R_OK | os.W_OK):
        return ""
    return words(PermissionError(errno.EACCES, "", str(path)))


def belongs(status: os.stat_result) -> str:
    """Owner, group and mode in words: ``belongs to user:group, mode 0644``."""
    return f"belongs to {named(status)}, mode {stat.S_IMODE(status.st_mode):04o}"


def named(status: os.stat_result) -> str:
    """Owner and group as ``chown`` wants them: ``user:group``."""
    return f"{_user(status.st_uid)}:{_group(status.st_gid)}"


def give(path: Path, to: os.stat_result) -> str:
    """The command that gives a file or folder, with everything in it, to the owner and group of ``to``."""
    return f"sudo chown -R {named(to)} {shlex.quote(str(path))}"


def remedy(path: Path, status: os.stat_result) -> str:
    """What to type: give it to the owner of the nearest folder above that is somebody else's, but root.

    If there is none, run as its owner.
    """
    return _giving(path, status) or run_as(status)


def _giving(path: Path, status: os.stat_result) -> str:
    for folder in path.parents:
        with suppress(OSError):
            above = folder.stat()
            # a folder of root's, such as /var, does not say whose the files in it should be
            if above.st_uid == 0 or (above.st_uid, above.st_gid) == (status.st_uid, status.st_gid):
                continue
            return give(path, above)
    return ""


def run_as(status: os.stat_result) -> str:
    """What to do if everything belongs to somebody else."""
    return f"run this as its owner: sudo -u {_user(status.st_uid)} ..."


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
