"""The embedded warehouse of a bench: a DuckDB file, and a client of our own beside the job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ciss_luigi.engines.base import Row
from tests.reference import Cell, SourceTable


class DuckFile:
    """A DuckDB file that is kept open between the job's sessions.

    The job opens and closes its own connections as always; only the file's opening, which is most of the
    cost of a run on a few rows, is paid once.
    """

    url = "duckdb:///warehouse.duckdb"

    def __init__(self, folder: Path) -> None:
        from sqlalchemy import URL, create_engine
        from sqlalchemy.pool import NullPool

        where = URL.create("duckdb", database=str(folder / "warehouse.duckdb"))
        connection = create_engine(where, poolclass=NullPool).connect()
        self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")

    def query(self, statement: str) -> list[Row]:
        """Ask, or change: what the statement returns, if anything."""
        result = self._connection.exec_driver_sql(statement)
        return [tuple(row) for row in result.fetchall()] if result.returns_rows else []

    def replace(self, table: str, columns: Sequence[tuple[str, str]], rows: SourceTable) -> None:
        """Make a table again, of columns given as (name, type), with these rows."""
        listed = ", ".join(f"{name} {kind}" for name, kind in columns)
        self.query(f"CREATE OR REPLACE TABLE {table} ({listed})")
        self.add(table, [name for name, _ in columns], rows)

    def add(self, table: str, names: Sequence[str], rows: SourceTable) -> None:
        """Add rows to a table; a cell is text, whatever its column is, or None for NULL."""
        for start in range(0, len(rows), _BATCH):
            listed = ", ".join(_row(row[name] for name in names) for row in rows[start : start + _BATCH])
            self.query(f"INSERT INTO {table} ({', '.join(names)}) VALUES {listed}")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


_BATCH = 1000


def _row(cells: Iterable[Cell]) -> str:
    return f"({', '.join(map(_literal, cells))})"


def _literal(cell: Cell) -> str:
    """A text as DuckDB writes it: only the quote is special, and NUL cannot stand in a statement.

    (Parameters would do, were their conversion not most of the cost of a small table.)
    """
    if cell is None:
        return "NULL"
    parts = [part.replace("'", "''") for part in cell.split("\0")]
    return f"""('{"' || chr(0) || '".join(parts)}')"""
