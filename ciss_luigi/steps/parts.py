"""What several steps do: send statements, list differences, make other engines see what was written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import CissError, NotThisWay, StepFailed
from ciss_luigi.queries.statements import Columns, Statements
from ciss_luigi.state.markers import Step
from ciss_luigi.steps.job import Job


class Refreshes(Protocol):
    """A method of ``Statements`` that makes an engine see what another wrote: a partition, or the whole."""

    def __call__(self, statements: Statements, /, *, whole: bool = False) -> list[str]:
        """The statements, as SQL text."""


def refresh(
    job: Job, what: str, of: Refreshes, step: Step, *, run_id: str = "", writer: Engine | None = None
) -> None:
    """Make the other engines see what one of them wrote.

    ``what`` names the table or the month in messages; ``of`` gives the statements that refresh it, for
    ``step`` and ``run_id``. ``writer`` is the engine that wrote, if that is not the job's. Raises
    StepFailed; its text names the engine that still shows old rows, and of what.
    """
    for engine in job.shown(writer or job.engine):
        try:
            with engine.session() as session:
                show(session, of, job.statements(step, run_id, engine))
        except CissError as error:
            raise StepFailed(
                f"{engine.identity} still shows the old rows of {what}: {error.what}",
                state=f"{what} is written; the next run repeats the write and the refresh",
            ) from error


def show(session: Session, of: Refreshes, statements: Statements) -> None:
    """Make an engine see what was written: by partition, or the whole table if it refuses a part of it."""
    try:
        send(session, of(statements))
    except NotThisWay:
        send(session, of(statements, whole=True))


def make_lost_tables(job: Job, session: Session, statements: Statements, there: Collection[str]) -> set[str]:
    """Make temp and main again if they were dropped after TruncateTemp.

    ``there`` are the tables that exist, in lower case; returns those that did not, in lower case. Raises
    StatementFailed.
    """
    lost = {job.settings.temp_table.lower(), job.settings.main_table.lower()} - set(there)
    if lost:
        send(session, statements.create_tables(there))
    return lost


def columns(session: Session, statements: Statements, table: str) -> Columns:
    """A table's columns in order, if inserts go by position; otherwise empty, and nothing is asked."""
    return session.columns(statements.list_columns(table)) if statements.dialect.positional else ()


def send(session: Session, statements: Iterable[str]) -> None:
    """Send statements that return no rows, in order; raises StatementFailed."""
    for statement in statements:
        session.execute(statement)


def listed(head: str, lines: Sequence[str]) -> str:
    """A heading, and under it a line for each thing that was found."""
    return "\n".join([head, *(f"  - {line}" for line in lines)])


def now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)
