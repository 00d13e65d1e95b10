"""Statements as Hive and Spark spell them; partitions are always static."""

from __future__ import annotations

from collections.abc import Sequence

from ciss_luigi.engines.base import Output, Row, Storage, plain_literal
from ciss_luigi.engines.hive.storage import storage
from ciss_luigi.sql.files import Query


class HiveDialect:
    """Statements as Hive and Spark spell them; partitions are always static."""

    positional = True
    leading_ctes = True
    count_type = "DECIMAL(19,0)"

    def text(self, value: str) -> str:
        """The text in quotes; if engines could read it in different ways, as its UTF-8 bytes."""
        return plain_literal(value) or f"decode(unhex('{value.encode().hex()}'), 'UTF-8')"

    def quoted(self, name: str) -> str:
        """A name between backticks."""
        return f"`{name}`"

    def table(self, database: str, name: str) -> str:
        """A table's name with its schema, quoted."""
        return f"{self.quoted(database)}.{self.quoted(name)}"

    def create_database(self, database: str) -> str:
        """The statement that makes the schema if it is absent."""
        return f"CREATE DATABASE IF NOT EXISTS {self.quoted(database)}"

    def create_table(self, table: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """The statement that makes a partitioned Parquet table if it is absent."""
        # our own names are no reserved words; the partition column's name is the site's, and may be one
        listed = ",\n    ".join(f"{column} {kind}" for column, kind in columns)
        return (
            f"CREATE TABLE IF NOT EXISTS {table} (\n    {listed}\n)\n"
            f"PARTITIONED BY ({self.quoted(partition)} STRING)\nSTORED AS PARQUET"
        )

    def overwrite(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], query: Query
    ) -> list[str]:
        """One static INSERT OVERWRITE, with its columns in the order of the table."""
        listed = ", ".join(output.expression for output in outputs)
        ctes, select = query.parts()
        head = f"INSERT OVERWRITE TABLE {table} {self._partition(*partition)}"
        # between the two, because Hive refuses INSERT ... WITH
        return [f"{ctes}{head}\nSELECT {listed} FROM (\n{select}\n) written"]

    def empty_partition(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], nothing: Query
    ) -> list[str]:
        """An overwrite with no rows: TRUNCATE is refused on external tables."""
        return self.overwrite(table, partition, outputs, nothing)

    def list_partitions(self, table: str, column: str) -> str:
        """The query to the metastore, not to the data."""
        return f"SHOW PARTITIONS {table}"

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values in texts such as ``run_date=2016-11-22``."""
        return [str(row[0]).partition("=")[2] for row in rows]

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """No statement: Hive reads its metastore for every statement."""
        return []

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """One statement for all."""
        listed = ", ".join(self._partition(column, value) for value in values)
        return [f"ALTER TABLE {table} DROP IF EXISTS {listed}"]

    def list_tables(self, database: str) -> str:
        """The question for the tables of a schema."""
        return f"SHOW TABLES IN {self.quoted(database)}"

    def list_columns(self, database: str, name: str) -> str:
        """The question for the columns of a table."""
        return f"DESCRIBE {self.table(database, name)}"

    def describe_storage(self, database: str, name: str) -> str:
        """The question for how a table is stored."""
        return f"DESCRIBE FORMATTED {self.table(database, name)}"

    def storage(self, rows: Sequence[Row]) -> Storage:
        """What the answer to ``describe_storage`` says."""
        return storage(rows)

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """Two ways: without CASCADE Hive leaves out existing partitions, but Spark has no CASCADE."""
        listed = ", ".join(f"{name} {kind}" for name, kind in columns)
        statement = f"ALTER TABLE {table} ADD COLUMNS ({listed})"
        return [[f"{statement} CASCADE"], [statement]]

    def _partition(self, column: str, value: str) -> str:
        return f"PARTITION ({self.quoted(column)} = '{value}')"

    def empty_table(self, table: str) -> list[str]:
        """TRUNCATE; or, for an external table, which refuses that, an overwrite with no rows."""
        return [
            f"TRUNCATE TABLE {table}",
            f"INSERT OVERWRITE TABLE {table} SELECT * FROM {table} WHERE 1 = 0",
        ]

    def matches(self, text: str, pattern: str) -> str:
        """The condition that a text matches a pattern."""
        return f"{text} RLIKE '{pattern}'"

    def fingerprint(self, expressions: Sequence[str]) -> str:
        """Empty: there is none that every server has."""
        return ""

    def set_aside(self, name: str, query: str) -> str:
        """Never called: not every server and user may make temporary tables."""
        raise NotImplementedError
