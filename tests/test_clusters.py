"""The literal command on a real server: one month and two, to the last digit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi import schema
from ciss_luigi.rundate import RunDate
from tests.command import LUIGI
from tests.reference import build, read_tables

pytestmark = [pytest.mark.server, pytest.mark.slow]

TOP = Path(__file__).resolve().parents[1]
SAMPLE = TOP / "ciss_luigi" / "sample"
SHARED = TOP.parent / "shared"
MAIN = "mnaas.customer_invoice_summary_estimated"
COLUMNS = tuple(
    column.name for column in schema.SUMMARY_COLUMNS if column.name not in ("as_of_date", "run_id")
)


@pytest.fixture(scope="module", params=["hive"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server with the source tables, and a folder with a luigi.cfg that points at it."""
    fixture, scheme = {"impyla on hive": ("hive", "impala")}.get(request.param, (request.param, "hive"))
    server = request.getfixturevalue(fixture)
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), server.host, server.port, scheme)
    cluster.load(SAMPLE)
    yield cluster
    cluster.query("DROP DATABASE IF EXISTS mnaas CASCADE")


class Cluster:
    """A site on a server that speaks HiveServer2's protocol."""

    def __init__(self, folder: Path, host: str, port: int, scheme: str) -> None:
        self.folder = folder
        self._host, self._port = host, port
        login = "?auth_mechanism=PLAIN" if scheme == "impala" else ""  # Hive behind impyla wants SASL
        lines = [
            "[ciss]", f"warehouse_url = {scheme}://tester@{host}:{port}/default{login}",
            "required_sources =", "state_dir = state", "retry_wait_seconds = 0.1",
            "orphan_wait_minutes = 0.1", "[core]", "log_level = INFO", "",
        ]  # fmt: skip
        (folder / "luigi.cfg").write_text("\n".join(lines))

    def query(self, *statements: str) -> list[tuple[Any, ...]]:
        """Send statements by PyHive; the rows of the last one."""
        from pyhive import hive

        with closing(hive.connect(self._host, port=self._port, username="tester")) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def load(self, folder: Path) -> None:
        """Load CSV files: DuckDB reads them and writes Parquet, the server takes the files over."""
        self.query("DROP DATABASE IF EXISTS mnaas CASCADE", "CREATE DATABASE mnaas")
        warehouse = self.folder / "load.duckdb"
        warehouse.unlink(missing_ok=True)
        (self.folder / "load.cfg").write_text("[ciss]\nwarehouse_url = duckdb:///load.duckdb\n")
        ciss = str(Path(sys.executable).with_name("ciss"))
        environment = {
            "LUIGI_CONFIG_PATH": str(self.folder / "load.cfg"),
            "HOME": str(self.folder),
            "PATH": "/usr/bin",
        }
        away = self.folder / "away"
        away.mkdir(exist_ok=True)
        subprocess.run(
            [ciss, "load", str(folder)], cwd=away, env=environment, check=True, capture_output=True
        )
        for table in schema.SOURCES:
            self._load_table(warehouse, table)

    def _load_table(self, warehouse: Path, table: schema.Table) -> None:
        import duckdb

        name = f"mnaas.{table.default_name}"
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        partitioned = f" PARTITIONED BY ({table.partitions[0].name} STRING)" if table.partitions else ""
        self.query(f"CREATE TABLE {name} ({columns}){partitioned} STORED AS PARQUET")
        listed = ", ".join(column.name for column in table.columns)
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            for clause, where in _parts(connection, table):
                file = self.folder / "part.parquet"
                connection.execute(f"COPY (SELECT {listed} FROM {name}{where}) TO '{file}' (FORMAT parquet)")
                self.query(f"LOAD DATA LOCAL INPATH '{file}' OVERWRITE INTO TABLE {name}{clause}")

    def luigi(self, date: str) -> tuple[int, str]:
        """Run the command to its end."""
        finished = subprocess.run(
            self._command(date), cwd=self.folder, capture_output=True, text=True, check=False
        )
        return finished.returncode, finished.stdout + finished.stderr

    def start(self, date: str) -> subprocess.Popen[bytes]:
        """Only start it, in a session of its own."""
        silent = subprocess.DEVNULL
        return subprocess.Popen(
            self._command(date), cwd=self.folder, stdout=silent, stderr=silent, start_new_session=True
        )

    def _command(self, date: str) -> list[str]:
        return [str(LUIGI), "--module", "ciss_luigi", "MergeMain", "--date", date, "--local-scheduler"]

    def main(self, *months: str) -> list[tuple[str, ...]]:
        """Some months of main as texts, in order."""
        listed = ", ".join(f"'{month}'" for month in months)
        rows = self.query(
            f"SELECT month_year, {', '.join(COLUMNS)} FROM {MAIN} WHERE month_year IN ({listed})"
        )
        return sorted(tuple(_text(value) for value in row) for row in rows)

    def forget(self) -> None:
        """As if nothing had run: no main, no markers."""
        import shutil

        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self.query(f"DROP TABLE IF EXISTS {MAIN}")


def _parts(connection: Any, table: schema.Table) -> list[tuple[str, str]]:
    if not table.partitions:
        return [("", "")]
    column = table.partitions[0].name
    values = connection.execute(f"SELECT DISTINCT {column} FROM mnaas.{table.default_name}").fetchall()
    return [(f" PARTITION ({column} = '{value}')", f" WHERE {column} = '{value}'") for (value,) in values]


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _months(date: str) -> list[str]:
    return [str(month) for month in RunDate.parse(date).months_in_scope(5)]


def _expected(folder: Path, date: str) -> list[tuple[str, ...]]:
    rows = (row.texts() for row in build(read_tables(folder), _months(date), 1))
    return sorted((row["month_year"], *(row[name] for name in COLUMNS)) for row in rows)


@pytest.mark.parametrize("date", ["2016-11-22", "2017-01-03"])
def test_the_sample_equals_the_reference(site: Cluster, date: str) -> None:
    site.forget()

    code, text = site.luigi(date)

    assert code == 0, text
    assert site.main(*_months(date)) == _expected(SAMPLE, date)
    assert site.luigi(date)[0] == 0
