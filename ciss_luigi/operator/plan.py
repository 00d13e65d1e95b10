"""What a run of a date would send now: which steps it begins, and all their statements.

No step is written here a second time: the steps themselves run, on engines that send no writes
(``rehearsal``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ciss_luigi import commands
from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.done import is_done
from ciss_luigi.errors import SourcesMissing, explaining
from ciss_luigi.operator import now
from ciss_luigi.operator.now import Now
from ciss_luigi.operator.rehearsal import Planned, Rehearsal
from ciss_luigi.queries import readiness
from ciss_luigi.queries.readiness import Holdings
from ciss_luigi.site import Site
from ciss_luigi.state.markers import STEPS, Step
from ciss_luigi.steps import ACTIONS, Job, sourcesready
from ciss_luigi.steps.job import job_of
from ciss_luigi.steps.sourcesready import SOURCES_READY


@dataclass(frozen=True)
class StepPlan:
    """The statements of one step; ``skipped`` says why a run now does not need it."""

    name: str
    lines: tuple[Planned, ...]
    skipped: str = ""
    blocked: bool = False

    @property
    def begins(self) -> bool:
        """Whether a run now would begin this step."""
        return not self.skipped and not self.blocked


@dataclass(frozen=True)
class Plan:
    """What a run of a date would send now."""

    date: RunDate
    months: tuple[Month, ...]
    why_left_out: Mapping[Month, str]
    missing: tuple[str, ...]
    steps: tuple[StepPlan, ...]

    def sent(self) -> list[str]:
        """The statements that an undisturbed run sends now, in order."""
        return [line.text for step in self.steps if step.begins for line in step.lines if line.sent]


def make(site: Site, date: RunDate) -> Plan:
    """The plan of a date; markers and engine are read, and nothing is written.

    Raises EngineUnavailable or StatementFailed.
    """
    with explaining(state="a plan writes nothing", next_command=commands.check(date)):
        return _plan(job_of(site, date), _skipped(site, date))


def _plan(job: Job, skipped: Mapping[str, str]) -> Plan:
    """The plan of a job; ``skipped`` says why a run now would not begin a step."""
    with now.opened() as engines:
        asking = Rehearsal(job, engines)
        holdings = sourcesready.ask(asking.job, job.months, alone=True)
        scope = readiness.judge(holdings, job.months, job.settings)
        blocked = bool(scope.missing) and SOURCES_READY not in skipped
        wanted = _as_wanted(job) if scope.missing else holdings
        asks = SOURCES_READY not in skipped
        begun = _after_the_question(job, engines, wanted) if asks else Rehearsal(job, engines, holdings)
        # apart: what is done already is only shown, and must not change what the other steps find
        shown = _after_the_question(job, engines, wanted)
        plans = [StepPlan(SOURCES_READY, tuple(asking.lines), skipped.get(SOURCES_READY, ""))]
        for step in Step:
            lines = _rehearse(shown if step in skipped else begun, step)
            plans.append(StepPlan(str(step), lines, skipped.get(step, ""), blocked))
    months = job.months if scope.missing else scope.months
    missing = scope.missing if blocked or begun.stopped else ()
    return Plan(job.date, months, scope.why_left_out, missing, tuple(plans))


def _after_the_question(job: Job, engines: Now, holdings: Holdings) -> Rehearsal:
    """A rehearsal of the steps after SourcesReady in one command, if it has found these holdings."""
    rehearsal = Rehearsal(job, engines, holdings)
    sourcesready.ask(rehearsal.job, job.months, alone=True)
    rehearsal.lines.clear()  # they are SourcesReady's, and are shown there
    return rehearsal


def _rehearse(rehearsal: Rehearsal, step: Step) -> tuple[Planned, ...]:
    """What a step would send; if it builds temp again and finds no sources, it ends there."""
    before = len(rehearsal.lines)
    try:
        rehearsal.job.markers.write(ACTIONS[step](rehearsal.job))
    except SourcesMissing:
        rehearsal.stopped = True
    return tuple(rehearsal.lines[before:])


def _as_wanted(job: Job) -> Holdings:
    """Holdings with rows of every month in scope: what the steps wait for."""
    roles = [table.role for table in schema.CHARGE_SOURCES]
    return Holdings((), True, frozenset((role, str(month)) for role in roles for month in job.months))


def _skipped(site: Site, date: RunDate) -> dict[str, str]:
    """Which steps a run now would not begin, and why: Luigi runs no more than it needs."""
    done = next((step for step in reversed(STEPS) if is_done(site, date, step)), None)
    if done is None:
        return {}
    asked = [] if done is Step.TRUNCATE else [SOURCES_READY]  # it is BuildTemp that waits for the sources
    return dict.fromkeys([*asked, *STEPS[: STEPS.index(done) + 1]], f"{done} of {date} is done")
