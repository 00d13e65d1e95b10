"""Files of JSON lines that are only appended to, so that a kill can damage only the last line."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ciss_luigi.state.files import make_folder, naming, read_plain
from ciss_luigi.state.owners import hand_over


def append(path: Path, entry: Mapping[str, Any], *, sync: bool) -> None:
    """Append one line, with the time in UTC under ``at``; raises OSError.

    ``sync``: return only when the line is on the disk, safe from a power cut.
    """
    make_folder(path.parent)
    text = json.dumps({"at": dt.datetime.now(dt.UTC).isoformat(), **entry}, ensure_ascii=False)
    # The first newline ends a line that a killed writer may have left unfinished. A path may hold bytes that
    # are not UTF-8: written as backslashes they are JSON's own escapes.
    line = f"\n{text}\n".encode(errors="backslashreplace")
    # O_NONBLOCK: if the path is a FIFO, open would else wait for ever for a reader
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    with naming(path):
        descriptor = os.open(path, flags, 0o664)
        try:
            if not os.fstat(descriptor).st_size:
                hand_over(path)
            # in one write, so that the lines of several processes never mix (O_APPEND)
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def entries(path: Path | str) -> list[dict[str, Any]]:
    """The lines that are JSON objects with a time, oldest first; all other lines are skipped.

    Empty if there is no file. Raises OSError if there is one that cannot be read.
    """
    try:
        text = read_plain(path, errors="replace")
    except FileNotFoundError:
        return []
    found = []
    for line in text.split("\n"):  # splitlines() would also split at a U+2028 inside an error's text
        if not line:  # before each line stands an empty one
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict) and isinstance(entry.get("at"), str):
            found.append(entry)
    return found
