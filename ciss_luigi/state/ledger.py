"""The run ledger: every attempt at every step, with its start, end, outcome, error and result.

There is one file of JSON lines for each date; it is only appended to. An attempt without an end was killed,
or still runs. The commands that made the attempts are in :mod:`ciss_luigi.state.commandledger`.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.state import commandledger, jsonlines
from ciss_luigi.state.files import OddFile
from ciss_luigi.state.markers import Marker, Step

logger = logging.getLogger("luigi-interface.ciss_luigi")


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class MonthFigures(NamedTuple):
    """What an attempt built or merged for one month: rows, source rows, and the total in US dollars.

    The total has 4 decimals; it is None where only the rows are known (``loader = java``).
    """

    month: str
    rows: int
    source_rows: int
    total_charge_usd: Decimal | None


class Result(NamedTuple):
    """What an attempt that ended well has done; ``months`` are those that it built or merged."""

    run_id: str = ""
    months: tuple[MonthFigures, ...] = ()
    superseded: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, marker: Marker) -> Result:
        """The result that a step's marker proves."""
        months = tuple(
            MonthFigures(month.month, month.rows, month.source_rows, month.in_usd())
            for month in marker.months
        )
        left_out = marker.left_out if marker.step is not Step.TRUNCATE else ()
        return cls(marker.run_id, months, marker.superseded, left_out)


class Attempt(NamedTuple):
    """One attempt at a step; ``outcome`` is None while it runs and if it was killed.

    Times are ISO texts in UTC. ``command`` is the id of the command that made the attempt. ``result`` is None
    if it did not end well. Ledgers of 0.1.0 have neither: then ``command`` is "" and ``result`` None.
    """

    id: str
    step: str
    host: str
    pid: int
    started_at: str
    ended_at: str = ""
    outcome: Outcome | None = None
    error: str = ""
    command: str = ""
    result: Result | None = None
    kind: str = ""
    """The name of the error's class; "" in older ledgers and without an error."""


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
                "command": commandledger.COMMAND,
            },
        )
        return attempt

    def end(
        self,
        date: RunDate,
        attempt: str,
        outcome: Outcome,
        error: str = "",
        *,
        result: Result | None = None,
        kind: str = "",
    ) -> None:
        """Write down how an attempt ended, and what it did; raises OSError.

        ``kind`` is the name of the error's class.
        """
        entry = {"event": "end", "attempt": attempt, "outcome": str(outcome), "error": error}
        entry |= {"kind": kind} if kind else {}
        self._append(date, entry if result is None else {**entry, "result": _to_json(result)})

    def rebuild(self, date: RunDate, attempt: str, command: str) -> None:
        """Write down that an attempt built temp again, and in which command; raises OSError."""
        self._append(date, {"event": "rebuild", "attempt": attempt, "command": command})

    def has_rebuilt(self, date: RunDate, command: str) -> bool:
        """Whether a command has built a date's temp again; raises OSError if the ledger cannot be read.

        It stands in the ledger because the steps of one command may run in different processes.
        """
        return any(
            entry["event"] == "rebuild" and entry.get("command") == command for entry in self._entries(date)
        )

    def attempts(self, date: RunDate) -> list[Attempt]:
        """All attempts of a date, oldest first; a line that a killed writer left unfinished is skipped.

        Raises OSError if the date has a ledger and it cannot be read.
        """
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

    def run_last(self, most: int) -> list[RunDate]:
        """The dates to whose ledgers something was added last, at most so many, in no order."""
        changed = []
        for date in self.dates():
            with suppress(FileNotFoundError):  # removed in this moment
                changed.append(((self._folder / f"{date}.jsonl").stat().st_mtime, date))
        return [date for _, date in sorted(changed)[-most:]]

    def _append(self, date: RunDate, entry: dict[str, Any]) -> None:
        # sync: a step that a power cut ends must be seen to have begun
        jsonlines.append(self._folder / f"{date}.jsonl", entry, sync=True)

    def _entries(self, date: RunDate) -> list[dict[str, Any]]:
        path = f"{self._folder}/{date}.jsonl"
        try:
            entries = jsonlines.entries(path)
        except OddFile as error:  # it only tells what happened: the run must not fail for it
            logger.warning("%s is ignored: it %s", path, error.strerror)
            entries = []
        return [entry for entry in entries if all(isinstance(entry.get(key), str) for key in _TEXTS)]


_TEXTS = ("event", "attempt", "at")


def _merge(known: Attempt | None, entry: dict[str, Any]) -> Attempt | None:
    try:
        if entry["event"] == "start":
            return Attempt(
                entry["attempt"],
                str(entry["step"]),
                str(entry["host"]),
                int(entry["pid"]),
                entry["at"],
                command=str(entry.get("command", "")),
            )
        if entry["event"] == "end" and known is not None:
            outcome, error = Outcome(entry["outcome"]), str(entry["error"])
            result = _from_json(entry.get("result"))
            kind = str(entry.get("kind", ""))
            return known._replace(
                ended_at=entry["at"], outcome=outcome, error=error, result=result, kind=kind
            )
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return None


def _to_json(result: Result) -> dict[str, Any]:
    return {
        "run_id": result.run_id,
        "months": [
            {
                "month": one.month,
                "rows": one.rows,
                "source_rows": one.source_rows,
                "total_charge_usd": None
                if one.total_charge_usd is None
                else format(one.total_charge_usd, "f"),
            }
            for one in result.months
        ],
        "superseded": list(result.superseded),
        "left_out": list(result.left_out),
    }


def _from_json(values: Any) -> Result | None:
    """A result, or None for anything else; how the attempt ended counts even then."""
    try:
        return Result(
            str(values["run_id"]),
            tuple(map(_figures, values["months"])),
            tuple(map(str, values["superseded"])),
            tuple(map(str, values["left_out"])),
        )
    except (KeyError, ValueError, TypeError, ArithmeticError):
        return None


def _figures(values: Mapping[str, Any]) -> MonthFigures:
    known = values["total_charge_usd"] is not None
    amount = Decimal(str(values["total_charge_usd"])) if known else None
    if amount is not None and not amount.is_finite():
        raise ValueError(f"{amount} is not an amount")
    month = str(Month.parse(values["month"]))
    return MonthFigures(month, int(values["rows"]), int(values["source_rows"]), amount)
