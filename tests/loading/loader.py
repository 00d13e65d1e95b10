"""A warehouse with something in every table, and a folder to load into it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.billing import schema
from ciss_luigi.engines.base import Session
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from ciss_luigi.loading import FileFate, LoadedTable, LoadError, load_folder

DATABASE = "mnaas"
NAMES = {table.role: table.default_name for table in schema.SOURCES}
COLUMNS = {table.role: [column.name for column in table.all_columns] for table in schema.SOURCES}
RATES = "cal_month,from_curr,to_curr,avg_conv_rate"


@dataclass
class Warehouse:
    """One open session and one folder."""

    session: Session
    folder: Path

    def put(self, role: str, content: str | bytes, suffix: str = ".csv") -> Path:
        """Write the file of a role."""
        path = self.folder / (NAMES[role] + suffix)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if suffix == ".csv.gz" else data)
        return path

    def load(self, *roles: str, odd_rows: bool = True) -> list[LoadedTable]:
        """Load the folder, or the tables of some roles only, which is faster; the tables that changed.

        Most tests are about the form of a file, not about months and dates.
        """
        names = {role: NAMES[role] for role in roles or NAMES}
        loaded = load_folder(self.session, DATABASE, names, self.folder, odd_rows=odd_rows)
        return [table for table in loaded if table.fate is not FileFate.KEPT]

    def refused(self, *, odd_rows: bool = True) -> LoadError:
        """Load the folder, which must fail and leave every table as it was."""
        before = self.contents()
        with pytest.raises(LoadError) as caught:
            self.load(odd_rows=odd_rows)
        assert self.contents() == before
        error = caught.value
        assert error.state == "nothing of this load was kept"
        assert error.next_command == f"{error.advice}, then the same command again"
        assert error.exit_code == 1
        assert all(line.isprintable() for line in str(error).split("\n"))
        return error

    def clear(self) -> None:
        """Empty the folder."""
        for path in self.folder.iterdir():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def rows(self, role: str) -> list[tuple[Any, ...]]:
        """The rows of a table, columns in the schema's order, sorted by their text."""
        listed = ", ".join(COLUMNS[role])
        return sorted(self.session.query(f"SELECT {listed} FROM {DATABASE}.{NAMES[role]}"), key=repr)

    def tables(self) -> frozenset[str]:
        """The tables that are there."""
        return self.session.tables(DuckDbEngine.dialect.list_tables(DATABASE), ())

    def columns(self, role: str) -> list[tuple[str, str]]:
        """Name and type of a table's columns."""
        return self.session.columns(DuckDbEngine.dialect.list_columns(DATABASE, NAMES[role]))

    def contents(self) -> dict[str, list[str]]:
        """The rows of all tables that are there, as text; one statement, for many tests ask."""
        names = self.tables()
        there = {role: name for role, name in NAMES.items() if name in names}
        selects = [
            f"SELECT '{role}', CAST(t AS VARCHAR) FROM {DATABASE}.{name} t" for role, name in there.items()
        ]
        rows = self.session.query(" UNION ALL ".join(selects)) if selects else []
        return {role: sorted(text for of, text in rows if of == role) for role in there}


@contextmanager
def warehouse(folder: Path, *, filled: bool = True) -> Iterator[Warehouse]:
    """Open a new warehouse; if filled, with one row of ones in every table."""
    files = folder / "files"
    files.mkdir(parents=True)
    with DuckDbEngine(folder / "ciss.duckdb").session() as session:
        opened = Warehouse(session, files)
        if filled:
            for role, columns in COLUMNS.items():
                opened.put(role, csv_text(columns, [["1"] * len(columns)]))
            opened.load()
            opened.clear()
        yield opened


def csv_text(
    columns: Sequence[str], rows: Iterable[Sequence[str]], line_end: str = "\n", quoting: int = 0
) -> str:
    """A CSV as Python's csv module writes it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def rates(*lines: str) -> str:
    """A file of rates with some lines."""
    return "".join(line + "\n" for line in (RATES, *lines))


def billable(**values: str) -> list[str]:
    """One record of the billable table, with some values."""
    row = dict.fromkeys(COLUMNS["billable"], "x") | {"billable_subs": "1", "charge": "1"} | values
    return list(row.values())
