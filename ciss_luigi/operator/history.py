"""``ciss history``: every attempt, what was merged, and the change to the run before; from the ledgers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ciss_luigi import exitcodes
from ciss_luigi.alerts import today
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.commandledger import CommandEntry
from ciss_luigi.state.ledger import Attempt, Outcome
from ciss_luigi.state.markers import Step

KILLED, RUNNING = "killed", "running"
_NO_NEWS = (exitcodes.DONE, exitcodes.RUNNING_ELSEWHERE)
"""With these a command has done what it could, or had nothing to do."""

_DAYS_AROUND = 62
"""A month is rebuilt by its own dates and by the first ones of the next month."""


@dataclass(frozen=True)
class AttemptLine:
    """One attempt; ``seconds`` is None while it runs and if it was killed."""

    date: RunDate
    attempt: Attempt
    outcome: str
    seconds: float | None

    @property
    def went_well(self) -> bool:
        """Whether it is done, or still runs and may end well."""
        return self.outcome in (Outcome.DONE, RUNNING)


@dataclass(frozen=True)
class Merged:
    """What was merged for one month; ``total`` and ``change`` are US dollars.

    ``total`` is None if only the rows are known, ``change`` if nothing is known to compare with.
    """

    date: RunDate
    month: str
    run_id: str
    rows: int
    source_rows: int
    total: Decimal | None
    change: Decimal | None


@dataclass(frozen=True)
class History:
    """Attempts and merged months, oldest date first; and the commands."""

    lines: tuple[AttemptLine, ...]
    months: tuple[Merged, ...]
    commands: tuple[CommandEntry, ...]
    beside: tuple[CommandEntry, ...]
    """The commands that did not end well, but before or between steps: no attempt shows it."""

    def of(self, date: RunDate) -> list[Merged]:
        """What was merged for a date."""
        return [one for one in self.months if one.date == date]


def look(
    site: Site, first: RunDate | None = None, last: RunDate | None = None, *, failed: bool = False
) -> History:
    """The history of the dates from ``first`` to ``last``, both included, or of all; only ledgers are read.

    ``failed`` leaves out what went well. Raises OSError if a ledger cannot be read.
    """
    known = _attempts(site, first, last)
    wanted = {date: found for date, found in known.items() if _is_within(date, first, last)}
    lines = [line for date, found in wanted.items() for line in lines_of(site, date, found)]
    months = [one for one in _merged(known) if one.date in wanted]
    commands = _commands(site, lines, first, last)
    around = [line for date, found in known.items() for line in lines_of(site, date, found)]
    if failed:
        lines = [line for line in lines if not line.went_well]
        months = []
        commands = [one for one in commands if not _ended_well(one)]
    return History(tuple(lines), tuple(months), tuple(commands), tuple(_beside(commands, around)))


def _beside(commands: Iterable[CommandEntry], lines: Sequence[AttemptLine]) -> Iterator[CommandEntry]:
    """The commands that did not end well, though no attempt of theirs shows it."""
    began = {line.attempt.command for line in lines}
    shown = {line.attempt.command for line in lines if not line.went_well}
    for one in commands:
        # the step that failed may be of a date that is not looked at
        is_known = one.exit_code != exitcodes.STEP_FAILED or one.id in began
        if one.id not in shown and one.exit_code not in _NO_NEWS and is_known and not one.runs():
            yield one


def _ended_well(command: CommandEntry) -> bool:
    """Whether it did, or still runs and may."""
    return command.exit_code in exitcodes.NO_FAILURE or command.runs()


def _is_within(date: RunDate, first: RunDate | None, last: RunDate | None) -> bool:
    return (first is None or first <= date) and (last is None or date <= last)


def _attempts(site: Site, first: RunDate | None, last: RunDate | None) -> dict[RunDate, list[Attempt]]:
    """The attempts by date, also of some weeks before and after: they are needed for the changes.

    A later date may have been merged before an earlier one.
    """
    begin = first.days_earlier(_DAYS_AROUND) if first else None
    end = last.days_earlier(-_DAYS_AROUND) if last else None
    dates = [date for date in site.ledger.dates() if _is_within(date, begin, end)]
    return {date: site.ledger.attempts(date) for date in dates}


def lines_of(site: Site, date: RunDate, attempts: Iterable[Attempt]) -> Iterator[AttemptLine]:
    """The attempts at a date, each with its outcome: one that has no end runs yet, or was killed."""
    for attempt in attempts:
        if attempt.outcome is not None:
            yield AttemptLine(date, attempt, str(attempt.outcome), _seconds(attempt))
        else:
            holder = site.date_lock(date).holder()
            # an attempt from before the lock was taken is not the holder's: its own process was killed
            runs = holder is not None and attempt.started_at >= holder.since
            yield AttemptLine(date, attempt, RUNNING if runs else KILLED, None)


def _seconds(attempt: Attempt) -> float | None:
    try:
        took = dt.datetime.fromisoformat(attempt.ended_at) - dt.datetime.fromisoformat(attempt.started_at)
    except (ValueError, TypeError):
        return None
    return max(0.0, took.total_seconds())  # the clock may have been set back meanwhile


def _merged(known: dict[RunDate, list[Attempt]]) -> list[Merged]:
    """What was merged by date, each with the change to the run that was merged before it."""
    merges = [
        (attempt.ended_at, date, attempt.result)
        for date, attempts in known.items()
        for attempt in attempts
        if attempt.step == Step.MERGE and attempt.outcome is Outcome.DONE and attempt.result is not None
    ]
    totals: dict[str, Decimal | None] = {}
    found = []
    for _, date, result in sorted(merges, key=lambda one: one[0]):
        for month in result.months:
            before = totals.get(month.month)
            total = totals[month.month] = month.total_charge_usd
            change = None if before is None or total is None else total - before
            figures = (month.month, result.run_id, month.rows, month.source_rows, total, change)
            found.append(Merged(date, *figures))
    return sorted(found, key=lambda one: (one.date, one.month))


def _commands(
    site: Site, lines: Iterable[AttemptLine], first: RunDate | None, last: RunDate | None
) -> list[CommandEntry]:
    """The commands of these attempts, and the commands for a date of the range that began no step."""
    commands = site.commands.commands()
    if first is None and last is None:
        return commands
    mine = {line.attempt.command for line in lines}
    begin, end = (str(one) if one else "" for one in (first, last))
    return [one for one in commands if one.id in mine or today.asks_within(one.arguments, begin, end)]


def document(found: History) -> dict[str, Any]:
    """The history as JSON values for programs; amounts are texts."""
    return {
        "format": 1,
        "attempts": [_attempt(line) for line in found.lines],
        "months": [_month(one) for one in found.months],
        "commands": [_command(one) for one in found.commands],
    }


def _attempt(line: AttemptLine) -> dict[str, Any]:
    attempt = line.attempt
    return {
        "date": str(line.date),
        "step": attempt.step,
        "outcome": line.outcome,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at or None,
        "seconds": line.seconds,
        "host": attempt.host,
        "pid": attempt.pid,
        "error": attempt.error,
        "run_id": attempt.result.run_id if attempt.result else "",
    }


def _month(one: Merged) -> dict[str, Any]:
    return {
        "date": str(one.date),
        "month": one.month,
        "run_id": one.run_id,
        "rows": one.rows,
        "source_rows": one.source_rows,
        "total_charge_usd": None if one.total is None else format(one.total, "f"),
        "change_usd": None if one.change is None else format(one.change, "f"),
    }


def _command(command: CommandEntry) -> dict[str, Any]:
    return {
        "id": command.id,
        "arguments": list(command.arguments),
        "host": command.host,
        "pid": command.pid,
        "began_at": command.began_at,
        "ended_at": command.ended_at or None,
        "exit_code": command.exit_code,
        "reasons": list(command.reasons),
    }
