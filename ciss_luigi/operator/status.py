"""What is known of each run date: its steps, its outcome, its totals, who runs it.

It comes from markers, ledger and the signatures in lock files: no engine is opened, and no lock is taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from ciss_luigi import commands, futuredates
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import MonthTotals
from ciss_luigi.config.keys import SECTION
from ciss_luigi.errors import ConfigurationError
from ciss_luigi.locking.filelocks import Holder
from ciss_luigi.operator import monthsheld, nights, usual
from ciss_luigi.operator.monthsheld import MonthHeld
from ciss_luigi.site import Site
from ciss_luigi.state import owners
from ciss_luigi.state.commandledger import CommandEntry
from ciss_luigi.state.ledger import Attempt, Outcome
from ciss_luigi.state.markers import STEPS, Marker, Step

DATES_AT_MOST = 10_000


class RunState(StrEnum):
    """The state of a step or of a date; a date is ``done`` when it is merged."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    STOPPED = "stopped"
    KILLED = "killed"
    UNFINISHED = "unfinished"
    MISSING = "missing"


@dataclass(frozen=True)
class StepStatus:
    """One step: its state, and its last attempt if the ledger has one."""

    step: Step
    state: RunState
    marker: Marker | None
    attempt: Attempt | None


@dataclass(frozen=True)
class DateStatus:
    """One run date."""

    date: RunDate
    state: RunState
    steps: tuple[StepStatus, ...]
    holder: Holder | None
    last_error: Attempt | None
    roll_back: tuple[Month, ...] = ()
    """The months that its next run puts back, in place of a newer run (``ciss reset --roll-back``)."""
    usual_seconds: float | None = None
    """How many seconds the running step took when it was last done, for this or an earlier date."""

    @property
    def is_merged(self) -> bool:
        """Whether main is as new as the date, or newer."""
        return self.state is RunState.DONE

    @property
    def proof(self) -> Marker | None:
        """The latest marker with totals: MergeMain's if the date is merged, else BuildTemp's."""
        merged, built = self.steps[-1], self.steps[-2]
        return merged.marker if self.is_merged else built.marker

    @property
    def months(self) -> tuple[MonthTotals, ...]:
        """What was merged, or only built yet."""
        return self.proof.months if self.proof else ()


@dataclass(frozen=True)
class Overview:
    """All that ``ciss status`` shows: the dates, the command that began last, and what main's months hold."""

    dates: tuple[DateStatus, ...]
    last_command: CommandEntry | None
    main: tuple[MonthHeld, ...]
    moved_from: tuple[str, ...] = ()
    """The other warehouses that have markers for dates which are not merged here."""
    not_due: tuple[RunDate, ...] = ()
    """The dates of the range that a run would refuse, because they lie after tomorrow; left out."""

    @property
    def all_merged(self) -> bool:
        """Whether there are dates, and each is merged."""
        return bool(self.dates) and all(date.is_merged for date in self.dates)


def overview(site: Site, first: RunDate | None = None, last: RunDate | None = None) -> Overview:
    """The status of a range of dates (as ``look`` chooses them), the last command, and main's months.

    Raises ConfigurationError if ``state_dir`` cannot be read, ValueError for a range that is too long.
    """
    dates = look(site, first, last)
    months = {Month.parse(month.month) for status in dates for month in status.months}
    with _readable(site):
        held = tuple(monthsheld.look(site, months))
        places, not_due = _places(site, dates), _not_due(site, first, last, dates)
        return Overview(tuple(dates), site.commands.latest(), held, tuple(places), tuple(not_due))


def _not_due(
    site: Site, first: RunDate | None, last: RunDate | None, shown: Sequence[DateStatus]
) -> list[RunDate]:
    if first is None:
        return []
    asked = {date.date for date in nights.days(first, last or first)} - {status.date.date for status in shown}
    return [RunDate(date) for date in futuredates.refused(site, asked)]


def _places(site: Site, dates: Sequence[DateStatus]) -> list[str]:
    """The other warehouses that have markers of MergeMain for dates which are not merged here."""
    waiting = [status.date for status in dates if not status.is_merged]
    moved = [date for date in waiting if site.markers.read_moved(date, Step.MERGE) is not None]
    return sorted({site.markers.made_for(date, Step.MERGE) for date in moved})


def look(site: Site, first: RunDate | None = None, last: RunDate | None = None) -> list[DateStatus]:
    """The status of a range of dates; without ``first``, of the last 14 with any state and of all that run.

    If the site runs every night, both go on to today. A range without an end ends with today, or with the
    newest date that has any state or runs. Raises ConfigurationError if ``state_dir`` cannot be read,
    ValueError for a range that is too long.
    """
    with _readable(site):
        _refuse_unreadable(site)
        return [_one(site, date) for date in _dates(site, first, last)]


@contextmanager
def _readable(site: Site) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        folder = site.settings.state_dir
        raise ConfigurationError(
            f"[{SECTION}] state_dir: {folder} cannot be read: {error.strerror or error}{owners.words(error)}",
            next_command=f"make it readable, then: {commands.status()}",
        ) from error


def _refuse_unreadable(site: Site) -> None:
    """Raise ConfigurationError if a folder cannot be read; one that does not exist yet holds nothing."""
    try:
        os.listdir(site.settings.state_dir)
    except FileNotFoundError:
        return


def _dates(site: Site, first: RunDate | None, last: RunDate | None) -> Sequence[RunDate]:
    known = {*site.markers.dates(), *site.ledger.dates()}
    running = _running(site)
    if first is None:
        at_work = {date for date in running if last is None or date <= last}
        found = sorted({*nights.shown(site, known | running, last), *at_work})
    else:
        end = last or max({first, *nights.shown(site, known | running)})
        _refuse_too_many(first, end)
        asked = list(nights.days(first, end))
        late = set(futuredates.refused(site, [date.date for date in asked]))
        found = [date for date in asked if date.date not in late or date in known | running]
    return found


def _refuse_too_many(first: RunDate, last: RunDate) -> None:
    """Raise ValueError for a range that is too long; counted before its dates are made."""
    count = last.date.toordinal() - first.date.toordinal() + 1
    if count > DATES_AT_MOST:
        raise ValueError(f"these are {count} dates; at most {DATES_AT_MOST} are shown at once")


def _running(site: Site) -> set[RunDate]:
    """The dates whose lock has a living holder; a date that waits for its sources has nothing else yet."""
    found = set()
    for path in (site.settings.state_dir / "locks").glob("date-*.lock"):
        try:
            date = RunDate.parse(path.stem.removeprefix("date-"))
        except ValueError:
            continue
        if site.date_lock(date).holder() is not None:
            found.add(date)
    return found


def _one(site: Site, date: RunDate) -> DateStatus:
    holder = site.date_lock(date).holder()
    attempts = site.ledger.attempts(date)
    markers = {step: site.markers.read(date, step) for step in STEPS}
    found = markers[Step.MERGE]
    merged = found is not None and found.rests_on(markers[Step.BUILD])
    if not merged:
        markers[Step.MERGE] = None  # it rests on another build than BuildTemp's
    steps = tuple(_step(step, marker, attempts, holder) for step, marker in markers.items())
    errors = [one for one in attempts if one.outcome in (Outcome.FAILED, Outcome.STOPPED)]
    at_work = next((step.step for step in steps if step.state is RunState.RUNNING), None)
    return DateStatus(
        date,
        RunState.DONE if merged else _outcome(steps, attempts, holder),
        steps,
        holder,
        errors[-1] if errors else None,
        () if merged else _roll_back(site, date, steps[-2].marker),
        usual.seconds(site, date, at_work) if at_work else None,
    )


def _roll_back(site: Site, date: RunDate, built: Marker | None) -> tuple[Month, ...]:
    return tuple(sorted(site.markers.free_to_replace(date, built.run_id))) if built else ()


def _step(
    step: Step, marker: Marker | None, attempts: Sequence[Attempt], holder: Holder | None
) -> StepStatus:
    mine = [one for one in attempts if one.step == step]
    last = mine[-1] if mine else None
    state = RunState.DONE if marker else _state(last, holder)
    return StepStatus(step, state, marker, last)


def _state(last: Attempt | None, holder: Holder | None) -> RunState:
    """The state of a step without a valid marker, as its last attempt left it."""
    if last is None or last.outcome is Outcome.DONE:
        return RunState.MISSING
    if last.outcome is not None:
        return RunState.FAILED if last.outcome is Outcome.FAILED else RunState.STOPPED
    # an attempt from before the lock was taken is of a command that is gone; both times are ISO in UTC
    runs = holder is not None and str(last.started_at) >= str(holder.since)
    return RunState.RUNNING if runs else RunState.KILLED


def _outcome(steps: Sequence[StepStatus], attempts: Sequence[Attempt], holder: Holder | None) -> RunState:
    """The state of a date that is not merged: that of its newest attempt, unless somebody runs it."""
    if holder is not None:
        return RunState.RUNNING
    newest = attempts[-1] if attempts else None
    of_newest = next((one.state for one in steps if newest is not None and one.attempt is newest), None)
    if of_newest in (RunState.FAILED, RunState.STOPPED, RunState.KILLED):
        return of_newest
    begun = any(one.state is not RunState.MISSING for one in steps)
    return RunState.UNFINISHED if begun else RunState.MISSING
