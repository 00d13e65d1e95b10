"""A site's own billing rules: one query, by the engine's own judgement, before anything is made of it."""

from __future__ import annotations

from collections.abc import Sequence

from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.base import Engine
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.queries.statements import Statements


def fault(engine: Engine, statements: Statements, months: Sequence[Month]) -> Fault | None:
    """What keeps the site's build.sql from being one query that only reads, if anything (docs/sql.md)."""
    folder = statements.settings.sql_dir
    problem = engine.why_no_query(statements.rules(months)) if folder else ""
    if not folder or not problem:
        return None
    return Fault("ciss", "sql_dir", f"{folder / 'build.sql'} is not one WITH ... SELECT: {problem}", "sql")


def require_one_query(engine: Engine, statements: Statements, months: Sequence[Month]) -> None:
    """Raise ConfigurationError where the site's build.sql is not one query."""
    if found := fault(engine, statements, months):
        raise ConfigurationError("the site's own billing rules cannot be used", (found,))
