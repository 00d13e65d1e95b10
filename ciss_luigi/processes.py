"""Telling whether a process id still belongs to the same process."""

from __future__ import annotations

import os
from pathlib import Path

_DEAD = ("Z", "X")
"""States of a process that has ended and is only still listed."""


def born(pid: int) -> str:
    """When a process began, in the kernel's ticks since boot; "" if there is no such process.

    Ids are used again, so only id and beginning together identify a process.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        # the name, up to the last ")", may hold anything; then comes field 3, and 22 is the start (proc(5))
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in _DEAD else fields[19]
    except (OSError, IndexError):
        return "" if Path("/proc/self").exists() else _born_without_proc(pid)


def _born_without_proc(pid: int) -> str:
    """The same word for every living process: without /proc nobody can see that an id was used again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
