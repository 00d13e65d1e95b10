"""The ledger of commands: each ``luigi`` command, with its arguments, how it ended and why.

A command that ended before its first step leaves a line too, so that a night that did nothing is seen. There
is one file of JSON lines for each day (UTC) on which commands began; it is only appended to. A command
without an end was killed, or still runs. These lines tell what happened and prove nothing: a command goes on
if they cannot be written, and does not wait until they are on the disk.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ciss_luigi.plaintext import masked
from ciss_luigi.processes import born
from ciss_luigi.state import jsonlines

COMMAND = uuid.uuid4().hex
"""The id of this process's command in the ledgers; forked workers have the same."""

REASONS_AT_MOST = 20
"""How many reasons of one command are read."""


@dataclass(frozen=True)
class CommandEntry:
    """One command. Times are ISO texts in UTC; ``exit_code`` is None while it runs and if it was killed.

    ``reasons`` say why it did not end well, in their order, without repeats. ``born`` is when its process
    started (``processes.born``): another process may have the same id later.
    """

    id: str
    arguments: tuple[str, ...]
    host: str
    pid: int
    born: str
    began_at: str
    ended_at: str = ""
    exit_code: int | None = None
    reasons: tuple[str, ...] = ()

    def runs(self) -> bool:
        """Whether it still runs.

        A process on another host cannot be seen: without an end it counts as running.
        """
        if self.exit_code is not None:
            return False
        return self.host != socket.gethostname() or (self.born != "" and born(self.pid) == self.born)


class CommandLedger:
    """The commands of one ``state_dir``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, command: str, arguments: Sequence[str]) -> Path:
        """Write down that a command begins; returns the file in which its end has to go. Raises OSError."""
        path = self._folder / f"{dt.datetime.now(dt.UTC).date()}.jsonl"
        entry = {
            "event": "begin",
            "command": command,
            "arguments": masked(arguments),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "born": born(os.getpid()),
        }
        jsonlines.append(path, entry, sync=False)
        return path

    def commands(self, first: dt.date | None = None, last: dt.date | None = None) -> list[CommandEntry]:
        """The commands that began from the ``first`` day to the ``last`` (UTC), oldest first; raises OSError.

        Without one of them there is no bound on that side.
        """
        return [command for path in self._files(first, last) for command in _commands(path)]

    def latest(self) -> CommandEntry | None:
        """The command that began last; raises OSError."""
        for path in reversed(self._files()):
            found = _commands(path)
            if found:
                return found[-1]
        return None

    def _files(self, first: dt.date | None = None, last: dt.date | None = None) -> list[Path]:
        found = []
        for path in self._folder.glob("*.jsonl"):
            try:
                day = dt.date.fromisoformat(path.stem)
            except ValueError:
                continue
            if (first is None or first <= day) and (last is None or day <= last):
                found.append(path)
        return sorted(found)


def note(path: Path, command: str, text: str) -> None:
    """Write down why a command will not end well; raises OSError."""
    jsonlines.append(path, {"event": "note", "command": command, "text": text}, sync=False)


def end(path: Path, command: str, exit_code: int) -> None:
    """Write down a command's end; raises OSError."""
    jsonlines.append(path, {"event": "end", "command": command, "exit_code": exit_code}, sync=False)


def _commands(path: Path) -> list[CommandEntry]:
    """The commands in a file; lines that make no sense are skipped."""
    found: dict[str, CommandEntry] = {}
    for entry in jsonlines.entries(path):
        try:
            command = _merge(found.get(entry["command"]), entry)
        except (KeyError, ValueError, TypeError, OverflowError):
            continue
        if command is not None:
            found[command.id] = command
    return sorted(found.values(), key=lambda one: one.began_at)


def _merge(known: CommandEntry | None, entry: dict[str, Any]) -> CommandEntry | None:
    if entry["event"] == "begin":
        arguments = tuple(map(str, entry["arguments"]))
        host, pid = str(entry["host"]), int(entry["pid"])
        return CommandEntry(str(entry["command"]), arguments, host, pid, str(entry["born"]), entry["at"])
    if known is None:
        return None
    if entry["event"] == "note":
        return replace(known, reasons=tuple(_once([*known.reasons, str(entry["text"])])))
    if entry["event"] == "end":
        return replace(known, ended_at=entry["at"], exit_code=int(entry["exit_code"]))
    return None


def _once(texts: Iterable[str]) -> Iterator[str]:
    """Each text once, and not too many: a range of a thousand dates may fail a thousand times alike."""
    yield from list(dict.fromkeys(texts))[:REASONS_AT_MOST]
