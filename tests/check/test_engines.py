"""Whether the engines answer, and are what a run needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ciss_luigi.operator.checks.findings import Level
from tests.check.looking import found, run_in_a_process, texts
from tests.sample import Make

pytestmark = pytest.mark.whole


def test_an_absent_file_is_a_fault_and_is_not_made(make: Make, tmp_path: Path) -> None:
    report = found(make(loaded=False), "2017-01-20")
    (fault,) = report.of(Level.FAULT)
    assert (report.exit_code, fault.remedy) == (1, "ciss load DIR")
    assert not (tmp_path / "var" / "ciss.duckdb").exists()


def test_a_file_that_is_no_warehouse_is_an_engine_away(make: Make, tmp_path: Path) -> None:
    here = make()
    (tmp_path / "var" / "ciss.duckdb").write_bytes(b"no database " * 4096)
    report = found(here)
    assert report.exit_code == 35
    assert "is another kind of file, not a database of DuckDB" in texts(report, Level.FAULT)[0]


def test_a_file_in_use_is_an_engine_away_that_is_named(make: Make, tmp_path: Path) -> None:
    import duckdb

    here = make()
    with duckdb.connect(here.settings.warehouse.place):
        result = run_in_a_process(
            tmp_path,
            "from ciss_luigi.engines.duckdb.engine import DuckDbEngine",
            "DuckDbEngine.__init__.__kwdefaults__['open_wait_seconds'] = 0.5",
        )
    assert result.returncode == 35
    assert "ciss.duckdb is in use by another program" in result.stdout
    assert f"(pid {os.getpid()})" in result.stdout


def test_a_server_that_is_away_is_named_beside_one_that_answers(make: Make) -> None:
    here = make(warehouse_url="hive://127.0.0.1:9/x", retries=0)
    report = found(here)
    assert report.exit_code == 35
    assert texts(report, Level.FAULT)[0].startswith("Hive: ")


def test_a_warehouse_that_may_not_be_written_is_a_fault(make: Make) -> None:
    report = found(make(connect_args='{"read_only": true}'))
    assert report.exit_code == 1
    assert texts(report, Level.FAULT)[0].startswith("tables of mnaas cannot be made and written: DuckDB: ")
    assert "read-only" in texts(report, Level.FAULT)[0]


def test_rules_that_the_engine_refuses_are_a_fault_and_are_not_run(make: Make, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    text = "SELECT orgid FROM {billable} WHERE partition_date IN ({months})"
    (tmp_path / "rules" / "build.sql").write_text(text)
    report = found(make(sql_dir="rules"))
    assert report.exit_code == 1
    (fault,) = report.of(Level.FAULT)
    assert fault.text.startswith(f"{tmp_path / 'rules' / 'build.sql'}: DuckDB: Binder Error")
    assert "orgid" in fault.text


def test_rules_that_lack_an_output_column_are_a_fault(make: Make, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "build.sql").write_text("SELECT org_id, '2017-01' AS month_year FROM {billable};")
    report = found(make(sql_dir="rules"))
    assert "org_name" in texts(report, Level.FAULT)[0]
