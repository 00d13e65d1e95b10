"""What a run of a date would send now: which steps it begins, and every statement of theirs.

A test holds it against what real runs send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.errors import explaining
from ciss_luigi.operator import script
from ciss_luigi.operator.script import Line
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import Job
from ciss_luigi.steps.job import job_of
from ciss_luigi.steps.situation import SOURCES_READY, Outlook, look


@dataclass(frozen=True)
class StepPlan:
    """The statements of one step; ``skipped`` says why a run now has no need of it."""

    name: str
    lines: tuple[Line, ...]
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
    """The plan of a date; reads markers and engine, writes nothing.

    Raises EngineUnavailable or StatementFailed.
    """
    with explaining(state="a plan writes nothing", next_command=f"ciss check --date {date}"):
        return of(job_of(site, date))


def of(job: Job) -> Plan:
    """The plan of a job."""
    outlook = look(job)
    skipped = _skipped(job, outlook)
    asks = SOURCES_READY not in skipped
    only_built = Step.BUILD in skipped and Step.MERGE not in skipped
    # where temp must be built anew, MergeMain asks for the sources itself, and its script ends there
    heals = only_built and bool(outlook.temp_differences)
    missing = outlook.scope.missing if asks or heals else ()
    only_truncated = Step.TRUNCATE in skipped and Step.BUILD not in skipped
    drafts = {
        SOURCES_READY: script.sources_ready(job, outlook),
        Step.TRUNCATE: script.truncate(job, outlook),
        Step.BUILD: script.build(job, outlook, lost=only_truncated and script.has_lost_tables(job, outlook)),
        Step.MERGE: script.merge(job, outlook, heals=only_built),
    }
    parts = tuple(
        StepPlan(
            str(name), tuple(lines), skipped.get(name, ""), asks and bool(missing) and name != SOURCES_READY
        )
        for name, lines in drafts.items()
    )
    return Plan(job.date, script.months_of(job, outlook), outlook.scope.why_left_out, missing, parts)


def _skipped(job: Job, outlook: Outlook) -> dict[str, str]:
    """Which steps a run now would not begin, and why; Luigi asks for no more than it needs."""
    if job.markers.is_merged(job.date):
        return dict.fromkeys([SOURCES_READY, *Step], f"{Step.MERGE} of {job.date} is done")
    if outlook.built is not None:
        done = f"{Step.BUILD} of {job.date} is done"
        return dict.fromkeys([SOURCES_READY, Step.TRUNCATE, Step.BUILD], done)
    if job.markers.read(job.date, Step.TRUNCATE) is not None:
        return {Step.TRUNCATE: f"{Step.TRUNCATE} of {job.date} is done"}
    return {}
