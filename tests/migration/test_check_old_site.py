"""``ciss check`` names what a site of the old job must know."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ciss_luigi.engines.base import Row
from ciss_luigi.operator.checks import oldjob
from ciss_luigi.operator.checks.findings import Findings, Group, Level
from tests.command import MAIN, TEMP, Place
from tests.helpers import Answer, typed
from tests.migration.javasite import section


def check(place: Place) -> Answer:
    return typed(place.folder, "check")


def old_tables(place: Place, month: str = "month_year") -> None:
    for table in (TEMP, MAIN):
        place.query(f"CREATE TABLE mnaas.{table} (org VARCHAR, {month} VARCHAR)")


def test_classes_program_and_properties_are_looked_for(place: Place, tmp_path: Path) -> None:
    old_tables(place)
    with zipfile.ZipFile(tmp_path / "loader.jar", "w") as jar:
        jar.writestr("made/temp.class", b"")
    place.configure(section(f"{tmp_path}/*", java="no-such-java"), loader="java")
    answer = check(place).expect(40, "made.temp is on the class path", "there is no program no-such-java")
    assert "[ciss_java] main_class: made.merge is nowhere on the class path" in answer.out
    assert f"[ciss_java] properties_file: {place.folder}/old.properties cannot be read" in answer.out
    assert "are the Java classes' own: only their rows are counted" in answer.out
    assert "has no column run_date" not in answer.out


def test_where_the_classes_run_and_log_is_looked_at(place: Place, tmp_path: Path) -> None:
    old_tables(place)
    nowhere = section(str(tmp_path), log_file="nowhere/old.log", working_dir="gone")
    place.configure(nowhere, loader="java")
    answer = check(place)
    assert f"[ciss_java] log_file: {place.folder}/nowhere/old.log cannot be written" in answer.out
    assert f"[ciss_java] working_dir: there is no folder {place.folder}/gone" in answer.out
    place.configure(section(str(tmp_path)), loader="java")
    assert "log_file" not in check(place).out
    assert "working_dir" not in check(place).out


def test_a_month_column_of_another_name_is_named(place: Place, tmp_path: Path) -> None:
    old_tables(place, month="bill_month")
    place.configure(section(str(tmp_path)), loader="java")
    assert "set [ciss] month_partition to one of org, bill_month" in check(place).out
    place.configure(section(str(tmp_path)), loader="java", month_partition="bill_month")
    assert "month_partition" not in check(place).out


def test_tables_that_the_classes_need_are_missed(place: Place, tmp_path: Path) -> None:
    place.configure(section(str(tmp_path)), loader="java")
    assert f"there is no table mnaas.{MAIN}, which the Java classes write" in check(place).out


@pytest.mark.parametrize("odd", [".", "/dev/null", "/dev/zero"])
def test_a_status_file_that_is_none_is_no_matter_of_rights(place: Place, odd: str) -> None:
    place.configure(f"[ciss_legacy]\nstatus_file = {odd}")
    answer = check(place).expect(0, "cannot be read: is not a plain file", "name the old job's status file")
    assert "that right" not in answer.out


@pytest.mark.parametrize("what", ["a folder", "no folder"])
def test_a_status_file_that_cannot_be_written_is_a_warning(place: Place, what: str) -> None:
    name = {"a folder": ".", "no folder": "nowhere/status"}[what]
    place.configure(f"[ciss_legacy]\nstatus_file = {name}")
    answer = check(place).expect(0, "warning  [ciss_legacy] status_file: ")
    assert {"a folder": "cannot be", "no folder": f"there is no folder {place.folder}/nowhere"}[
        what
    ] in answer.out


def test_a_status_file_that_can_be_written_is_said(place: Place) -> None:
    place.configure("[ciss_legacy]\nstatus_file = status")
    check(place).expect(0, f"{place.folder}/status can be written")


class _Table:
    """A session whose table is described so: Iceberg has nothing for the Spark and Hive of these tests."""

    def __init__(self, *rows: Row) -> None:
        self._rows = rows

    def query(self, statement: str) -> list[Row]:
        assert "DESCRIBE FORMATTED `mnaas`.`main`" in statement
        return list(self._rows)


@contextmanager
def described(*rows: Row) -> Iterator[list[str]]:
    report = Findings()
    dialect = SimpleNamespace(positional=True, table=lambda database, name: f"`{database}`.`{name}`")
    settings = SimpleNamespace(database="mnaas", main_table="main", main="mnaas.main")
    statements: Any = SimpleNamespace(dialect=dialect, settings=settings)
    session: Any = _Table(*rows)
    oldjob.check_iceberg(Group(report, "tables"), session, statements)
    yield [finding.text for finding in report.of(Level.WARNING)]


SPARK = (
    ("org", "string", None),
    ("month_year", "string", None),
    ("# Partition Information", "", ""),
    ("# Detailed Table Information", "", ""),
    ("Name", "spark_catalog.mnaas.main", ""),
    ("Type", "MANAGED", ""),
    ("Location", "file:/warehouse/mnaas.db/main", ""),
    ("Provider", "iceberg", ""),
    ("Table_type", "EXTERNAL", ""),
    ("Table Properties", "[format=iceberg/parquet,format-version=2]", ""),
)
"""From what Spark 4.1 answered for a table of Iceberg 1.12, in the session catalog and in a Hadoop one."""

HIVE = (
    ("org", "string", ""),
    ("Table Type:         ", "EXTERNAL_TABLE      ", None),
    ("", "table_type          ", "ICEBERG             "),
    ("", "storage_handler     ", "org.apache.iceberg.mr.hive.HiveIcebergStorageHandler"),
)
"""Written by hand: the Hive of these tests has no Iceberg handler, so no server gave these rows.

Their names, values and padding are those that Hive's own tests of Iceberg tables expect.
"""


@pytest.mark.parametrize(
    "rows", [SPARK, HIVE, HIVE[:3], HIVE[3:]], ids=["Spark", "Hive", "its type", "its handler"]
)
def test_an_iceberg_main_is_named(rows: tuple[Row, ...]) -> None:
    with described(*rows) as found:
        assert found == [
            "mnaas.main is an Iceberg table: some servers refuse INSERT OVERWRITE ... PARTITION there"
        ]


def test_the_word_in_a_path_or_a_comment_makes_no_iceberg_table() -> None:
    with described(
        ("org", "string", "moved from the iceberg table"),
        ("table_type", "string", "native or iceberg"),
        ("Location:           ", "hdfs://warehouse/iceberg/main", None),
        ("Table Type:         ", "MANAGED_TABLE       ", None),
        ("", "comment             ", "the successor of the iceberg table"),
        ("Provider", "parquet", ""),
    ) as found:
        assert found == []
