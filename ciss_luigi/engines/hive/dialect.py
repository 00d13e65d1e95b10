"""Statements as Hive and Spark spell them; partitions are static, always."""

from __future__ import annotations

from collections.abc import Sequence

from ciss_luigi.engines.base import Output, Row
from ciss_luigi.sql.files import Query


class HiveDialect:
    """Statements as Hive and Spark spell them; partitions are static, always."""

    positional = True
    count_type = "DECIMAL(19,0)"

    def create_database(self, database: str) -> str:
        """Make the schema if it is absent."""
        return f"CREATE DATABASE IF NOT EXISTS {database}"

    def create_table(self, name: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """Make a partitioned Parquet table if it is absent."""
        listed = ",\n    ".join(f"{column} {kind}" for column, kind in columns)
        return (
            f"CREATE TABLE IF NOT EXISTS {name} (\n    {listed}\n)\n"
            f"PARTITIONED BY ({partition} STRING)\nSTORED AS PARQUET"
        )

    def overwrite(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], query: Query
    ) -> list[str]:
        """One static INSERT OVERWRITE, its columns in the order of the table."""
        listed = ", ".join(output.expression for output in outputs)
        named = Query(query.ctes, f"SELECT {listed} FROM (\n{query.select}\n) written")
        return [
            named.with_head(f"INSERT OVERWRITE TABLE {table} PARTITION ({partition[0]} = '{partition[1]}')")
        ]

    def empty_partition(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], nothing: Query
    ) -> list[str]:
        """Overwrite the partition by no rows: TRUNCATE is refused on external tables."""
        return self.overwrite(table, partition, outputs, nothing)

    def list_partitions(self, table: str, column: str) -> str:
        """Ask the metastore, not the data."""
        return f"SHOW PARTITIONS {table}"

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values out of ``run_date=2016-11-22``."""
        return [str(row[0]).partition("=")[2] for row in rows]

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """Nothing: Hive reads its metastore anew for every statement."""
        return []

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """One statement for all."""
        listed = ", ".join(f"PARTITION ({column} = '{value}')" for value in values)
        return [f"ALTER TABLE {table} DROP IF EXISTS {listed}"]

    def list_tables(self, database: str) -> str:
        """Ask for the tables of a schema."""
        return f"SHOW TABLES IN {database}"

    def list_columns(self, database: str, table: str) -> str:
        """Ask for the columns of a table."""
        return f"DESCRIBE {database}.{table}"

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """One statement; without CASCADE Hive leaves out the partitions that are there, Spark knows none."""
        listed = ", ".join(f"{name} {kind}" for name, kind in columns)
        statement = f"ALTER TABLE {table} ADD COLUMNS ({listed})"
        return [[f"{statement} CASCADE"], [statement]]
