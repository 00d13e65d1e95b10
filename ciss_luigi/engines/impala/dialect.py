"""Statements as Impala spells them: like Hive's, except for partitions and metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ciss_luigi.engines.base import Row, plain_literal
from ciss_luigi.engines.hive.dialect import HiveDialect


class ImpalaDialect(HiveDialect):
    """Statements as Impala spells them: like Hive's, except for partitions and metadata."""

    def text(self, value: str) -> str:
        """The text in quotes; if engines could read it in different ways, as its UTF-8 bytes."""
        return plain_literal(value) or f"CAST(unhex('{value.encode().hex()}') AS STRING)"

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values of partitions that hold a file; the last row is a total.

        The partitions of an insert-only table cannot be dropped, so an empty one counts as gone. Hive, behind
        impyla in tests, answers only name and value.
        """
        held = [row for row in rows if str(row[0]) != "Total" and not _is_empty(row)]
        return [str(row[0]).rpartition("=")[2] for row in held]

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """One statement that reads the files of a partition, or of the whole table, again."""
        clause = f" {self._partition(*partition)}" if partition else ""
        return [f"REFRESH {table}{clause}"]

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """One statement for each value: Impala accepts no list of PARTITION clauses, 2.7 none of values."""
        return [f"ALTER TABLE {table} DROP IF EXISTS {self._partition(column, value)}" for value in values]

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """One statement; Impala knows no CASCADE."""
        listed = ", ".join(f"{name} {kind}" for name, kind in columns)
        return [[f"ALTER TABLE {table} ADD COLUMNS ({listed})"]]


_SIZE = re.compile(r"[\d.]+ ?[KMGTP]?B")


def _is_empty(row: Row) -> bool:
    """Whether a row of SHOW PARTITIONS says that a partition is empty; its first size is the data's."""
    sizes = [str(cell) for cell in row[1:] if _SIZE.fullmatch(str(cell))]
    return sizes[:1] == ["0B"]
