"""A site on an engine: a folder with a ``luigi.cfg``, and two tables of its own beside shared sources."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.config import file as configfile
from ciss_luigi.config import settings
from ciss_luigi.operator import check
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import runner
from ciss_luigi.steps.known import Known
from tests.command import PYTHON, Finished, Place, Running
from tests.engines.backends import Backend, Rows
from tests.reference import build, read_tables

COLUMNS = tuple(
    column.name for column in schema.SUMMARY_COLUMNS if column.name not in ("as_of_date", "run_id")
)
SASL = "?auth_mechanism=PLAIN"
"""Hive and Spark, unlike an Impala, want SASL of impyla too."""


@dataclass(frozen=True)
class Where:
    """An engine as the job reaches it: the fixture that starts it, and its kind of URL."""

    name: str
    fixture: str
    scheme: str
    login: str = ""

    def __str__(self) -> str:
        return self.name

    def url(self, server: Any) -> str:
        """How a site reaches it."""
        return f"{self.scheme}://tester@{server.host}:{server.port}/default{self.login}"


DUCKDB = Where("DuckDB", "", "duckdb")
HIVE = Where("Hive by PyHive", "hive", "hive")
HIVE_TRANSACTIONAL = Where("Hive with transactions by PyHive", "hive_transactional", "hive")
SPARK_ANSI = Where("Spark ANSI by PyHive", "spark_ansi", "hive")
SPARK = Where("Spark by PyHive", "spark_plain", "hive")
HIVE_IMPYLA = Where("Hive by impyla", "hive", "impala", SASL)
SPARK_IMPYLA = Where("Spark by impyla", "spark_ansi", "impala", SASL)
SPARK_OFF_IMPYLA = Where("Spark, ANSI off, by impyla", "spark_plain", "impala", SASL)
IMPALA = Where("Impala front", "impala_front", "impala")
"""In the manners of 2.12, or of the version that ``pytest --impala`` names."""

IMPALA_3_4 = Where("Impala front 3.4", "impala_front_3_4", "impala")
IMPALA_4_0 = Where("Impala front 4.0", "impala_front_4_0", "impala")
IMPALA_4_5 = Where("Impala front 4.5", "impala_front_4_5", "impala")
INSERT_ONLY_3_4 = Where("Impala front 3.4, insert-only", "impala_transactional_3_4", "impala")
INSERT_ONLY_4_5 = Where("Impala front 4.5, insert-only", "impala_transactional_4_5", "impala")
IMPALAS = (IMPALA, IMPALA_3_4, IMPALA_4_0, IMPALA_4_5)
ALL = (DUCKDB, HIVE, HIVE_IMPYLA, *IMPALAS, SPARK_ANSI, SPARK_IMPYLA, SPARK, SPARK_OFF_IMPYLA)


class Cluster(Place):
    """A site whose warehouse is a server; its sources are shared, temp and main are its own."""

    def __init__(self, folder: Path, url: str, backend: Backend, database: str) -> None:
        folder.mkdir(parents=True)
        self.folder, self.config, self.state = folder, folder / "luigi.cfg", folder / "state"
        self.backend, self.database, self.url = backend, database, url
        own = "".join(letter if letter.isalnum() else "_" for letter in folder.name.lower())
        self.main_name, self.temp_name = f"main_{own}", f"temp_{own}"
        self._keys = {
            "warehouse_url": url, "database": database, "main_table": self.main_name,
            "temp_table": self.temp_name, "required_sources": "", "retry_wait_seconds": 0.05,
            "orphan_wait_minutes": 0.1,
        }  # fmt: skip
        self._running: list[Running] = []
        self.configure()

    def configure(self, more: str = "", **ciss: object) -> None:
        """Write ``luigi.cfg`` again, with other keys of ``[ciss]`` and more sections."""
        texts = {key: json.dumps(one) if isinstance(one, dict) else one for key, one in ciss.items()}
        super().configure(more, **{**self._keys, **texts})

    @property
    def main_table(self) -> str:
        """Main's full name."""
        return f"{self.database}.{self.main_name}"

    @property
    def temp_table(self) -> str:
        """Temp's full name."""
        return f"{self.database}.{self.temp_name}"

    def quoted(self, name: str) -> str:
        """A table's full name as the job's statements spell it."""
        return ".".join(f"`{part}`" for part in name.split("."))

    def source(self, role: str) -> str:
        """A source table's full name."""
        names = {table.role: table.default_name for table in schema.SOURCES}
        return f"{self.database}.{names[role]}"

    def query(self, *statements: str) -> Rows:
        """Ask or change the tables behind the job's back."""
        return self.backend.query(*statements)

    def site(self) -> Site:
        """The site inside the test's own process."""
        section = configfile.read(self.config)["ciss"]
        return Site(settings.read(section, self.folder, {}), self.config)

    def ciss(self, *arguments: str) -> Finished:
        """Run ``ciss`` to its end; its text without the line breaks of a narrow terminal."""
        environment = {
            "LUIGI_CONFIG_PATH": str(self.config), "HOME": str(self.folder), "PATH": os.defpath,
            "COLUMNS": "1000",
        }  # fmt: skip
        command = [str(PYTHON.with_name("ciss")), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return Finished(done.returncode, done.stdout + done.stderr)

    def check(self) -> Finished:
        """``ciss check`` in the test's own process: its exit code, and each finding with its remedy."""
        report = check.run(self.site)
        return Finished(report.exit_code, "\n".join(f"{one.text} {one.remedy}" for one in report.findings))

    def perform(self, date: str, *steps: Step, known: Known | None = None) -> None:
        """Some steps, or all, in the test's own process, as steps of one command."""
        here, when, command = self.site(), RunDate.parse(date), uuid.uuid4().hex
        for step in steps or Step:
            runner.perform(here, when, step, tell=lambda text: None, command=command, known=known)

    def rows(self, *months: str, column: str = "month_year") -> list[tuple[str, ...]]:
        """Some months of main as texts, in order."""
        listed = ", ".join(f"'{month}'" for month in months)
        statement = (
            f"SELECT {column}, {', '.join(COLUMNS)} FROM {self.main_table} WHERE {column} IN ({listed})"
        )
        return sorted(tuple(as_text(value) for value in row) for row in self.query(statement))

    def signatures(self) -> Rows:
        """Which run wrote which month of main."""
        return sorted(self.query(f"SELECT DISTINCT month_year, as_of_date FROM {self.main_table}"))


def as_text(value: object) -> str:
    """A value as ``expected`` writes it."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def months_of(date: str) -> list[str]:
    """The months in scope of a date."""
    return [str(month) for month in RunDate.parse(date).months_in_scope(5)]


def expected(data: Path, date: str) -> list[tuple[str, ...]]:
    """What the reference says of a date's months."""
    rows = (row.texts() for row in build(read_tables(data), months_of(date), 1))
    return sorted((row["month_year"], *(row[name] for name in COLUMNS)) for row in rows)
