"""Statements about tables that Impala answers in its own form: REFRESH, SHOW PARTITIONS, DESCRIBE."""

from __future__ import annotations

from typing import Any

from tests.servers.impalasession import BackendError, ImpalaError, Session
from tests.servers.impalasql import Sql, table_name
from tests.servers.thriftwire import table, texts

_NOT_FOUND = ("Table not found", "TABLE_OR_VIEW_NOT_FOUND", "NoSuchTable", "cannot be found")
_STATISTICS = ("#Rows", "#Files", "Size", "Bytes Cached", "Cache Replication", "Format", "Incremental stats")


def full_name(session: Session, name: str) -> str:
    """Give a table's name with its database."""
    return name if "." in name else f"{session.database}.{name}"


def quoted(name: str) -> str:
    """Give a name as Hive takes it, whatever words it is made of."""
    return ".".join(f"`{part}`" for part in name.split("."))


def refresh(session: Session, sql: Sql) -> None:
    """Check a REFRESH as Impala's analysis does; the partition itself need not exist."""
    written, after = table_name(sql, 1)
    name = full_name(session, written)
    _, partition_columns = _columns(session, name)
    if after >= len(sql.tokens) or sql.words[after] != "PARTITION":
        return
    inside = range(after + 2, sql.closer(after + 1))
    named = [sql.tokens[index - 1].name for index in inside if sql.words[index] == "="]
    if not partition_columns:
        raise ImpalaError(f"AnalysisException: Table is not partitioned: {name}")
    twice = next((one for one in named if named.count(one) > 1), "")
    if twice:
        raise ImpalaError(f"AnalysisException: Duplicate partition key name: {twice}")
    if len(named) != len(partition_columns):
        counts = f"({len(named)} vs {len(partition_columns)})"
        raise ImpalaError(
            "AnalysisException: Items in partition spec must exactly match the partition columns in the "
            f"table definition: {name} {counts}"
        )
    for one in named:
        if one.lower() not in partition_columns:
            raise ImpalaError(f"AnalysisException: Column '{one}' is not a partition column in table: {name}")


def show_partitions(session: Session, sql: Sql) -> tuple[Any, Any]:
    """Give one row for each partition, the keys in columns of their own, and a row of totals."""
    name = full_name(session, table_name(sql, 2)[0])
    _, keys = _columns(session, name)
    if not keys:
        raise ImpalaError(f"AnalysisException: Table is not partitioned: {name}")
    specs = [row[0] for row in texts(session.query(f"SHOW PARTITIONS {quoted(name)}"))]
    statistics = ["-1", "1", "0B", "NOT CACHED", "NOT CACHED", "PARQUET", "false"]
    rows = [[*(part.partition("=")[2] for part in spec.split("/")), *statistics, spec] for spec in specs]
    total = ["Total", *[""] * (len(keys) - 1), "-1", str(len(specs)), "0B", "0B", "", "", "", ""]
    return table([*keys, *_STATISTICS, "Location"], [*rows, total])


def describe(session: Session, sql: Sql) -> tuple[Any, Any]:
    """Give the columns with the partition's last, and nothing below them."""
    columns, _ = _columns(session, full_name(session, table_name(sql, 1)[0]))
    return table(("name", "type", "comment"), columns)


def _columns(session: Session, name: str) -> tuple[list[list[str]], list[str]]:
    """Ask the real server for a table's columns, and which of them are the partition's."""
    try:
        rows = texts(session.query(f"DESCRIBE {quoted(name)}"))
    except BackendError as error:
        if any(text in str(error) for text in _NOT_FOUND):
            raise ImpalaError(f"AnalysisException: Table does not exist: {name}") from error
        raise
    rows = [[cell.strip() for cell in row] for row in rows]
    names = [row[0] for row in rows]
    end = next((i for i, one in enumerate(names) if not one or one.startswith("#")), len(rows))
    columns, below = rows[:end], rows[end:]
    partition = [row[0].lower() for row in below if row[0] and not row[0].startswith("#")]
    missing = [row for row in below if row[0].lower() in partition and row[0] not in names[:end]]
    return columns + missing, partition
