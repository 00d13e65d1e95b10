"""Every statement of a run, as SQL text. Nothing here is sent.

The steps send these, and ``ciss plan`` prints them: a statement is made in one place only. Each begins with a
comment that names step, run date and run id, so that it can be found on the server.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ciss_luigi import commands
from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Output
from ciss_luigi.errors import ConfigurationError, Fault, TableUnusable
from ciss_luigi.queries.named import named
from ciss_luigi.queries.names import literals
from ciss_luigi.queries.sources import SourceQuestions
from ciss_luigi.sql.files import Query, SqlFileError, built_in, fill, read_build

SUMMARY = tuple(column.name for column in schema.SUMMARY_COLUMNS)
_SUMMARY_TYPES = tuple((column.name, column.type) for column in schema.SUMMARY_COLUMNS)
TEMP_PARTITION = "run_date"
MONTH = "month_year"
_TEMP_TYPES = (*_SUMMARY_TYPES, (MONTH, schema.TEXT))

# A type as servers write it, such as decimal(18,4) or map<string,array<int>>. It becomes part of a statement,
# so nothing else may pass.
_KIND = re.compile(r"[A-Za-z_][\w ,:<>()]*", re.ASCII)

Columns = Sequence[tuple[str, str]]
"""A table's columns as the engine lists them: name and type."""


@dataclass(frozen=True)
class Statements(SourceQuestions):
    """The statements of one run date on one engine: each method returns SQL text, or a list of it.

    ``table``, where it is a parameter of a write, is the written table's columns as the engine lists them. It
    is needed where inserts go by position (``Dialect.positional``), and empty elsewhere.
    """

    # --- tables -----------------------------------------------------------------------------------

    @named
    def list_tables(self) -> str:
        """Ask for the tables of the schema."""
        return self._tag(self.dialect.list_tables(self.settings.database))

    @named
    def list_columns(self, table: str) -> str:
        """Ask for the columns of a table of the schema; ``table`` is its plain name."""
        return self._tag(self.dialect.list_columns(self.settings.database, table))

    @named
    def describe_storage(self, table: str) -> str:
        """Ask how a table of the schema is partitioned and stored; ``table`` is its plain name."""
        return self._tag(self.dialect.describe_storage(self.settings.database, table))

    @named
    def create_tables(self, there: Collection[str] = ()) -> list[str]:
        """Make the schema, main and temp, except for what is ``there``: a site may have no right to create.

        ``there`` are names of tables in lower case, as ``Session.tables`` gives them. If it holds any, the
        schema exists.
        """
        settings, make = self.settings, self.dialect.create_table
        wanted = [] if there else [self.dialect.create_database(settings.database)]
        if settings.main_table.lower() not in there:
            wanted.append(make(self.main, _SUMMARY_TYPES, settings.month_partition))
        if settings.temp_table.lower() not in there:
            wanted.append(make(self.temp, _TEMP_TYPES, TEMP_PARTITION))
        return self._tagged(wanted)

    # --- TruncateTemp -----------------------------------------------------------------------------

    @named
    def empty_temp(self, table: Columns = (), date: RunDate | None = None) -> list[str]:
        """Empty the part of temp that belongs to a run date: to this one, unless ``date`` is another."""
        partition = (TEMP_PARTITION, str(date or self.date))
        outputs = _outputs([*SUMMARY, MONTH], table, TEMP_PARTITION)
        nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _TEMP_TYPES)
        nothing = Query(f"SELECT {nulls} FROM {self.main} WHERE 1 = 0")
        return self._tagged(self.dialect.empty_partition(self.temp, partition, outputs, nothing))

    @named
    def list_temp(self) -> str:
        """Ask which run dates temp holds."""
        return self._tag(self.dialect.list_partitions(self.temp, TEMP_PARTITION))

    @named
    def drop_temp(self, dates: Sequence[RunDate]) -> list[str]:
        """Drop temp's partitions of some run dates."""
        values = [str(date) for date in dates]
        return self._tagged(self.dialect.drop_partitions(self.temp, TEMP_PARTITION, values))

    # --- BuildTemp --------------------------------------------------------------------------------

    @named
    def build(self, months: Sequence[Month], table: Columns = ()) -> list[str]:
        """Compute the summary of some months, and put it in place of this run date's part of temp."""
        outputs = _outputs([*SUMMARY, MONTH], table, TEMP_PARTITION)
        query = self.build_query(months)
        return self._tagged(self.dialect.overwrite(self.temp, self._temp_partition, outputs, query))

    def rules(self, months: Sequence[Month]) -> str:
        """The billing rules for some months as one query, without the write around it.

        It is not sent in this form.
        """
        return self.build_query(months).text

    @named
    def temp_totals(self) -> str:
        """Ask for the control totals of this run date's part of temp."""
        where = f"{TEMP_PARTITION} = '{self.date}'"
        return self._own("summary_totals", {"table": self.temp, "where": where, "month_column": MONTH})

    # --- MergeMain --------------------------------------------------------------------------------

    @named
    def merge(self, month: Month, table: Columns = ()) -> list[str]:
        """Replace one month of main by the rows that temp holds for it."""
        values = {
            "columns": ", ".join(SUMMARY),
            "temp": self.temp,
            "run_date": str(self.date),
            "months": literals([month]),
        }
        query = Query(fill(built_in("merge"), values))
        column = self.settings.month_partition
        outputs = _outputs(SUMMARY, table, column)
        return self._tagged(self.dialect.overwrite(self.main, (column, str(month)), outputs, query))

    @named
    def before_merge(self, months: Sequence[Month]) -> str:
        """Ask for ``main_rows`` of some months, if any, and how many customers in temp are unmapped.

        One statement, because each costs seconds on a cluster.
        """
        unmapped = fill(built_in("temp_unmapped"), {"temp": self.temp, "run_date": str(self.date)})
        main = [self._main_rows(months)] if months else []
        return self._tag("\nUNION ALL\n".join([*main, unmapped]))

    @named
    def main_rows(self, months: Sequence[Month]) -> str:
        """Ask how many rows main holds of each month, and the month's newest as_of_date."""
        return self._tag(self._main_rows(months))

    def _main_rows(self, months: Sequence[Month]) -> str:
        # The old job's main has no column as_of_date: there, markers say what is newer
        newest = "MAX(as_of_date)" if self.settings.loader == "sql" else "CAST(NULL AS STRING)"
        values = {**self._main_names, "months": literals(months), "newest": newest}
        return fill(built_in("main_rows"), values)

    @named
    def main_totals(self, months: Sequence[Month]) -> str:
        """Ask for the control totals of some months of main."""
        column = self.month_column
        values = {"table": self.main, "where": f"{column} IN ({literals(months)})"}
        return self._own("summary_totals", {**values, "month_column": column})

    # --- other engines ----------------------------------------------------------------------------

    @named
    def refresh_temp(self, *, whole: bool = False) -> list[str]:
        """Make this engine see what another one wrote to temp: this run date's part, or the ``whole``."""
        partition = None if whole else self._temp_partition
        return self._tagged(self.dialect.refresh(self.temp, partition))

    @named
    def refresh_main(self, month: Month, *, whole: bool = False) -> list[str]:
        """Make this engine see what another one wrote to main: a month, or the ``whole``."""
        partition = None if whole else (self.settings.month_partition, str(month))
        return self._tagged(self.dialect.refresh(self.main, partition))

    @named
    def refresh_sources(self) -> list[str]:
        """Make this engine see what others wrote to the source tables; none without ``refresh_sources``."""
        tables = schema.SOURCES if self.settings.refresh_sources else ()
        return self._tagged(
            [text for one in tables for text in self.dialect.refresh(self.source(one.role), None)]
        )

    # --- parts ------------------------------------------------------------------------------------

    @property
    def _temp_partition(self) -> tuple[str, str]:
        return (TEMP_PARTITION, str(self.date))

    def build_query(self, months: Sequence[Month]) -> Query:
        """The billing rules for some months: the rows that a build writes into temp."""
        values = {
            **self._sources,
            "months": literals(months),
            "month_rows": self._month_rows(months),
            "rate_months": literals(self.rate_months(months)),
            "run_date": str(self.date),
            "run_id": self.run_id,
        }
        return Query(fill(self._rules_text(), values))

    def _rules_text(self) -> str:
        """The billing rules as they are now; raises ConfigurationError if the site's own are gone or broken.

        The configuration was read before, and people edit the file while runs go on.
        """
        try:
            return read_build(self.settings.sql_dir)
        except SqlFileError as error:
            fault = Fault("ciss", "sql_dir", str(error), "sql")
            raise ConfigurationError("the site's own billing rules cannot be used", (fault,)) from error


def _outputs(wanted: Sequence[str], table: Columns, partition: str) -> list[Output]:
    """The columns that a write fills: the wanted ones, in the order of ``table`` if that is given.

    Columns of the table that this job does not know get NULL. Raises TableUnusable if it lacks a wanted one.
    """
    if not table:
        return [Output(name, name) for name in wanted]
    # without the partition column, which engines list, too: its value stands in PARTITION (...)
    columns = [(name, kind) for name, kind in table if name != partition.lower()]
    lacking = set(wanted) - {name for name, _ in columns}
    if lacking:
        raise TableUnusable(
            f"a table has no column {', '.join(sorted(lacking))}", next_command=commands.check()
        )
    for name, kind in columns:
        if name not in wanted and not _KIND.fullmatch(kind):
            raise TableUnusable(f"the column {name!r} of a table has a type that cannot be used: {kind!r}")
    return [Output(name, name if name in wanted else f"CAST(NULL AS {kind})") for name, kind in columns]
