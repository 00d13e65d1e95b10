"""Records about the old Java classes: the process that outlives its command, and whose rows temp holds.

Their temp table is one for all dates.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ciss_luigi.processes import born
from ciss_luigi.state.files import read_plain, remove, write_whole
from ciss_luigi.state.writes import Nowhere, Writes

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
    """The records of one ``state_dir``; with leases, also a copy that other hosts can read.

    ``seen`` is where that copy goes; None without leases. ``temp`` is the name of the temp table: the copy is
    kept under it.
    """

    def __init__(self, state_dir: Path, seen: Writes | None = None, temp: str = "") -> None:
        self._running = state_dir / "java" / "running.json"
        self._temp = state_dir / "java" / "temp.json"
        self._seen = seen or Nowhere()
        self._target = temp

    def left_behind(self) -> JavaRun | None:
        """The JVM that is still written down as running, or None; raises OSError."""
        return _run(_read(self._running))

    def elsewhere(self) -> JavaRun | None:
        """The JVM that is still written down, if it is on another host: nobody can end it from here.

        Raises OSError.
        """
        runs = [self.left_behind(), *(_run(_values(trace)) for trace in self._seen.find(self._target))]
        return next((run for run in runs if run is not None and run.host != socket.gethostname()), None)

    def begin(self, run: JavaRun) -> None:
        """Write down a JVM before it starts; raises OSError, LeaseLost and EngineUnavailable."""
        record = json.dumps(asdict(run))
        write_whole(self._running, record + "\n", mode=0o600)
        self._seen.open(self._target, record)

    def over(self) -> None:
        """Remove the record, once its processes and their statements on the server have ended.

        Raises OSError and EngineUnavailable.
        """
        remove(self._running)
        self._seen.close(self._target)

    def temp_holds(self) -> tuple[str, str]:
        """The date and the run id of the build whose rows temp holds; empty if that is not known."""
        values = _read(self._temp)
        return str(values.get("date", "")), str(values.get("run_id", ""))

    def is_in_temp(self, date: str, run_id: str) -> bool:
        """Whether temp holds the rows of a build: no other one has emptied it since."""
        try:
            return self.temp_holds() == (date, run_id)
        except OSError:  # nobody knows; the next build will say what is wrong with the file
            return False

    def note_temp(self, date: str, run_id: str) -> None:
        """Write down whose rows temp holds; both empty before it is emptied. Raises OSError."""
        write_whole(self._temp, json.dumps({"date": date, "run_id": run_id}) + "\n")


def _run(values: Mapping[str, object]) -> JavaRun | None:
    """What was written down of a JVM, or None for anything else."""
    try:
        return JavaRun(str(values["host"]), int(str(values["pid"])), str(values["mark"]), str(values["what"]))
    except (KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> dict[str, object]:
    try:
        return _values(read_plain(path))
    except FileNotFoundError:
        return {}


def _values(text: str) -> dict[str, object]:
    try:
        values = json.loads(text)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
