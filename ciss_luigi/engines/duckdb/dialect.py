"""Statements as DuckDB spells them; partitions are plain columns."""

from __future__ import annotations

from collections.abc import Sequence

from ciss_luigi.engines.base import Output, Row, Storage, plain_literal
from ciss_luigi.sql.files import Query


class DuckDbDialect:
    """Statements as DuckDB spells them; partitions are plain columns."""

    positional = False
    leading_ctes = False
    count_type = "BIGINT"  # its sum is a HUGEINT; summing a DECIMAL(19,0) takes four times as long

    def text(self, value: str) -> str:
        """The text in quotes; if engines could read it in different ways, as its UTF-8 bytes."""
        return plain_literal(value) or f"decode(unhex('{value.encode().hex()}'))"

    def quoted(self, name: str) -> str:
        """A name between double quotes."""
        return f'"{name}"'

    def table(self, database: str, name: str) -> str:
        """A table's name with its schema, quoted."""
        return f"{self.quoted(database)}.{self.quoted(name)}"

    def create_database(self, database: str) -> str:
        """The statement that makes the schema if it is absent."""
        return f"CREATE SCHEMA IF NOT EXISTS {self.quoted(database)}"

    def create_table(self, table: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """The statement that makes a table if it is absent; the partition column comes last, as in Hive."""
        typed = [*columns, (self.quoted(partition), "STRING")]
        listed = ",\n    ".join(f"{column} {kind}" for column, kind in typed)
        return f"CREATE TABLE IF NOT EXISTS {table} (\n    {listed}\n)"

    def overwrite(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], query: Query
    ) -> list[str]:
        """Delete and insert; the session's transaction puts them together."""
        column, value = partition
        listed = ", ".join([*(output.name for output in outputs), self.quoted(column)])
        expressions = ", ".join([*(output.expression for output in outputs), f"'{value}'"])
        # the whole query in parentheses: what DuckDB reads as one SELECT stays one, wherever its quotes end
        written = f"INSERT INTO {table} ({listed})\nSELECT {expressions} FROM (\n{query.text}\n) written"
        return [self._delete(table, partition), written]

    def empty_partition(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], nothing: Query
    ) -> list[str]:
        """Delete the partition's rows."""
        return [self._delete(table, partition)]

    def list_partitions(self, table: str, column: str) -> str:
        """The question for the distinct values of the column."""
        return f"SELECT DISTINCT {self.quoted(column)} FROM {table}"

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values, unchanged."""
        return [str(value) for (value,) in rows]

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """Nothing: there is no other engine."""
        return []

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """Delete the rows of several partitions at once."""
        listed = ", ".join(f"'{value}'" for value in values)
        return [f"DELETE FROM {table} WHERE {self.quoted(column)} IN ({listed})"]

    def list_tables(self, database: str) -> str:
        """The question for the tables of a schema."""
        return (
            "SELECT table_name FROM information_schema.tables "
            f"WHERE lower(table_schema) = lower('{database}')"
        )

    def list_columns(self, database: str, name: str) -> str:
        """The question for the columns of a table, in order."""
        return (
            "SELECT lower(column_name), data_type FROM information_schema.columns "
            f"WHERE lower(table_schema) = lower('{database}') AND lower(table_name) = lower('{name}') "
            "ORDER BY ordinal_position"
        )

    def describe_storage(self, database: str, name: str) -> str:
        """The question for whether a table is a view."""
        return (
            "SELECT table_type FROM information_schema.tables "
            f"WHERE lower(table_schema) = lower('{database}') AND lower(table_name) = lower('{name}')"
        )

    def storage(self, rows: Sequence[Row]) -> Storage:
        """Read the answer to ``describe_storage``, which has no partitions."""
        return Storage(is_view=("VIEW",) in rows)

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """One statement each: DuckDB adds one column at a time."""
        return [[f"ALTER TABLE {table} ADD COLUMN {name} {kind}" for name, kind in columns]]

    def _delete(self, table: str, partition: tuple[str, str]) -> str:
        return f"DELETE FROM {table} WHERE {self.quoted(partition[0])} = '{partition[1]}'"

    def empty_table(self, table: str) -> list[str]:
        """Delete all rows."""
        return [f"DELETE FROM {table}"]

    def matches(self, text: str, pattern: str) -> str:
        """The condition that a text matches a pattern."""
        return f"regexp_matches({text}, '{pattern}')"

    def fingerprint(self, expressions: Sequence[str]) -> str:
        """The hash of several values together; NULL has one, too."""
        return f"hash({', '.join(expressions)})"

    def set_aside(self, name: str, query: str) -> str:
        """The statement that makes a temporary table, which a session that only reads may do as well."""
        return f"CREATE OR REPLACE TEMPORARY TABLE {name} AS\n{query}"
