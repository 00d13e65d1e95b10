"""What a step gets: the date, the engines, the state, and whom to tell."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from ciss_luigi import events
from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Engine
from ciss_luigi.errors import StepFailed
from ciss_luigi.locking.filelocks import Fence
from ciss_luigi.queries.conditions import When, in_a_run
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.javaruns import JavaRuns
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.known import Known

logger = logging.getLogger("luigi-interface.ciss_luigi")

MonthLocks = Callable[[Sequence[Month]], AbstractContextManager[Fence]]
"""Holds the months' locks for a block; gives the ``Fence`` to call before main is written."""


def new_run_id(date: RunDate) -> str:
    """Make an id for one build, of characters that are safe in SQL, file names and shells.

    The time in it (UTC) is for people. The random end keeps apart two builds of the same second.
    """
    return f"{date}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def _warn_of_rebuild(words: str) -> None:
    logger.warning("%s", words, extra=events.fields("rebuild"))


@dataclass
class RebuildBudget:
    """A command may rebuild temp once, in any of its steps: a second difference is a failure."""

    left: int = 1
    note: Callable[[], None] = lambda: None
    """Writes down that the rebuild was used, for the later steps."""
    warn: Callable[[str], None] = _warn_of_rebuild

    def spend(self, error: StepFailed) -> None:
        """Use the rebuild; raises ``error``, the difference that asks for it, if there is none left."""
        if not self.left:
            raise error
        self.left -= 1
        self.note()
        self.warn(f"{error.what}\nBuilding temp again, once.")


class MarkerBook(Protocol):
    """Where a step finds and writes markers; ``Markers`` is the real one."""

    def read(self, date: RunDate, step: Step) -> Marker | None:
        """The valid marker of a step, or None."""

    def is_merged(self, date: RunDate) -> bool:
        """Whether main is as new as the date."""

    def write(self, marker: Marker) -> None:
        """Write a marker; raises OSError."""

    def merged_after(self, date: RunDate) -> list[str]:
        """The months that dates after this one have merged, as ``YYYY-MM``."""

    def charged_before(self, date: RunDate, month: Month, charge: str) -> tuple[RunDate, str] | None:
        """The newest earlier date that merged a ``charge`` other than 0 for a month or the one before it.

        Returned with the month (``YYYY-MM``) that had it.
        """

    def free_to_replace(self, date: RunDate, run_id: str) -> Mapping[Month, str]:
        """The months whose newer estimates a merge may replace by a roll-back, up to which as_of_date."""


@dataclass(frozen=True)
class Job:
    """All that a step needs: what to do, where, and whom to tell."""

    settings: Settings
    engine: Engine
    markers: MarkerBook
    month_locks: MonthLocks
    date: RunDate
    tell: Callable[[str], None] = logger.info
    warnings: Callable[[str], None] = logger.warning
    budget: RebuildBudget = field(default_factory=RebuildBudget)
    known: Known = field(default_factory=Known)
    build_engine: Engine | None = None
    impalas: tuple[Engine, ...] = ()
    java_runs: JavaRuns | None = None
    require_warehouse: Callable[[], None] = lambda: None
    """Raises EngineUnavailable if the file of an embedded warehouse is gone, with what was built in it."""
    when: When = in_a_run
    make_run_id: Callable[[RunDate], str] = new_run_id

    @property
    def builder(self) -> Engine:
        """The engine of BuildTemp."""
        return self.build_engine or self.engine

    def warn(self, message: str) -> None:
        """Warn of something that a successful night did not do: cron mails warnings."""
        self.warnings(f"{self.date}: {message}")

    def charged_before(self, role: str, month: Month) -> str:
        """In words, the newest earlier run that had charges of a source for a month or the one before it.

        "" if there is none.
        """
        roles = [table.role for table in schema.CHARGE_SOURCES]
        charge = schema.CHARGES[roles.index(role)]
        found = self.markers.charged_before(self.date, month, charge)
        return f"the run of {found[0]} had such charges for {found[1]}" if found else ""

    def shown(self, writer: Engine) -> list[Engine]:
        """The engines that must be made to see what ``writer`` wrote."""
        return [engine for engine in self.impalas if engine.identity != writer.identity]

    def statements(self, step: Step, run_id: str = "", engine: Engine | None = None) -> Statements:
        """The statements of one step of this job, for its engine or another one."""
        return Statements(self.settings, (engine or self.engine).dialect, self.date, step, run_id)

    @property
    def months(self) -> tuple[Month, ...]:
        """The months in scope."""
        return self.date.months_in_scope(self.settings.grace_days)


def job_of(site: Site, date: RunDate) -> Job:
    """The job that a run of a date would have; nothing is opened yet."""
    return Job(
        site.settings,
        site.engine(),
        site.markers,
        site.month_locks,
        date,
        build_engine=site.build_engine(),
        impalas=site.impalas(),
        require_warehouse=site.require_warehouse,
    )
