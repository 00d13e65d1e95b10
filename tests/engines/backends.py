"""Where tables are: a DuckDB file or a server. What tests do there beside the job, on roads of their own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from ciss_luigi.billing import schema
from tests.command import PYTHON
from tests.servers.clients import Address

Rows = list[tuple[Any, ...]]


class Backend(Protocol):
    """A place of tables."""

    def query(self, *statements: str) -> Rows:
        """Send statements; the rows of the last one."""

    def copied(self, name: str, select: str) -> None:
        """Make a table out of a query."""


class DuckFile:
    """A DuckDB file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def query(self, *statements: str) -> Rows:
        """Send statements; the rows of the last one."""
        import duckdb

        with duckdb.connect(str(self.file)) as connection:
            for statement in statements:
                connection.execute(statement)
            return connection.fetchall()

    def copied(self, name: str, select: str) -> None:
        """Make a table out of a query."""
        self.query(f"CREATE TABLE {name} AS {select}")


class Server:
    """A real server behind whatever the job speaks to; asked by PyHive."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def query(self, *statements: str) -> Rows:
        """Send statements; the rows of the last one."""
        from pyhive import hive

        host, port = self._address.host, self._address.port
        with closing(hive.connect(host, port=port, username="tester")) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def copied(self, name: str, select: str) -> None:
        """Make a table out of a query."""
        self.query(f"CREATE TABLE {name} STORED AS PARQUET AS {select}")

    def load(self, warehouse: Path, database: str, scratch: Path) -> None:
        """Take the source tables of a DuckDB file over, as Parquet; a schema that is there has them already.

        Tests of more than one folder share a server, each folder with fixtures of its own.
        """
        if (database,) in self.query("SHOW DATABASES"):
            return
        statements = [f"CREATE DATABASE {database}"]
        for table in schema.SOURCES:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            partitioned = f" PARTITIONED BY ({table.partitions[0].name} STRING)" if table.partitions else ""
            name = f"{database}.{table.default_name}"
            statements.append(f"CREATE TABLE {name} ({columns}){partitioned} STORED AS PARQUET")
            for file, clause in _files(warehouse, table, scratch):
                statements.append(f"LOAD DATA LOCAL INPATH '{file}' OVERWRITE INTO TABLE {name}{clause}")
        self.query(*statements)


def _files(warehouse: Path, table: schema.Table, scratch: Path) -> Iterator[tuple[Path, str]]:
    import duckdb

    listed = ", ".join(column.name for column in table.columns)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for number, (clause, where) in enumerate(_parts(connection, table)):
            file = scratch / f"{table.role}{number}.parquet"
            rows = f"SELECT {listed} FROM mnaas.{table.default_name}{where}"
            connection.execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
            yield file, clause


def _parts(connection: Any, table: schema.Table) -> list[tuple[str, str]]:
    if not table.partitions:
        return [("", "")]
    column = table.partitions[0].name
    values = connection.execute(f"SELECT DISTINCT {column} FROM mnaas.{table.default_name}").fetchall()
    return [(f" PARTITION ({column} = '{value}')", f" WHERE {column} = '{value}'") for (value,) in values]


def duck_of(data: Path, folder: Path) -> Path:
    """The CSV files of a folder in a DuckDB file, by the job's own ``ciss load``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "load.cfg").write_text("[ciss]\nwarehouse_url = duckdb:///load.duckdb\n")
    environment = {
        "LUIGI_CONFIG_PATH": str(folder / "load.cfg"), "HOME": str(folder), "PATH": "/usr/bin:/bin"
    }  # fmt: skip
    ciss = str(PYTHON.with_name("ciss"))
    away = folder / "away"
    away.mkdir()
    subprocess.run([ciss, "load", str(data)], cwd=away, env=environment, check=True, capture_output=True)
    return folder / "load.duckdb"


def copy_of(warehouse: Path, file: Path) -> DuckFile:
    """A DuckDB file of a test's own."""
    shutil.copy(warehouse, file)
    return DuckFile(file)
