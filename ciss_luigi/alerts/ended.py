"""The failures of a command that has ended.

Which ends count as failures is written in ``docs/operations.md``, section "Who is told when".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from ciss_luigi import commands, exitcodes
from ciss_luigi.alerts import today
from ciss_luigi.alerts.failure import ClosedBy, Seen
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.observers import CommandEnd
from ciss_luigi.state.ledger import Attempt, Ledger, Outcome

_SIGNALLED = range(129, 160)
"""128 and the signal's number: how a process ends that a signal stopped."""


class Headline(StrEnum):
    """The headlines of messages, after the step where there is one. docs/runbook.md explains each."""

    FAILED = "failed"
    STOPPED = "was stopped"
    KILLED = "was killed"
    RUN_STOPPED = "the run was stopped"
    COMMAND_FAILED = "the command failed"
    NOT_ASKED = "the sources could not be asked"
    CONFIGURATION = "the configuration is faulty"
    LUIGID = "luigid does not answer"
    BROKE_OFF = "the command broke off"


_KILLED = "it ended without a word: its process was killed, or broke off"


def failures(end: CommandEnd, ledger: Path, *, engine: str = "", log: str = "") -> list[Seen]:
    """The failures of a command that has ended; failures that are the same are one, with all its dates.

    Raises OSError where the ledger cannot be read.
    """
    found = [replace(one, engine=engine, log=log) for one in _failures(end, Ledger(ledger))]
    return list(_together(found, end))


def unread(end: CommandEnd) -> list[Seen]:
    """The failures of a command by its exit code alone, for use where the ledger cannot be read."""
    is_failure = end.number in (exitcodes.STEP_FAILED, exitcodes.NOT_ASKED, exitcodes.CONFIGURATION)
    return [_stopped(end)] if is_failure and not end.is_usage else []


def _failures(end: CommandEnd, ledger: Ledger) -> Iterator[Seen]:
    steps = [_step(end, date, step, ledger) for date, step in end.failed]
    if steps:
        yield from steps
    elif end.number == exitcodes.STEP_FAILED or (end.signal and end.number in _SIGNALLED):
        yield _stopped(end)
    elif end.number == exitcodes.NOT_ASKED:
        yield _seen(end, Headline.NOT_ASKED, ClosedBy.DATES)
    elif end.number == exitcodes.CONFIGURATION and not end.is_usage:
        if end.kind == "RPCError":
            yield _seen(end, Headline.LUIGID, ClosedBy.DATES)
        elif end.is_configuration:
            yield _seen(end, Headline.CONFIGURATION, ClosedBy.CONFIGURATION)
        else:
            yield _seen(end, f"{Headline.BROKE_OFF} ({end.kind})", ClosedBy.DATES)


def _step(end: CommandEnd, date: dt.date, step: str, ledger: Ledger) -> Seen:
    attempts = ledger.attempts(RunDate(date))
    mine = [one for one in attempts if one.command == end.begin.id and one.step == step]
    last = mine[-1] if mine else None
    what, text = _outcome(last, end, date, step)
    kind = last.kind if last is not None and last.kind else str(what)
    return Seen(f"{step} {what}", step, end.number, kind, _typed(text, end), (str(date),), compared=text)


def _typed(text: str, end: CommandEnd) -> str:
    """An error whose next command can be typed: whoever reads the message does not see the terminal."""
    again = commands.typed(end.begin.arguments)
    return text.replace("the same command again", again)


def _outcome(last: Attempt | None, end: CommandEnd, date: dt.date, step: str) -> tuple[str, str]:
    if last is not None and last.outcome is Outcome.STOPPED:
        return f"{Headline.STOPPED} by {end.signal or 'a signal'}", last.error
    if last is not None and last.outcome is Outcome.FAILED:
        return Headline.FAILED, last.error
    again = commands.typed(end.begin.arguments)
    if last is not None and last.outcome is Outcome.DONE and end.signal:
        text = f"stopped by {end.signal} when {step} of {date} was done, and had its marker"
        state = "every step that has ended has its marker; nothing else was begun"
        return (
            f"{Headline.STOPPED} by {end.signal}",
            f"{text}\nState: {state}\nNext:  {again}",
        )
    state = "every month in main is whole, old or new; run again to finish"
    return Headline.KILLED, f"{step} of {date}: {_KILLED}\nState: {state}\nNext:  {again}"


def _stopped(end: CommandEnd) -> Seen:
    what = f"{Headline.RUN_STOPPED} by {end.signal}" if end.signal else Headline.COMMAND_FAILED
    return _seen(end, what, ClosedBy.DATES)


def _seen(end: CommandEnd, headline: str, scope: ClosedBy) -> Seen:
    # a command that ended early has looked at none
    dates = tuple(map(str, end.dates)) or today.dates_of(end.begin.arguments)
    if scope is ClosedBy.DATES and not dates:
        scope = ClosedBy.COMMAND
    text = end.reason
    if "\nState: " not in text:
        again = commands.typed(end.begin.arguments)
        text += f"\nState: every month in main is whole, old or new\nNext:  {again}"
    kind = end.kind or str(headline)
    # only the reason decides what is the same: the command to type differs from try to try
    return Seen(
        str(headline), "", end.number, kind, _typed(text, end), dates, scope=scope, compared=end.reason
    )


def _together(found: Iterable[Seen], end: CommandEnd) -> Iterator[Seen]:
    same: dict[str, Seen] = {}
    for one in found:
        known = same.get(one.signature)
        same[one.signature] = replace(known, dates=(*known.dates, *one.dates)) if known else one
    for one in same.values():
        yield _for_several(one, end) if len(one.dates) > 1 and one.step else one


def _for_several(seen: Seen, end: CommandEnd) -> Seen:
    """The next command for several dates is the same again, not that of the first one."""
    command = commands.typed(end.begin.arguments)
    lines = [line for line in seen.error.splitlines() if not line.startswith("Next:")]
    alike = f"({len(seen.dates)} dates failed alike; this is the error of the first.)"
    told = "\n".join([*lines, f"Next:  {command}", alike])
    return replace(seen, error=told, compared=seen.compared or seen.error)
