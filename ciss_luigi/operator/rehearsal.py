"""The steps, rehearsed: they run as usual, on engines that note every statement and send no writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import BEGIN, COMMIT, ROLLBACK, Engine, Row, Session
from ciss_luigi.locking.filelocks import Fence
from ciss_luigi.operator.now import Now
from ciss_luigi.operator.stage import RUN_ID, Stage
from ciss_luigi.queries.named import Statement
from ciss_luigi.queries.readiness import Holdings
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps import Job, RebuildBudget
from ciss_luigi.steps.job import MarkerBook
from ciss_luigi.steps.known import Known


@dataclass(frozen=True)
class Planned:
    """One statement of a plan: where it goes, under which condition, and whether that holds now."""

    text: str
    engine: str
    condition: str = ""
    sent: bool = True


class Rehearsal:
    """A job whose steps run without any effect; ``lines`` is what they would have sent."""

    def __init__(self, job: Job, now: Now, holdings: Holdings | None = None) -> None:
        self.lines: list[Planned] = []
        self.stopped = False
        """Whether a step ended before it had sent everything."""
        self.stage = Stage(job, now, holdings)
        self._condition, self._sent = "", True
        self.job = replace(
            job,
            engine=RehearsedEngine(job.engine, self),
            build_engine=RehearsedEngine(job.build_engine, self) if job.build_engine else None,
            impalas=tuple(RehearsedEngine(engine, self) for engine in job.impalas),
            markers=_Notes(job.markers),
            month_locks=_no_locks,
            tell=_to_nobody,
            warnings=_to_nobody,
            budget=RebuildBudget(warn=_to_nobody),
            known=Known(),
            when=self._when,
            make_run_id=lambda date: RUN_ID,
        )

    def note(self, engine: Engine, text: str) -> None:
        """Note a statement that a run would send."""
        self.lines.append(Planned(text, str(engine.identity), self._condition, self._sent))

    @property
    def sends(self) -> bool:
        """Whether a run would get here now: not if a condition does not hold."""
        return self._sent

    @contextmanager
    def _when(self, condition: str, holds: bool) -> Iterator[bool]:
        before = self._condition, self._sent
        self._condition, self._sent = f"only if {condition}", self._sent and holds
        try:
            yield True  # the step goes on in any case: what is only sent at times is listed, too
        finally:
            self._condition, self._sent = before


class RehearsedEngine(Engine):
    """An engine in a rehearsal."""

    def __init__(self, real: Engine, rehearsal: Rehearsal) -> None:
        self.identity = real.identity
        self.capabilities = real.capabilities
        self.dialect = real.dialect
        self._real = real
        self._rehearsal = rehearsal

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session; nothing is opened before a question has to go to the engine."""
        yield RehearsedSession(self._real, self._rehearsal)

    def exists(self) -> bool:
        """Whether there is anything to open."""
        return self._real.exists()

    def why_no_query(self, text: str) -> str:
        """What the engine itself says about a text; nothing is sent for that."""
        return self._real.why_no_query(text)

    def is_transient(self, error: BaseException) -> bool:
        """Never: a plan is not tried again."""
        return False


class RehearsedSession:
    """Notes every statement; writes go to the stage, and questions are answered from there."""

    def __init__(self, engine: Engine, rehearsal: Rehearsal) -> None:
        self._engine = engine
        self._rehearsal = rehearsal
        self._stage = rehearsal.stage

    def execute(self, statement: str) -> None:
        """Note the statement, and what it would change."""
        self._stage.write(self._engine, self._noted(statement))

    def query(self, statement: str) -> list[Row]:
        """Note the question, and answer it."""
        return self._stage.rows(self._engine, self._noted(statement), sent=self._rehearsal.sends)

    def tables(self, question: str, wanted: Collection[str]) -> frozenset[str]:
        """The tables that there would be."""
        self._noted(question)
        return self._stage.tables()

    def columns(self, question: str) -> list[tuple[str, str]]:
        """The columns of a table that there would be."""
        return self._stage.columns(self._engine, self._noted(question))

    def writing(self, target: str) -> AbstractContextManager[None]:
        """Nothing is written, so nothing has to be ended first."""
        return nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What a session would send around the statements inside, if the engine has transactions."""
        if not self._engine.capabilities.transactions:
            yield
            return
        self._rehearsal.note(self._engine, BEGIN)
        try:
            yield
        except BaseException:
            self._rehearsal.note(self._engine, ROLLBACK)
            raise
        self._rehearsal.note(self._engine, COMMIT)

    def _noted(self, statement: str) -> Statement:
        self._rehearsal.note(self._engine, statement)
        return statement if isinstance(statement, Statement) else Statement.of(statement, "")


class _Notes:
    """The markers as they are, and those that the rehearsed steps would write."""

    def __init__(self, real: MarkerBook) -> None:
        self._real = real
        self._new: dict[tuple[RunDate, Step], Marker] = {}

    def read(self, date: RunDate, step: Step) -> Marker | None:
        """The marker that a step would find."""
        return self._new.get((date, step)) or self._real.read(date, step)

    def is_merged(self, date: RunDate) -> bool:
        """Whether main is as new as another date."""
        return self._real.is_merged(date)

    def merged_after(self, date: RunDate) -> list[str]:
        """The months that later dates have merged."""
        return self._real.merged_after(date)

    def charged_before(self, date: RunDate, month: Month, charge: str) -> tuple[RunDate, str] | None:
        """The newest earlier date that merged such a charge, and the month that had it."""
        return self._real.charged_before(date, month, charge)

    def free_to_replace(self, date: RunDate, run_id: str) -> Mapping[Month, str]:
        """The months whose newer estimates the merge may replace."""
        return self._real.free_to_replace(date, run_id)

    def write(self, marker: Marker) -> None:
        """Keep the marker in memory."""
        self._new[marker.date, marker.step] = marker


@contextmanager
def _no_locks(months: Sequence[Month]) -> Iterator[Fence]:
    yield lambda: None


def _to_nobody(message: str) -> None:
    return
