"""The run ledger: every attempt of every step, with its start, end, outcome and error.

One file of JSON lines per date, only ever appended to. An attempt without an end was killed.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import socket
import uuid
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.files import make_folder, naming


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Attempt:
    """One attempt at a step; ``outcome`` is None while it runs or when it was killed."""

    id: str
    step: str
    host: str
    pid: int
    started_at: str
    ended_at: str = ""
    outcome: Outcome | None = None
    error: str = ""


class Ledger:
    """The ledger of one ``state_dir``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self, date: RunDate, step: str) -> str:
        """Write down that an attempt begins; returns its id. Raises OSError."""
        attempt = uuid.uuid4().hex
        self._append(
            date,
            {
                "event": "start",
                "attempt": attempt,
                "step": step,
                "host": socket.gethostname(),
                "pid": os.getpid(),
            },
        )
        return attempt

    def end(self, date: RunDate, attempt: str, outcome: Outcome, error: str = "") -> None:
        """Write down how an attempt ended; raises OSError."""
        self._append(date, {"event": "end", "attempt": attempt, "outcome": str(outcome), "error": error})

    def rebuild(self, date: RunDate, attempt: str, command: str) -> None:
        """Write down that an attempt built temp anew, and in which command; raises OSError."""
        self._append(date, {"event": "rebuild", "attempt": attempt, "command": command})

    def has_rebuilt(self, date: RunDate, command: str) -> bool:
        """Whether a command has built a date's temp anew."""
        return any(
            entry["event"] == "rebuild" and entry.get("command") == command for entry in self._entries(date)
        )

    def attempts(self, date: RunDate) -> list[Attempt]:
        """All attempts of a date, oldest first; a torn last line of a killed writer is passed over."""
        found: dict[str, Attempt] = {}
        for entry in self._entries(date):
            attempt = _merge(found.get(entry["attempt"]), entry)
            if attempt is not None:
                found[attempt.id] = attempt
        return list(found.values())

    def dates(self) -> list[RunDate]:
        """The dates that have a ledger, oldest first."""
        found = []
        for path in self._folder.glob("*.jsonl"):
            try:
                found.append(RunDate.parse(path.stem))
            except ValueError:
                continue
        return sorted(found)

    def _append(self, date: RunDate, entry: dict[str, Any]) -> None:
        make_folder(self._folder)
        path = self._folder / f"{date}.jsonl"
        text = json.dumps({"at": dt.datetime.now(dt.UTC).isoformat(), **entry}, ensure_ascii=False)
        # The first newline ends what a killed writer may have left torn. A path may hold bytes that are no
        # UTF-8; as backslashes they are JSON's own escapes.
        line = f"\n{text}\n".encode(errors="backslashreplace")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o664)
        try:
            with naming(path):
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _entries(self, date: RunDate) -> list[dict[str, Any]]:
        try:
            text = (self._folder / f"{date}.jsonl").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        entries = []
        for line in text.split("\n"):  # splitlines() would also split at a U+2028 inside an error's text
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in _TEXTS):
                entries.append(entry)
        return entries


_TEXTS = ("event", "attempt", "at")


def _merge(known: Attempt | None, entry: dict[str, Any]) -> Attempt | None:
    try:
        if entry["event"] == "start":
            step, host = str(entry["step"]), str(entry["host"])
            return Attempt(entry["attempt"], step, host, int(entry["pid"]), entry["at"])
        if entry["event"] == "end" and known is not None:
            outcome, error = Outcome(entry["outcome"]), str(entry["error"])
            return replace(known, ended_at=entry["at"], outcome=outcome, error=error)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return None
