"""Asking the engine whether the sources are there: once for each month in a process; no session stays open.

Luigi asks a task two or three times, and a range asks for hundreds of dates that share their months.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.errors import CissError, ConfigurationError, EngineUnavailable, SourcesMissing
from ciss_luigi.queries import readiness
from ciss_luigi.queries.readiness import Holdings
from ciss_luigi.queries.statements import Statements
from ciss_luigi.retry import with_retries
from ciss_luigi.site import Site
from ciss_luigi.steps.build import look
from ciss_luigi.steps.job import Job, job_of
from ciss_luigi.steps.known import Known
from ciss_luigi.steps.sitesrules import require_one_query

logger = logging.getLogger("luigi-interface.ciss_luigi")

SOURCES_READY = "SourcesReady"
"""The name of this question in the comment that its statements begin with."""


class Sources:
    """What this process knows from the engine about the sources."""

    def __init__(self) -> None:
        self._expected: set[Month] = set()
        self._asked: set[Month] = set()
        self._holdings = Holdings()
        self._ready: set[RunDate] = set()
        self._told: set[RunDate] = set()
        self._known: dict[RunDate, Known] = {}

    def expect(self, site: Site, dates: Iterable[RunDate]) -> None:
        """Name dates that will be asked for soon: the engine is then asked for all their months at once."""
        for date in dates:
            self._expected.update(date.months_in_scope(site.settings.grace_days))

    def note_ready(self, date: RunDate) -> None:
        """Note that another process of this command has found a date ready."""
        self._ready.add(date)

    def are_ready(self, site: Site, date: RunDate, *, alone: bool = False) -> bool:
        """Whether the months in scope can be built; a warning names what is missing, once in a process.

        ``alone``: the command runs this date only, and holds its lock.

        Raises EngineUnavailable if the engine cannot be asked, and ConfigurationError.
        """
        if date in self._ready:
            return True
        months = date.months_in_scope(site.settings.grace_days)
        if not self._asked.issuperset(months):
            # with all months that other dates will need: a range asks once, not once a date
            self._ask_for({*months, *self._expected} - self._asked, site, date, alone=alone)
        scope = readiness.judge(self._holdings, months, site.settings)
        if scope.missing:
            self._tell_once(date, scope.missing)
        return not scope.missing

    def known(self, date: RunDate) -> Known:
        """What this process has learned about a date whose lock its command holds; the steps add to it."""
        return self._known.setdefault(date, Known())

    def _ask_for(self, months: set[Month], site: Site, date: RunDate, *, alone: bool) -> None:
        job = replace(job_of(site, date), known=self.known(date))
        self._holdings = self._holdings.plus(_ask(job, site, sorted(months), alone=alone))
        self._asked |= months

    def _tell_once(self, date: RunDate, missing: Sequence[str]) -> None:
        if date not in self._told:
            self._told.add(date)
            what = "\n".join(f"{date}: {text}" for text in missing)
            following = f"{commands.check(date)}, and once the rows are there the same command again"
            logger.warning("%s", SourcesMissing(what, state="no table was touched", next_command=following))


def ask(job: Job, months: Sequence[Month], *, alone: bool = False) -> Holdings:
    """What the warehouse has for some months, asked now; nothing if an embedded engine has no file yet.

    ``alone``: this command runs only this date and holds its lock. Then, if the build may use the answer,
    all that the build has to know is asked here and kept in ``job.known``; the build does not ask again.

    Raises EngineUnavailable, StatementFailed or ConfigurationError.
    """
    # before any step: inside a step the same fault would be a failed step (30), not a configuration (40)
    require_one_query(
        job.builder, Statements(job.settings, job.builder.dialect, job.date, SOURCES_READY), months
    )
    if not job.engine.exists():
        job.require_warehouse()
        return readiness.nothing(job.settings)
    doubles = job.builder.capabilities.double_rates
    with job.engine.reading() as session:
        statements = Statements(job.settings, job.engine.dialect, job.date, SOURCES_READY)
        # without the date's lock the answer may be old by the time the build begins
        if alone and _build_sees_the_same(job):
            job.known.survey = look(job, session, statements)
            return job.known.survey.holdings
        return readiness.ask(session, statements, months, double_rates=doubles, when=job.when)


def _build_sees_the_same(job: Job) -> bool:
    """Whether the build may use the answer, too.

    Not if it reads the sources in its own snapshot, if it runs on another engine, or if the old Java classes
    do its work.
    """
    snapshots = job.engine.capabilities.transactions
    return job.settings.loader == "sql" and job.builder is job.engine and not snapshots


def _ask(job: Job, site: Site, months: Sequence[Month], *, alone: bool) -> Holdings:
    if not job.engine.exists():
        job.require_warehouse()
        logger.warning("there is no %s yet; %s makes it", job.engine.identity, commands.load())
    settings = site.settings
    try:
        return with_retries(
            lambda: ask(job, months, alone=alone),
            job.engine.is_transient,
            retries=settings.retries,
            wait_seconds=settings.retry_wait_seconds,
        )
    except ConfigurationError:
        raise
    except CissError as error:
        raise EngineUnavailable(
            f"the sources, or what main holds, could not be asked: {error.what}",
            state="no table was touched",
            next_command=error.next_command or commands.check(),
        ) from error
