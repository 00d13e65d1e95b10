"""Every statement of a run, as text.

The steps send these and ``ciss plan`` prints these: there is one place where a statement is made. Each
begins with a comment that names step, run date and run id, so that it can be found on the server.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Dialect, Output
from ciss_luigi.errors import TableUnusable
from ciss_luigi.queries.named import named
from ciss_luigi.sql.files import Query, built_in, fill, read_build

SUMMARY = tuple(column.name for column in schema.SUMMARY_COLUMNS)
_SUMMARY_TYPES = tuple((column.name, column.type) for column in schema.SUMMARY_COLUMNS)
TEMP_PARTITION = "run_date"
MONTH = "month_year"
_TEMP_TYPES = (*_SUMMARY_TYPES, (MONTH, schema.TEXT))

# A type as servers write it, such as decimal(18,4) or map<string,array<int>>: it goes into a statement
_KIND = re.compile(r"[A-Za-z_][\w ,:<>()]*", re.ASCII)

# Added to the scan of the register that its totals need anyway; a scan of its own costs twice as much
_OR_NO_MONTH = """
   OR CASE WHEN TRANSLATE(SUBSTR(invoice_date, 1, 7), '123456789', '000000000') = '0000-00'
            AND SUBSTR(invoice_date, 6, 2) >= '01' AND SUBSTR(invoice_date, 6, 2) <= '12'
           THEN 0 ELSE 1 END = 1"""

Columns = Sequence[tuple[str, str]]
"""A table's columns as the engine lists them: name and type."""


def tagged(statement: str, *words: str) -> str:
    """A statement behind the comment by which it is found on the server."""
    return f"/* {' '.join(word for word in ('ciss_luigi', *words) if word)} */\n{statement}"


@dataclass(frozen=True)
class Statements:
    """The statements of one run date on one engine."""

    settings: Settings
    dialect: Dialect
    date: RunDate
    step: str
    run_id: str = ""

    # --- names, as every statement has to spell them ---------------------------------------------

    @property
    def main(self) -> str:
        """Main's whole name, quoted for the engine; ``settings.main`` is for people."""
        return self.table(self.settings.main_table)

    @property
    def temp(self) -> str:
        """Temp's whole name, quoted."""
        return self.table(self.settings.temp_table)

    def source(self, role: str) -> str:
        """A source table's whole name, quoted."""
        return self.table(self.settings.source_tables[role])

    def table(self, name: str) -> str:
        """The whole name of any table of the schema, quoted."""
        return self.dialect.table(self.settings.database, name)

    @property
    def all_tables(self) -> tuple[str, ...]:
        """The whole names of all tables that a run needs, quoted."""
        return (*(self.source(table.role) for table in schema.SOURCES), *self.output_tables)

    @property
    def output_tables(self) -> tuple[str, ...]:
        """The whole names of main and temp, quoted."""
        return (self.main, self.temp)

    @property
    def month_column(self) -> str:
        """Main's partition column, quoted."""
        return self.dialect.quoted(self.settings.month_partition)

    # --- tables -----------------------------------------------------------------------------------

    @named
    def list_tables(self) -> str:
        """Ask for the tables of the schema."""
        return self._tag(self.dialect.list_tables(self.settings.database))

    @named
    def list_columns(self, table: str) -> str:
        """Ask for the columns of one of its tables."""
        return self._tag(self.dialect.list_columns(self.settings.database, table))

    @named
    def describe_storage(self, table: str) -> str:
        """Ask how one of its tables is partitioned and stored."""
        return self._tag(self.dialect.describe_storage(self.settings.database, table))

    @named
    def create_tables(self, there: Collection[str] = ()) -> list[str]:
        """Make the schema, main and temp, but what is ``there``: a site may have no right to create.

        Names are in lower case, as ``Session.tables`` gives them. A schema that has a table is there.
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
        """Empty a run date's part of temp, this one's unless another is named.

        ``table`` is temp's columns where inserts go by position.
        """
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

    # --- sources ----------------------------------------------------------------------------------

    @named
    def readiness(self, months: Sequence[Month]) -> list[str]:
        """Ask which sources hold a row of each month."""
        return [self._own("readiness", {"month": str(month), **self._sources}) for month in months]

    @named
    def main_rows(self, months: Sequence[Month]) -> str:
        """Ask what main holds of each month, and its newest as_of_date."""
        # the old job's main has no as_of_date: there, what is newer is known by markers
        newest = "MAX(as_of_date)" if self.settings.loader == "sql" else "CAST(NULL AS STRING)"
        return self._own("main_rows", {**self._main_names, "months": _literals(months), "newest": newest})

    @named
    def source_totals(self, months: Sequence[Month], *, odd: bool = False) -> list[str]:
        """Sum up the charge sources of each month; with ``odd``, the register's rows of no month, too."""
        return [
            self._own("source_totals", {"month": str(month), "or_no_month": extra, **self._sources})
            for month, extra in zip(months, [_OR_NO_MONTH if odd else "", *[""] * len(months)], strict=False)
        ]

    @named
    def odd_rows(self) -> str:
        """Ask for the odd rows of the other sources: of no month, or in a mapping that no run uses."""
        return self._own("odd_rows", self._sources)

    @named
    def rates(self, months: Sequence[Month]) -> str:
        """Ask for the rates that the run could use, and their faults."""
        return self._own("rates", self._rate_values(months))

    @named
    def rates_and_odd_rows(self, months: Sequence[Month]) -> str:
        """Ask for ``rates``, ``odd_rows``, and whether there is any rate, at once."""
        parts = {name: fill(built_in(name), self._rate_values(months)) for name in ("rates", "odd_rows")}
        return self._own("rates_and_odd_rows", {**self._sources, **parts})

    def rate_months(self, months: Sequence[Month]) -> list[Month]:
        """The months whose rates the run could use: those built, and their fallback months."""
        back = range(self.settings.rate_fallback_months + 1)
        return sorted({month.minus(count) for month in months for count in back})

    @named
    def unmapped(self, months: Sequence[Month]) -> str:
        """Ask how many keys of each month's charges have no mapping row."""
        month_rows = {"months": _literals(months), "month_rows": self._month_rows(months)}
        return self._own("check_unmapped", {**month_rows, **self._sources})

    @named
    def months_held(self, table: schema.Table) -> str:
        """Ask for a charge source's rows and amounts by month; NULL for those of no month."""
        register = table is schema.REGISTER
        values = {
            "source": self.source(table.role),
            "month": "SUBSTR(invoice_date, 1, 7)" if register else "partition_date",
            "amount": "amount" if register else "charge",
            "value": "invoice_date" if register else "partition_date",
        }
        return self._own("check_months", values)

    @named
    def rates_held(self) -> str:
        """Ask which rates to USD there are, by currency and month."""
        return self._own("check_rates", self._sources)

    # --- BuildTemp --------------------------------------------------------------------------------

    @named
    def build(self, months: Sequence[Month], table: Columns = ()) -> list[str]:
        """Compute the summary of some months into this run date's part of temp."""
        outputs = _outputs([*SUMMARY, MONTH], table, TEMP_PARTITION)
        query = self.build_query(months)
        return self._tagged(self.dialect.overwrite(self.temp, self._temp_partition, outputs, query))

    def rules(self, months: Sequence[Month]) -> str:
        """The billing rules of some months as one query, before a write is made of it; never sent so."""
        return self.build_query(months).text

    @named
    def temp_totals(self) -> str:
        """Control totals of this run date's part of temp."""
        where = f"{TEMP_PARTITION} = '{self.date}'"
        return self._own("summary_totals", {"table": self.temp, "where": where, "month_column": MONTH})

    # --- MergeMain --------------------------------------------------------------------------------

    @named
    def merge(self, month: Month, table: Columns = ()) -> list[str]:
        """Replace one month of main by temp's rows of it."""
        values = {
            "columns": ", ".join(SUMMARY),
            "temp": self.temp,
            "run_date": str(self.date),
            "months": _literals([month]),
        }
        query = Query(fill(built_in("merge"), values))
        column = self.settings.month_partition
        outputs = _outputs(SUMMARY, table, column)
        return self._tagged(self.dialect.overwrite(self.main, (column, str(month)), outputs, query))

    @named
    def main_totals(self, months: Sequence[Month]) -> str:
        """Control totals of some months of main."""
        column = self.month_column
        values = {"table": self.main, "where": f"{column} IN ({_literals(months)})"}
        return self._own("summary_totals", {**values, "month_column": column})

    # --- other engines ----------------------------------------------------------------------------

    @named
    def refresh_temp(self, *, whole: bool = False) -> list[str]:
        """Show this engine what another one wrote to temp: this run date's part, or all of it."""
        partition = None if whole else self._temp_partition
        return self._tagged(self.dialect.refresh(self.temp, partition))

    @named
    def refresh_main(self, month: Month, *, whole: bool = False) -> list[str]:
        """Show this engine what another one wrote to a month of main, or to all of it."""
        partition = None if whole else (self.settings.month_partition, str(month))
        return self._tagged(self.dialect.refresh(self.main, partition))

    @named
    def refresh_sources(self) -> list[str]:
        """Show this engine what others wrote to the source tables, where ``refresh_sources`` wants it."""
        tables = schema.SOURCES if self.settings.refresh_sources else ()
        return self._tagged(
            [text for one in tables for text in self.dialect.refresh(self.source(one.role), None)]
        )

    # --- parts ------------------------------------------------------------------------------------

    @cached_property
    def _sources(self) -> dict[str, str]:
        return {table.role: self.source(table.role) for table in schema.SOURCES}

    def _rate_values(self, months: Sequence[Month]) -> dict[str, str]:
        return {"rate_months": _literals(self.rate_months(months)), **self._sources}

    @property
    def _temp_partition(self) -> tuple[str, str]:
        return (TEMP_PARTITION, str(self.date))

    @property
    def _main_names(self) -> dict[str, str]:
        return {"main": self.main, "month_column": self.month_column}

    def build_query(self, months: Sequence[Month]) -> Query:
        """The billing rules for some months: the rows that a build writes into temp."""
        values = {
            **self._sources,
            "months": _literals(months),
            "month_rows": self._month_rows(months),
            "rate_months": _literals(self.rate_months(months)),
            "run_date": str(self.date),
            "run_id": self.run_id,
        }
        return Query(fill(read_build(self.settings.sql_dir), values))

    def _month_rows(self, months: Sequence[Month]) -> str:
        back = self.settings.rate_fallback_months
        return "\n    UNION ALL\n    ".join(
            f"SELECT '{month}' AS month_year, '{month.first_day}' AS first_day, "
            f"'{month.last_day}' AS last_day, '{month.minus(back)}' AS oldest_rate_month"
            for month in months
        )

    def _own(self, name: str, values: dict[str, str]) -> str:
        return self._tag(fill(built_in(name), {"count_type": self.dialect.count_type, **values}))

    def _tagged(self, statements: Sequence[str]) -> list[str]:
        return [self._tag(statement) for statement in statements]

    def _tag(self, statement: str) -> str:
        return tagged(statement, self.step, str(self.date), self.run_id)


def _outputs(wanted: Sequence[str], table: Columns, partition: str) -> list[Output]:
    """What a write fills: the wanted columns, in the table's order where that is given.

    Columns of the table that this job knows nothing of get NULL; raises TableUnusable for one it lacks.
    """
    if not table:
        return [Output(name, name) for name in wanted]
    columns = [(name, kind) for name, kind in table if name != partition.lower()]
    lacking = set(wanted) - {name for name, _ in columns}
    if lacking:
        raise TableUnusable(f"a table has no column {', '.join(sorted(lacking))}", next_command="ciss check")
    for name, kind in columns:
        if name not in wanted and not _KIND.fullmatch(kind):
            raise TableUnusable(f"the column {name!r} of a table is of a strange type, {kind!r}")
    return [Output(name, name if name in wanted else f"CAST(NULL AS {kind})") for name, kind in columns]


def _literals(months: Sequence[Month]) -> str:
    return ", ".join(f"'{month}'" for month in months)
