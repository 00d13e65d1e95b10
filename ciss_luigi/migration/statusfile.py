"""The old job's process-status file: ``KEY=value`` lines that a central dashboard reads at any moment.

It is written whole or not at all. Lines that are not ours stay where they are, and the file keeps its mode
and owner.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ciss_luigi.processes import born
from ciss_luigi.state.files import read_plain, sync_folder

FLAG, PROCESS = "MNAAS_Daily_ProcessStatusFlag", "MNAAS_Script_Process_Id"
NAME, STATUS = "MNAAS_Daily_ProcessName", "MNAAS_job_status"
TOLD, RAN = "MNAAS_email_sdp_created", "MNAAS_job_ran_time"
KEYS = (FLAG, NAME, PROCESS, STATUS, TOLD, RAN)
RUNNING, SUCCESS, FAILURE = "Running", "Success", "Failure"
IDLE, IN_TEMP, IN_MAIN = "0", "1", "2"
YES, NO = "Yes", "No"

_LINE = re.compile(r"^([A-Za-z_]\w*)=([^\r\n]*)", re.MULTILINE | re.ASCII)


class StatusFile:
    """One status file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        """Its values by key; if a key is there twice, the last value. Empty if there is no file.

        Raises OSError.
        """
        return {key: value.strip() for key, value in _LINE.findall(self._text())}

    def write(self, changes: Mapping[str, str]) -> None:
        """Change some values, all or none; raises OSError, and then the old file is unchanged."""
        text = self._text()
        held = {key for key, _ in _LINE.findall(text)}
        changed = _LINE.sub(lambda line: f"{line[1]}={changes.get(line[1], line[2])}", text)
        if changed and not changed.endswith("\n"):
            changed += "\n"
        new = [key for key in KEYS if key in changes and key not in held]
        changed += "".join(f"{key}={changes[key]}\n" for key in new)
        if changed != text:
            # the file behind a link: a rename would replace the link, and the file behind it stay old
            _replace(Path(os.path.realpath(self.path)), changed)

    def _text(self) -> str:
        try:
            # bytes that are not UTF-8 are somebody else's, and are written back unchanged
            return read_plain(self.path, errors="surrogateescape")
        except FileNotFoundError:
            return ""


def _replace(path: Path, text: str) -> None:
    """Write a new file with the mode and owner of the old one, and rename it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            with suppress(FileNotFoundError):
                there = path.stat()
                mine = os.fstat(file.fileno())
                if (there.st_uid, there.st_gid) != (mine.st_uid, mine.st_gid):
                    os.fchown(file.fileno(), there.st_uid, there.st_gid)
                os.fchmod(file.fileno(), there.st_mode & 0o7777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def old_script(values: Mapping[str, str]) -> str:
    """The old script's command line, if the file names a living process of it; else nothing."""
    pid, name = values.get(PROCESS, ""), values.get(NAME, "")
    if not name or not is_alive(pid):
        return ""
    # alive is not enough: another program may have got the number by now
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    words = [word for argument in arguments for word in argument.split()]
    mine = (f"{name}.sh", f"-Dname={name}")
    return " ".join(words) if any(word.rpartition("/")[2] in mine or word in mine for word in words) else ""


def is_alive(pid: str) -> bool:
    """Whether a process with the id in the file is alive."""
    return pid.isascii() and pid.isdigit() and bool(born(int(pid)))
