"""Making the tables that the job writes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ciss_luigi import commands
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import explaining
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site


@dataclass(frozen=True)
class OutputTable:
    """One of the two tables, and whether it was there before."""

    name: str
    existed: bool


def make_tables(site: Site) -> list[OutputTable]:
    """Make the schema, main and temp if they are absent; may be repeated. Raises EngineUnavailable."""
    settings, engine = site.settings, site.engine()
    # the date is only part of the statements' comment, by which they can be found on the server
    today = RunDate(dt.datetime.now(dt.UTC).date())
    statements = Statements(settings, engine.dialect, today, "init")
    with (
        explaining(state="existing tables are as they were", next_command=commands.check()),
        engine.session() as session,
        session.transaction(),
    ):
        there = session.tables(statements.list_tables(), statements.output_tables)
        for statement in statements.create_tables(there):
            session.execute(statement)
    return [
        OutputTable(f"{settings.database}.{table}", table.lower() in there)
        for table in (settings.main_table, settings.temp_table)
    ]
