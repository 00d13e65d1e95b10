"""A site's own billing rules must be one query; the engine judges that before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.base import Engine
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.queries.statements import Statements


def fault(engine: Engine, statements: Statements, months: Sequence[Month]) -> Fault | None:
    """Why the site's build.sql is not one query that only reads; None if it is one (docs/sql.md)."""
    folder = statements.settings.sql_dir
    problem = engine.why_no_query(statements.rules(months)) if folder else ""
    if not folder or not problem:
        return None
    return Fault("ciss", "sql_dir", f"{folder / 'build.sql'} is not one WITH ... SELECT: {problem}", "sql")


def require_one_query(engine: Engine, statements: Statements, months: Sequence[Month]) -> None:
    """Raise ConfigurationError if the site's build.sql is not one query."""
    if found := fault(engine, statements, months):
        raise ConfigurationError("the site's own billing rules cannot be used", (found,))
