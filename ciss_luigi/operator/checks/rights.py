"""Whether the job may make and write the tables: tried if that can be undone, else asked by EXPLAIN."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence

from ciss_luigi.engines.base import Session
from ciss_luigi.errors import CissError, EngineUnavailable
from ciss_luigi.operator.checks.engines import explain, undone
from ciss_luigi.operator.checks.findings import GRANT, Group, names_missing_right
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import Statements
from ciss_luigi.steps import Job
from ciss_luigi.steps.parts import columns


def check(group: Group, job: Job, session: Session, statements: Statements, there: Collection[str]) -> None:
    """Check that main and temp can be made, filled and emptied; ``there`` are the tables that exist."""
    if job.engine.capabilities.transactions:
        _try(group, job, session, statements)
    else:
        _ask(group, job, session, statements, there)


def _try(group: Group, job: Job, session: Session, statements: Statements) -> None:
    """Make and write a table in a transaction that is undone."""
    database = job.settings.database
    probe = statements.table(f"ciss_check_{uuid.uuid4().hex[:8]}")
    trial = [
        *statements.create_tables(),
        tagged(f"CREATE TABLE {probe} (probe STRING)", "check"),
        tagged(f"INSERT INTO {probe} VALUES ('probe')", "check"),
    ]
    error = _attempt(session, trial)
    if error is None:
        group.ok(f"tables of {database} can be made and written (tried, and undone)")
        return
    group.fault(
        f"tables of {database} cannot be made and written: {error.what}",
        "give the job's user the right to, and remove read_only from [ciss] connect_args",
    )


def _attempt(session: Session, statements: Sequence[str]) -> CissError | None:
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


def _ask(group: Group, job: Job, session: Session, statements: Statements, there: Collection[str]) -> None:
    """Have the server explain the writes that are not explained with the billing rules and the merge.

    An error that names no right is not told: not every server explains every statement.
    """
    refused = False
    for what, statement in _writes(job, session, statements, there):
        error = explain(session, statement)
        if error is not None and names_missing_right(error):
            group.fault(f"{what}: {error.what}", GRANT)
            refused = True
    if not refused:
        group.note(
            f"{job.engine.identity} says that no right to make and empty tables of {job.settings.database} "
            "is missing; it was asked by EXPLAIN, which does not look at the permissions of files"
        )


def _writes(
    job: Job, session: Session, statements: Statements, there: Collection[str]
) -> Iterator[tuple[str, str]]:
    settings = job.settings
    for statement in statements.create_tables(there):
        yield f"tables of {settings.database} cannot be made", statement
    if settings.temp_table.lower() in there:
        table = columns(session, statements, settings.temp_table)
        for statement in (*statements.empty_temp(table), *statements.drop_temp([job.date])):
            yield f"{settings.temp} cannot be emptied", statement
