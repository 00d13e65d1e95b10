"""The task graph: ``SourcesReady`` and ``TruncateTemp`` <- ``BuildTemp`` <- ``MergeMain``.

    luigi --module ciss_luigi MergeMain --date 2016-11-22

Each task has the one significant parameter ``date``; nothing else may ever be significant, because luigid
excludes by task and significant parameters.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable
from contextlib import nullcontext
from typing import Any, ClassVar

import luigi

from ciss_luigi import observers, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.done import done_already, is_done
from ciss_luigi.errors import BadRunDate, ConfigurationError
from ciss_luigi.futuredates import refuse_after_tomorrow
from ciss_luigi.scheduling import guard, luigiprivate, messages, sentences, signals
from ciss_luigi.scheduling.command import current
from ciss_luigi.scheduling.dates import RunDateParameter
from ciss_luigi.scheduling.install import install
from ciss_luigi.state.markers import Step

logger = logging.getLogger("luigi-interface.ciss_luigi")


# not date.max: luigid's page shows the priority, which is to be a short number
_FAR_AHEAD = dt.date(2100, 1, 1)


class DatedTask(luigi.Task):
    """A task of one run date."""

    _visible_in_registry = False  # nobody can ask for it by name; its subclasses say otherwise
    date: dt.date = RunDateParameter(  # type: ignore[assignment]
        description="the run date, for example 2016-11-22"
    )

    @property
    def run_date(self) -> RunDate:
        """The run date as the steps know it."""
        return RunDate(self.date)

    @property
    def priority(self) -> int:  # type: ignore[override]
        """Oldest dates first. Luigi runs the task with the higher number first, and shows the number."""
        return (_FAR_AHEAD - self.date).days


def _expect_sources(dates: Collection[dt.date]) -> bool:
    """Whether the sources could be told of these dates; a worker leaves a fault to its parent."""
    try:
        with guard.refusing():
            here = site.current()
            refuse_after_tomorrow(here, dates)
            if dates:
                current().sources.expect(here, map(RunDate, dates))
    except (ConfigurationError, BadRunDate):
        return False
    return True


class SourcesReady(luigi.ExternalTask, DatedTask):
    """The sources hold the months in scope. This is the only task that asks the engine."""

    _visible_in_registry = True

    def complete(self) -> bool:
        """Whether every table and month that the run needs is there; the log names what is missing."""
        signals.install()
        with guard.refusing():
            here, command, alone = site.current(), current(), self.run_date in current().locks
            refuse_after_tomorrow(here, [self.date])
            return command.sources.are_ready(here, self.run_date, alone=alone)

    def output(self) -> list[luigi.Target]:
        """Nothing: the tables belong to the warehouse."""
        return []

    @classmethod
    def bulk_complete(cls, parameter_tuples: Iterable[Any]) -> list[Any]:
        """No date: so RangeDaily requires each date, and Luigi asks for it while it schedules."""
        signals.install()
        _expect_sources(list(parameter_tuples))
        return []


class MarkerTarget(luigi.Target):
    """A step's marker as Luigi's target: it exists if it is valid."""

    def __init__(self, date: RunDate, step: Step) -> None:
        self._date = date
        self._step = step

    def exists(self) -> bool:
        """Whether the step is done; only files are read."""
        return is_done(site.current(), self._date, self._step)

    def __str__(self) -> str:
        return f"the marker of {self._step} for {self._date}"


class StepTask(DatedTask):
    """A step as Luigi's task; it is complete when its marker is valid."""

    step: ClassVar[Step]

    def output(self) -> MarkerTarget:
        """The step's marker."""
        return MarkerTarget(self.run_date, self.step)

    def complete(self) -> bool:
        """Whether the marker is valid. A worker leaves a faulty configuration to its parent."""
        signals.install()
        try:
            with guard.refusing():
                return bool(self.output().exists())
        except ConfigurationError:
            return False

    @classmethod
    def bulk_complete(cls, parameter_tuples: Iterable[Any]) -> list[Any]:
        """The dates that are done. RangeDaily asks first, and passes a partial as ``cls``."""
        signals.install()
        dates = list(parameter_tuples)
        done = [date for date in dates if cls(date=date).complete()]
        return done if _expect_sources(set(dates).difference(done)) else []

    def deps(self) -> list[luigi.Task]:
        """The tasks before this one. Luigi asks while it schedules, so the date's lock is taken here."""
        signals.install()
        with guard.refusing():
            here = site.current()
            refuse_after_tomorrow(here, [self.date])
            guard.claim(here, self.run_date)
        return list(super().deps())  # type: ignore[no-untyped-call]

    def run(self) -> None:
        """Do the step, unless another process has done it since Luigi asked."""
        here = site.current()
        with signals.step(), guard.holding(here, self.run_date):
            if self.complete():
                return
            self._perform(here)

    def _perform(self, here: site.Site) -> None:
        from ciss_luigi.steps import runner

        command = current().begin.id
        at_temp = guard.at_temp(here, self.run_date, last=self.step is Step.MERGE)
        with observers.step(command, self.date, self.step), at_temp:  # who waits there leaves signs of life
            tell = messages.ProgressTeller(
                getattr(self, "set_status_message", None),
                percentage=getattr(self, "set_progress_percentage", None),
                url=getattr(self, "set_tracking_url", None),
            )
            tell.headline(sentences.begun(self.run_date, self.step))
            queue = here.worker_queue if current().is_range else nullcontext
            runner.perform(
                here,
                self.run_date,
                self.step,
                tell=tell,
                queue=queue,
                watch=tell.watch,
                command=command,
                known=current().known(self.run_date),
            )
            if (marker := here.markers.read(self.run_date, self.step)) is not None:
                tell.last_word(sentences.done(marker))

    def on_failure(self, exception: BaseException) -> str:
        """What luigid shows of a failure: its own text, never a traceback, which may hold values."""
        return messages.for_luigid(str(exception))


class TruncateTemp(StepTask):
    """Make the tables and empty this date's part of temp."""

    _visible_in_registry = True
    step = Step.TRUNCATE

    def requires(self) -> list[luigi.Task]:
        """The sources: if they are missing, no table is touched."""
        return [SourcesReady(date=self.date)]


class BuildTemp(StepTask):
    """Compute the summary into temp and prove it against the sources."""

    _visible_in_registry = True
    step = Step.BUILD

    def requires(self) -> list[luigi.Task]:
        """An empty part of temp, and the sources, which may have gone since it was emptied."""
        return [TruncateTemp(date=self.date), SourcesReady(date=self.date)]


class MergeMain(StepTask):
    """Publish temp's months in main."""

    _visible_in_registry = True
    step = Step.MERGE

    def requires(self) -> list[luigi.Task]:
        """What is to be published."""
        return [BuildTemp(date=self.date)]


@StepTask.event_handler(luigi.Event.DEPENDENCY_PRESENT)  # type: ignore[no-untyped-call,untyped-decorator]
def _is_done_already(task: StepTask) -> None:
    """Say of a date that is done when that was, and how to run it again."""
    with guard.refusing():
        logger.info("%s", done_already(site.current(), task.run_date, task.step))


@SourcesReady.event_handler(luigi.Event.DEPENDENCY_PRESENT)  # type: ignore[no-untyped-call,untyped-decorator]
def _sources_are_ready(task: SourcesReady) -> None:
    """Luigi calls this in the command itself, which has asked the engine."""
    current().sources.note_ready(task.run_date)


if luigiprivate.is_luigis_command():
    install(DatedTask)
