"""Whether the engines answer, what they are, and what they say of a statement that is not run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import CissError, EngineUnavailable, StatementFailed
from ciss_luigi.operator.checks.findings import CONFIGURATION, ENGINE_AWAY, Group
from ciss_luigi.queries.named import tagged
from ciss_luigi.steps import Job

VERSION = tagged("SELECT version()", "check")


class _Undo(Exception):
    """Ends a transaction so that none of its changes stays."""


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """A transaction that is always rolled back at its end."""
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
