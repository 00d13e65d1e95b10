"""The runs that were killed and that no later command has healed: ``ciss watch`` tells of them."""

from __future__ import annotations

from collections.abc import Iterator

from ciss_luigi import commands
from ciss_luigi.alerts import over, today
from ciss_luigi.alerts.failure import Failure, Seen, span
from ciss_luigi.alerts.records import Records
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.operator import status
from ciss_luigi.operator.status import DateStatus, RunState
from ciss_luigi.site import Site
from ciss_luigi.state.commandledger import CommandEntry

_DAYS_LOOKED_AT = 35
"""How far back commands are looked at that were killed without any step of theirs being killed."""


def was_killed(command: CommandEntry) -> bool:
    """Whether a command has no end in the ledger, and its process is gone."""
    return command.exit_code is None and not command.runs()


def find(site: Site, day: RunDate) -> Iterator[Seen]:
    """The runs of other dates that were killed and that no later command has healed.

    Those that were killed in a step are of any age, those before or between steps of some weeks.
    """
    is_over = over.judge(site)
    known: set[str] = set()
    for date in site.ledger.dates():
        if date == day or not _may_be_killed(site, date) or site.markers.is_merged(date):
            continue
        (found,) = status.look(site, date, date)
        if found.state is RunState.KILLED:
            known.update(step.attempt.command for step in found.steps if step.attempt)
            killed = _seen_killed(found)
            if not is_over(str(date), killed.began):
                yield killed
    told = {date for one in _open(site) if one.is_watched for date in one.dates}
    for command in site.commands.commands(day.days_earlier(_DAYS_LOOKED_AT).date):
        if not was_killed(command) or command.id in known:
            continue
        asked = sorted(set(today.dates_of(command.arguments, command.began_at)) - told - {str(day)})
        left = tuple(one for one in asked if not is_over(one, command.began_at) and not _runs(site, one))
        if left:
            yield _seen_killed_command(command, left)


def _may_be_killed(site: Site, date: RunDate) -> bool:
    """Whether a date's newest attempt has no end; only its ledger is read."""
    attempts = site.ledger.attempts(date)
    return bool(attempts) and attempts[-1].outcome is None


def _runs(site: Site, date: str) -> bool:
    return site.date_lock(RunDate.parse(date)).holder() is not None


def _open(site: Site) -> list[Failure]:
    return Records(site.settings.state_dir / "alerts").open()


def _seen_killed_command(command: CommandEntry, dates: tuple[str, ...]) -> Seen:
    """A command that was killed before its first step, or between two."""
    text = (
        f"a command for {span(dates)} was killed on {command.host} (pid {command.pid}) before or between "
        "steps; no later command healed it\n"
        "State: every month in main is whole, old or new; run again to finish\n"
        f"Next:  {commands.typed(command.arguments)}"
    )
    return Seen(
        "the command was killed",
        "",
        0,
        "killed",
        text,
        dates,
        own_signature=f"watch command {command.id}",
        began=command.began_at,
    )


def _seen_killed(found: DateStatus) -> Seen:
    attempts = [step.attempt for step in found.steps if step.state is RunState.KILLED and step.attempt]
    newest = max(attempts, key=lambda one: one.started_at)
    day = found.date
    text = (
        f"{newest.step} of {day} was killed on {newest.host} (pid {newest.pid}); no later command healed it\n"
        "State: every month in main is whole, old or new; run again to finish\n"
        f"Next:  {commands.merge(day)}"
    )
    return Seen(
        f"{newest.step} was killed",
        newest.step,
        0,
        "killed",
        text,
        (str(day),),
        own_signature=f"watch {day}",
        began=newest.started_at,
    )
