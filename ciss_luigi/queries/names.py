"""Names of tables as statements have to spell them, and the comment that each statement begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Dialect
from ciss_luigi.queries.named import tagged
from ciss_luigi.sql.files import built_in, fill


@dataclass(frozen=True)
class Names:
    """What the statements of one run date on one engine have in common.

    ``step`` and ``run_id`` go into the comment that each statement begins with.
    """

    settings: Settings
    dialect: Dialect
    date: RunDate
    step: str
    run_id: str = ""

    @property
    def main(self) -> str:
        """Main's name with its schema, quoted for the engine; ``settings.main`` is for people."""
        return self.table(self.settings.main_table)

    @property
    def temp(self) -> str:
        """Temp's name with its schema, quoted."""
        return self.table(self.settings.temp_table)

    def source(self, role: str) -> str:
        """The name of a source table with its schema, quoted; ``role`` is that of ``schema.Table``."""
        return self.table(self.settings.source_tables[role])

    def table(self, name: str) -> str:
        """The name of any table with its schema, quoted."""
        return self.dialect.table(self.settings.database, name)

    @property
    def all_tables(self) -> tuple[str, ...]:
        """The names of all tables that a run needs, with their schema, quoted."""
        return (*(self.source(table.role) for table in schema.SOURCES), *self.output_tables)

    @property
    def output_tables(self) -> tuple[str, ...]:
        """The names of main and temp with their schema, quoted."""
        return (self.main, self.temp)

    @property
    def month_column(self) -> str:
        """Main's partition column, quoted."""
        return self.dialect.quoted(self.settings.month_partition)

    @cached_property
    def _sources(self) -> dict[str, str]:
        return {table.role: self.source(table.role) for table in schema.SOURCES}

    @property
    def _main_names(self) -> dict[str, str]:
        return {"main": self.main, "month_column": self.month_column}

    def _own(self, name: str, values: dict[str, str]) -> str:
        return self._tag(fill(built_in(name), {"count_type": self.dialect.count_type, **values}))

    def _tagged(self, statements: Sequence[str]) -> list[str]:
        return [self._tag(statement) for statement in statements]

    def _tag(self, statement: str) -> str:
        return tagged(statement, self.step, str(self.date), self.run_id)


def literals(months: Sequence[Month]) -> str:
    """Months as a list of SQL texts: ``'2016-12', '2017-01'``."""
    return ", ".join(f"'{month}'" for month in months)
