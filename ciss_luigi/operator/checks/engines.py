"""Whether the engines answer, what they are, and whether the job may write there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import CissError, EngineUnavailable, StatementFailed
from ciss_luigi.operator.checks.findings import CONFIGURATION, ENGINE_AWAY, Group
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import Statements
from ciss_luigi.steps import Job

VERSION = tagged("SELECT version()", "check")


class _Undo(Exception):
    """Ends a transaction so that none of its changes stays."""


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """A transaction that is rolled back at its end, in any case."""
    with suppress(_Undo), session.transaction():
        yield
        raise _Undo


def check_others(group: Group, job: Job) -> None:
    """Check the engines other than the main one."""
    others = {str(engine.identity): engine for engine in (job.builder, *job.impalas)}
    others.pop(str(job.engine.identity), None)
    for engine in others.values():
        with reaching(group, engine), engine.session() as session:
            tell_version(group, engine, session)


@contextmanager
def reaching(group: Group, engine: Engine) -> Iterator[None]:
    """A block with a session: an engine that is away is a fault, and so is one that refuses its settings."""
    try:
        yield
    except EngineUnavailable as error:
        remedy = f"see that {engine.identity} is there and answers, or correct its URL in [ciss]"
        group.fault(error.what, error.next_command or remedy, code=ENGINE_AWAY)
    except CissError as error:
        group.fault(
            f"{engine.identity}: {error.what}",
            "see the URL, connect_args and session_settings in [ciss]",
            code=CONFIGURATION,
        )


def tell_version(group: Group, engine: Engine, session: Session) -> None:
    """Say which engine it is, and its version."""
    try:
        ((version, *_),) = session.query(VERSION)
    except StatementFailed as error:  # a run does not ask for it; Hive knows it from 2.1 on
        group.ok(f"{engine.identity} answers, but does not say its version: {error.what}")
    else:
        group.ok(f"{engine.identity} answers: {' '.join(str(version).split())}")


def check_rights(group: Group, job: Job, session: Session, statements: Statements) -> None:
    """Make and write a table in a transaction that is undone."""
    settings = job.settings
    if not job.engine.capabilities.transactions:
        group.note(
            f"whether tables of {settings.database} may be made and written is not tried: "
            f"{job.engine.identity} has no transaction to undo it in"
        )
        return
    probe = statements.table(f"ciss_check_{uuid.uuid4().hex[:8]}")
    trial = [
        *statements.create_tables(),
        tagged(f"CREATE TABLE {probe} (probe STRING)", "check"),
        tagged(f"INSERT INTO {probe} VALUES ('probe')", "check"),
    ]
    error = attempt(session, trial)
    if error is None:
        group.ok(f"tables of {settings.database} can be made and written (tried, and undone)")
        return
    group.fault(
        f"tables of {settings.database} cannot be made and written: {error.what}",
        "give the job's user the right to, and remove read_only from [ciss] connect_args",
    )


def explain(session: Session, statement: str, before: Sequence[str] = ()) -> CissError | None:
    """EXPLAIN a statement in a transaction that is undone; returns why the engine refuses it, or None."""
    try:
        with undone(session):
            for one in before:
                session.execute(one)
            lines = [str(cell) for row in session.query(f"EXPLAIN {statement}") for cell in row]
    except EngineUnavailable:
        raise
    except CissError as error:
        return error
    text = "\n".join(lines)
    return StatementFailed(text.partition(_NOT_PLANNED)[2].strip()) if _NOT_PLANNED in text else None


_NOT_PLANNED = "Error occurred during query planning:"
"""The words by which Spark's EXPLAIN, which always succeeds, says that the statement would fail."""


def attempt(session: Session, statements: Sequence[str]) -> CissError | None:
    """Send statements in a transaction that is undone; returns the first error, or None."""
    try:
        with undone(session):
            for statement in statements:
                session.execute(statement)
    except EngineUnavailable:
        raise
    except CissError as error:
        return error
    return None
