"""``ciss watch``: whether a date is merged by the time at which it has to be, and if not, why.

It tells what no command can tell about itself: that none began, that one hangs, that one was killed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from ciss_luigi import commands, events
from ciss_luigi.alerts import courier, over, teller, today, ways
from ciss_luigi.alerts.failure import Failure, Seen
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery
from ciss_luigi.alerts.told import have_people_heard
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.config.tellingkeys import METRICS
from ciss_luigi.counting import counted
from ciss_luigi.errors import EngineUnavailable, gist
from ciss_luigi.migration import sitestatus
from ciss_luigi.operator import alerts, killedruns, metricsfile, status
from ciss_luigi.operator.killedruns import was_killed
from ciss_luigi.operator.status import DateStatus, RunState
from ciss_luigi.site import Site
from ciss_luigi.state import alive
from ciss_luigi.state.commandledger import CommandEntry
from ciss_luigi.state.ledger import Attempt, Outcome
from ciss_luigi.state.markers import Step

_REASONS_OF_COMMANDS = {
    0: "ended well",
    10: "found it running elsewhere",
    20: "waits for sources",
    25: "was not let begin by luigid",
    35: "could not ask the sources",
    40: "did not begin",
}
OTHER_END = "broke off"
"""In any other way: a mistyped task or flag, a signal, a number of the site's own, or for another date."""
GONE = "its warehouse is gone"
KINDS = (
    "never started", "running", "hung", "killed", "failed", "stopped", "unfinished",
    *_REASONS_OF_COMMANDS.values(), OTHER_END, GONE,
)  # fmt: skip
"""Why a date is not merged in time, as messages say it; docs/runbook.md has each."""
MERGE_STEP = "MergeMain"
_SHOWN_ITEMS = 3


@dataclass(frozen=True)
class NightVerdict:
    """What was found: whether all is well, a sentence that says so or why not, and what was told and sent."""

    date: RunDate
    well: bool
    sentence: str
    next_command: str = ""
    told: tuple[Failure, ...] = ()
    sent: tuple[Delivery, ...] = ()
    warning: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a date is not merged: the kind, which decides whether it is another reason, and the words."""

    kind: str
    words: str
    next_command: str
    began: str = ""
    """When the run began that left no word of its end (ISO)."""


def watch(
    site: Site,
    by: dt.time,
    date: RunDate | None = None,
    hung_minutes: float = 0,
    now: dt.datetime | None = None,
) -> NightVerdict:
    """Look at a date, by default today, and tell people what is wrong.

    ``now`` is a time with its zone; by default the host's. Raises ConfigurationError, OSError and
    LocksUnusable.
    """
    now = now or dt.datetime.now().astimezone()
    day = date or RunDate(now.date())
    (found,) = status.look(site, day, day)
    seen = list(killedruns.find(site, day))
    reason = _gone(site, day) if found.is_merged else _reason(site, found)
    hung = _hung(site, found, hung_minutes, now)
    # without its zone: --by is a time on the host's clock
    is_due = now.replace(tzinfo=None) >= dt.datetime.combine(day.date, by)
    if hung is not None or (reason is not None and is_due):
        verdict = _not_merged(day, by, hung or reason)
        seen.append(_seen(day, by, hung or reason))
    else:
        verdict = NightVerdict(day, True, _all_is_well(day, by, found, reason))
    told = _tell(site, seen, now)
    verdict = replace(verdict, told=tuple(told), sent=tuple(_send(site)))
    return replace(verdict, warning="; ".join(filter(None, [_note_told(site), _write_metrics(site)])))


def _note_told(site: Site) -> str:
    """The old job's status file says whether people were told; returns a warning, or ""."""
    try:
        if have_people_heard(site.settings.state_dir / "alerts"):
            sitestatus.note_told(site)
    except OSError as error:
        return sitestatus.warning(site, error)
    return ""


def _write_metrics(site: Site) -> str:
    textfile = site.settings.others[METRICS].textfile
    return metricsfile.write(site, textfile) if textfile else ""


def _all_is_well(day: RunDate, by: dt.time, found: DateStatus, reason: Reason | None) -> str:
    if not found.is_merged:
        return f"{day} is not merged, and has time until {by:%H:%M}"
    # told from that time on: until then the disk may be mounted again
    return f"{day} is merged" if reason is None else f"{day} is merged, but {reason.kind}: {reason.words}"


def _not_merged(day: RunDate, by: dt.time, reason: Reason | None) -> NightVerdict:
    words = reason.words if reason else ""
    sentence = f"{day} is not merged by {by:%H:%M}: {words}"
    return NightVerdict(day, False, sentence, reason.next_command if reason else "")


def _seen(day: RunDate, by: dt.time, reason: Reason | None) -> Seen:
    reason = reason or Reason("", "", "")
    text = (
        f"{MERGE_STEP} of {day} is not done by {by:%H:%M}: {reason.words}\n"
        "State: main holds what earlier runs have published\n"
        f"Next:  {reason.next_command}"
    )
    return Seen(
        f"{MERGE_STEP} is not done by {by:%H:%M}: {reason.kind}",
        MERGE_STEP,
        0,
        reason.kind,
        text,
        (str(day),),
        own_signature=f"watch {day}",
        began=reason.began,
    )


def _reason(site: Site, found: DateStatus) -> Reason:
    """Why a date is not merged, as the last thing that it left shows."""
    day = found.date
    again = commands.merge(day)
    look = commands.status(day)
    if found.state is RunState.RUNNING:
        return Reason("running", _running(found), look)
    newest = max(
        (step.attempt for step in found.steps if step.attempt), key=lambda one: one.started_at, default=None
    )
    command = _latest_command(site, day)
    if command is not None and (newest is None or _ended_after(command, newest)):
        after = f"after {newest.step}" if newest and newest.command == command.id else "before a step began"
        began = command.began_at if was_killed(command) else ""
        return Reason(*_of_command(command, after), again, began)
    if newest is None:
        return Reason("never started", "no command for it ever began", again)
    return Reason(
        *_of_attempt(newest, found.state), again, newest.started_at if newest.outcome is None else ""
    )


def _gone(site: Site, day: RunDate) -> Reason | None:
    """The reason if a date was merged into an embedded file that is gone; None if it is there."""
    try:
        site.require_warehouse(day)
    except EngineUnavailable as error:
        return Reason(GONE, error.what, error.next_command)
    return None


def _ended_after(command: CommandEntry, newest: Attempt) -> bool:
    """Whether a command's end says more than the newest attempt: it began later, or ended between steps."""
    is_between = newest.command == command.id and newest.outcome is Outcome.DONE and command.exit_code != 0
    return command.began_at > newest.started_at or is_between


def _running(found: DateStatus) -> str:
    done = [str(step.step) for step in found.steps if step.state is RunState.DONE]
    now = [str(step.step) for step in found.steps if step.state is RunState.RUNNING]
    far = ", ".join([*(f"{one} done" for one in done), *(f"{one} running" for one in now)])
    return f"it is run by {found.holder} ({far or 'no step begun yet'})"


def _of_command(command: CommandEntry, after: str) -> tuple[str, str]:
    """The kind of reason and its words, from the last command, which ended before or between steps."""
    code = command.exit_code
    if command.runs():
        return "running", f"its command runs since {command.began_at} (pid {command.pid} on {command.host})"
    if code is None:
        return "killed", f"its command was killed on {command.host} (pid {command.pid}) {after}"
    what = _REASONS_OF_COMMANDS.get(code, OTHER_END)
    told = "; ".join(map(gist, command.reasons))
    told = told or ("" if code else "but it ran an earlier step alone, or ciss reset came after it")
    return what, f"its last command {what} (exit code {code}){f': {told}' if told else ''}"


def _of_attempt(attempt: Attempt, state: RunState) -> tuple[str, str]:
    if attempt.outcome is None:
        return "killed", f"{attempt.step} was killed on {attempt.host} (pid {attempt.pid})"
    if attempt.error:
        return str(state), f"{attempt.step} {state}: {gist(attempt.error, _SHOWN_ITEMS)}"
    if attempt.step == Step.MERGE:
        return "unfinished", f"{attempt.step} ended well, and its marker was removed afterwards (ciss reset)"
    return "unfinished", f"nothing was begun after {attempt.step}"


def _latest_command(site: Site, day: RunDate) -> CommandEntry | None:
    """The command that was asked last for this date, alone or in a range."""
    # the ledger's days are in UTC: east of Greenwich a date begins on the day before
    first = day.date - dt.timedelta(days=1)
    commands = site.commands.commands(first)
    named = [one for one in commands if today.is_asked_for(one.arguments, day.date)]
    return named[-1] if named else None


def _hung(site: Site, found: DateStatus, minutes: float, now: dt.datetime) -> Reason | None:
    """The reason for a run that has left no sign of life for so many minutes; None if there is none."""
    if not minutes or found.state is not RunState.RUNNING or found.holder is None:
        return None
    silent = (now - _last_sign(site, found, found.holder.since)).total_seconds() / 60
    if silent < minutes:
        return None
    words = f"{_running(found)} and left no sign of life for {counted(round(silent), 'minute')}"
    pid = found.holder.pid
    # a process that was stopped (SIGSTOP) hears the signal only when it goes on
    end = f"look at pid {pid} on {found.holder.host}; to end it: kill {pid}; kill -CONT {pid}"
    return Reason("hung", words, end, found.holder.since)


def _last_sign(site: Site, found: DateStatus, since: str) -> dt.datetime:
    """When a run was heard of last: a killed run leaves an old sign, and between two steps there is none."""
    attempts = [step.attempt for step in found.steps if step.attempt]
    told = [since, *(text for one in attempts for text in (one.started_at, one.ended_at) if text)]
    sign = alive.last(site.settings.state_dir, found.date)
    return max([*map(dt.datetime.fromisoformat, told), *([sign] if sign else [])])


def _tell(site: Site, seen: list[Seen], now: dt.datetime) -> list[Failure]:
    """Tell people what no command has told already."""
    folder = site.settings.state_dir / "alerts"
    told = alerts.settings(site)
    throttle = dt.timedelta(minutes=told.throttle_minutes)
    notices = Notices(Records(folder), Outbox(folder), ways.names(told), throttle, now)
    known = [one for one in notices.records.open() if one.is_told and not one.is_watched]
    found = notices.fail(one for one in seen if _is_news(one, known))
    # the terminal shows the verdict, and no line of the log
    teller.log(teller.lines_of(found, notices.heal(over.judge(site))), events.LOGGER)
    return found


def _is_news(seen: Seen, known: list[Failure]) -> bool:
    """Whether no command has told it: a run that began after that, and was killed or hangs, could not."""
    told = [dt.datetime.fromisoformat(one.last) for one in known if not set(one.dates).isdisjoint(seen.dates)]
    return not told or bool(seen.began and dt.datetime.fromisoformat(seen.began) > max(told))


def _send(site: Site) -> list[Delivery]:
    sent = courier.send() if Outbox(site.settings.state_dir / "alerts").entries() else []
    teller.log(teller.lines_about(sent), events.LOGGER)
    return sent
