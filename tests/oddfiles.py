"""What can stand in the place of a file of ours, and must never be waited for or read into memory."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path


def make_odd(path: Path, odd: str) -> None:
    """Make a pipe that nobody writes to, a folder, a socket, or a sparse file of 6 GB."""
    if odd == "pipe":
        os.mkfifo(path)
    elif odd == "folder":
        path.mkdir()
    elif odd == "socket":
        # by its name alone: a whole path may be too long for a socket
        with socket.socket(socket.AF_UNIX) as one, contextlib.chdir(path.parent):
            one.bind(path.name)
    else:
        with path.open("wb") as file:
            file.truncate(6_000_000_000)
