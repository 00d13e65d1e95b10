"""SQL for the old job's own tables: their columns are not known, so their rows are only counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Dialect
from ciss_luigi.queries.named import tagged


@dataclass(frozen=True)
class OldTables:
    """The statements of one step of one run, as SQL text."""

    settings: Settings
    dialect: Dialect
    words: tuple[str, ...]
    """Step, run date and run id: the comment by which a statement can be found on the server."""

    def empty_temp(self) -> list[str]:
        """Several ways to empty the whole temp table; use the first that the engine accepts."""
        return [tagged(one, *self.words) for one in self.dialect.empty_table(self._temp)]

    def temp_rows(self) -> str:
        """Ask how many rows temp holds."""
        return tagged(f"SELECT COUNT(*) FROM {self._temp}", *self.words)

    def main_rows(self, months: Sequence[Month]) -> str:
        """Ask how many rows main holds of each month."""
        table = self.dialect.table(self.settings.database, self.settings.main_table)
        column = self.dialect.quoted(self.settings.month_partition)
        listed = ", ".join(f"'{month}'" for month in months)
        question = f"SELECT {column}, COUNT(*) FROM {table} WHERE {column} IN ({listed}) GROUP BY {column}"
        return tagged(question, *self.words)

    @property
    def _temp(self) -> str:
        return self.dialect.table(self.settings.database, self.settings.temp_table)
