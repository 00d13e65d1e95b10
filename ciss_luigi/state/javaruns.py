"""Records about the old Java classes: the process that outlives its command, and whose rows temp holds.

Their temp table is one for all dates.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ciss_luigi.processes import born
from ciss_luigi.state.files import read_plain, remove, write_whole

MARK = "CISS_JAVA_RUN"
"""The environment variable by which all processes of a run are found, also those that left its group."""


@dataclass(frozen=True)
class JavaRun:
    """A JVM that was started: its host, its process id, and the mark in the environment of its processes.

    ``what`` is the name of the class that it runs.
    """

    host: str
    pid: int
    mark: str
    what: str

    def processes(self) -> list[int]:
        """The ids of its living processes on this host, whatever process group they are in."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                pid = int(folder.name)
                if wanted in (folder / "environ").read_bytes().split(b"\0") and born(pid):
                    found.append(pid)
        return found

    def end(self, number: int) -> list[int]:
        """Send a signal, by its number, to all of its processes; returns the ids of those that lived."""
        alive = self.processes()
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return alive


class JavaRuns:
    """The records of one ``state_dir``."""

    def __init__(self, state_dir: Path) -> None:
        self._running = state_dir / "java" / "running.json"
        self._temp = state_dir / "java" / "temp.json"

    def left_behind(self) -> JavaRun | None:
        """The JVM that is still written down as running, or None; raises OSError."""
        values = _read(self._running)
        try:
            return JavaRun(
                str(values["host"]), int(str(values["pid"])), str(values["mark"]), str(values["what"])
            )
        except (KeyError, TypeError, ValueError):
            return None

    def elsewhere(self) -> JavaRun | None:
        """The JVM that is still written down, if it is on another host: nobody can end it from here."""
        run = self.left_behind()
        return run if run is not None and run.host != socket.gethostname() else None

    def begin(self, run: JavaRun) -> None:
        """Write down a JVM before it starts; raises OSError."""
        write_whole(self._running, json.dumps(asdict(run)) + "\n", mode=0o600)

    def over(self) -> None:
        """Remove the record: all its processes have ended, and so has what they sent to the server."""
        remove(self._running)

    def temp_holds(self) -> tuple[str, str]:
        """The date and the run id of the build whose rows temp holds; empty if that is not known."""
        values = _read(self._temp)
        return str(values.get("date", "")), str(values.get("run_id", ""))

    def note_temp(self, date: str, run_id: str) -> None:
        """Write down whose rows temp holds; both empty before it is emptied. Raises OSError."""
        write_whole(self._temp, json.dumps({"date": date, "run_id": run_id}) + "\n")


def _read(path: Path) -> dict[str, object]:
    try:
        values = json.loads(read_plain(path))
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
