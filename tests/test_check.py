"""``ciss check`` finds what a run would end at, before it is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ciss_luigi import site
from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.cli.group import ciss as ciss_group
from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.operator import check
from ciss_luigi.operator.checks.findings import Level, Report
from ciss_luigi.operator.checks.sources import spans
from ciss_luigi.operator.checks.tables import can_hold, can_read
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import runner
from tests.helpers import typed
from tests.sample import MAIN, change, make_sample, make_site

pytestmark = pytest.mark.whole

TEMP = f"{MAIN}_temp"
OVERAGE = "mnaas.usage_overage_charge"
REGISTER = "mnaas.sebs_chn_dtl_invce_reg"
RATE = "mnaas.gbs_curr_avgconv_rate"
ANY = {"required_sources": "register"}

Make = Callable[..., Site]
Ciss = Callable[..., Result]


@pytest.fixture(scope="module")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample") / "ciss.duckdb")


@pytest.fixture
def make(tmp_path: Path, sample_file: Path) -> Make:
    return partial(make_site, tmp_path, sample_file)


@pytest.fixture
def ciss(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ciss]:
    """``ciss check`` in the folder of the site, in this process."""
    monkeypatch.chdir(tmp_path)
    site.current.cache_clear()
    yield lambda *arguments: CliRunner().invoke(ciss_group, ["check", *arguments])
    site.current.cache_clear()


def found(here: Site, date: str | None = None) -> Report:
    """What is found; whatever it is, a fault says what to do about it."""
    report = check.run(lambda: here, RunDate.parse(date) if date else None)
    assert all(finding.remedy for finding in report.of(Level.FAULT))
    return report


def texts(report: Report, level: Level) -> list[str]:
    return [finding.text for finding in report.of(level)]


def run(here: Site, date: str, until: Step = Step.MERGE) -> None:
    for step in list(Step)[: list(Step).index(until) + 1]:
        runner.perform(here, RunDate.parse(date), step, tell=lambda _: None)


def kinds(report: Report) -> set[Level]:
    return {finding.level for finding in report.findings}


# --- nothing wrong ------------------------------------------------------------------------------------


def test_a_site_without_faults_is_told_so_group_by_group(make: Make, ciss: Ciss) -> None:
    run(make(), "2016-11-22")
    result = ciss("--date", "2016-11-23")
    assert result.exit_code == 0
    heads = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert heads == [
        "configuration", "state", "room", "alerts", "engine", "tables", "sources", "billing rules",
        "run of 2016-11-23", "no faults, no warnings",
    ]  # fmt: skip
    assert "v1." in result.stdout
    assert "2016-11 4 rows, 2016-12 3 rows, 2017-01 3 rows, 2017-02 3 rows" in result.stdout
    assert "'GBP' -> USD for 2010-10 to 2011-03, 2016-05 to 2017-07" in result.stdout


def test_without_a_date_nothing_is_said_of_a_run(make: Make) -> None:
    report = found(make())
    assert report.exit_code == 0
    assert [name for name, _ in report.groups()][-1] == "billing rules"
    assert kinds(report) == {Level.OK, Level.NOTE}


def test_nothing_that_is_tried_stays(make: Make, tmp_path: Path) -> None:
    here = make(**ANY)
    before = _everything(tmp_path)
    found(here)
    found(here, "2017-01-03")
    assert _everything(tmp_path) == before


def test_no_folder_stays_that_was_not_there(ciss: Ciss, tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = deep/er/var\n")
    (tmp_path / "deep").mkdir()
    before = _everything(tmp_path)
    result = ciss()
    assert result.exit_code == 1
    assert "deep/er/var can be written, and its locks work" in result.stdout
    assert _everything(tmp_path) == before


def _everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def test_the_answer_in_json_says_the_same(make: Make, ciss: Ciss) -> None:
    here = make()
    answer: dict[str, Any] = json.loads(ciss("--date", "2017-01-03", "--json").stdout)
    expected = found(here, "2017-01-03").to_json()
    assert answer == {"date": "2017-01-03", **expected}
    assert {"group", "level", "text", "remedy"} == set(answer["findings"][0])


# --- configuration ------------------------------------------------------------------------------------


def test_all_faults_of_a_configuration_are_named_at_once(ciss: Ciss, tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\ngrace_day = 3\nretries = many\ndatabase = a;b\n")
    result = ciss("--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == answer["exit_code"] == 40
    assert [finding["text"].partition(":")[0] for finding in answer["findings"]] == [
        "[ciss] grace_day",
        "[ciss] database",
        "[ciss] retries",
    ]
    assert [finding["remedy"] for finding in answer["findings"]] == [
        "for example: grace_days = 5",
        "for example: mnaas",
        "for example: 3",
    ]


def test_without_a_configuration_the_files_looked_at_are_listed(ciss: Ciss, tmp_path: Path) -> None:
    result = ciss()
    assert result.exit_code == 40
    assert str(tmp_path / "luigi.cfg") in result.stdout


def test_an_unusable_sql_file_is_a_fault_of_the_configuration(ciss: Ciss, tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nsql_dir = .\n")
    (tmp_path / "build.sql").write_text("SELECT {mnths}")
    result = ciss()
    assert result.exit_code == 40
    assert "unknown placeholder {mnths}; did you mean {months}?" in result.stdout


def test_the_sites_own_exit_codes_are_named(make: Make, tmp_path: Path) -> None:
    make()
    with (tmp_path / "luigi.cfg").open("a") as file:
        file.write("[retcode]\ntask_failed = 4\nmissing_data = 20\n")
    result = run_in_a_process(tmp_path)
    assert result.returncode == 0
    assert "[retcode] task_failed = 4 is the site's own and wins; this job would end with 30" in result.stdout
    assert "missing_data" not in result.stdout


def run_in_a_process(folder: Path, *prelude: str) -> subprocess.CompletedProcess[str]:
    script = "\n".join([*prelude, "from ciss_luigi.cli import main", "main()"])
    return subprocess.run(
        [sys.executable, "-c", script, "check"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_session_setting_that_the_engine_refuses_is_a_fault_of_the_configuration(make: Make) -> None:
    report = found(make(session_settings='{"memory_limt": "1GB"}'))
    (fault,) = report.of(Level.FAULT)
    assert report.exit_code == 40
    assert 'unrecognized configuration parameter "memory_limt"' in fault.text


# --- state --------------------------------------------------------------------------------------------


def test_a_state_dir_that_cannot_be_written_is_a_fault(make: Make, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    report = found(make(state_dir="taken/var", warehouse_url="duckdb:///var/ciss.duckdb"))
    assert report.exit_code == 40
    assert texts(report, Level.FAULT) == [f"{tmp_path / 'taken/var'} cannot be written: Not a directory"]


def test_locks_that_do_not_lock_are_found(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    # A filesystem whose flock succeeds and excludes nobody cannot be had here: flock itself is replaced.
    monkeypatch.setattr("fcntl.flock", lambda *_: None)
    report = found(make())
    assert report.exit_code == 40
    assert texts(report, Level.FAULT)[0].endswith("this filesystem has no working locks")


def test_a_lock_that_is_in_use_troubles_no_check(make: Make) -> None:
    here = make()
    lock = here.date_lock(RunDate.parse("2017-01-20"))
    assert lock.try_acquire()
    assert found(here, "2017-01-20").exit_code == 0
    assert not FileLock(lock.path).try_acquire()
    lock.release()


# --- engine -------------------------------------------------------------------------------------------


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
    assert "cannot be opened" in texts(report, Level.FAULT)[0]


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


# --- output tables ------------------------------------------------------------------------------------


def test_a_main_of_the_old_job_gets_the_statements_that_mend_it(make: Make) -> None:
    here = make()
    run(here, "2016-11-22")
    lacking = ("source_rows", "as_of_date", "run_id")
    change(here, *(f"ALTER TABLE {MAIN} DROP COLUMN {name}" for name in lacking))
    (fault,) = found(here).of(Level.FAULT)
    assert fault.text == f"{MAIN} has no column source_rows, as_of_date, run_id"
    change(here, fault.remedy)
    assert found(here, "2016-11-22").exit_code == 0
    run(here, "2016-11-23")


def test_other_column_orders_and_more_columns_are_fine(make: Make) -> None:
    here = make(month_partition="partition_date")
    columns = [f"{column.name} {column.type}" for column in reversed(schema.SUMMARY_COLUMNS)]
    more = "loaded_at TIMESTAMP DEFAULT now()"
    change(
        here,
        f"CREATE TABLE {MAIN} ({', '.join([*columns, 'partition_date VARCHAR', more])})",
        f"CREATE TABLE {TEMP} ({', '.join(['month_year VARCHAR', 'run_date VARCHAR', *columns, more])})",
    )
    assert found(here, "2016-11-22").exit_code == 0
    run(here, "2016-11-22")


@pytest.mark.parametrize(
    ("table", "change_to", "expected"),
    [
        (MAIN, "ALTER total_charge TYPE DOUBLE", f"{MAIN}.total_charge is DOUBLE, and must be DECIMAL(18,4)"),
        (MAIN, "ALTER conversion_rate TYPE DECIMAL(18,4)", "and must be DECIMAL(18,8)"),
        (MAIN, "ALTER as_of_date TYPE DATE USING NULL", "as_of_date is DATE, and must be STRING"),
        (MAIN, "ALTER billable_subs TYPE INTEGER", "billable_subs is INTEGER, and must be BIGINT"),
        (MAIN, "DROP COLUMN org_name", f"{MAIN} has no column org_name"),
        (MAIN, "RENAME month_year TO month", f"{MAIN} has no column month_year (month_partition)"),
        (TEMP, "DROP COLUMN run_date", f"{TEMP} has no column run_date"),
        (TEMP, "ALTER month_year TYPE DATE USING NULL", f"{TEMP}.month_year is DATE, and must be STRING"),
    ],
)
def test_an_output_table_that_cannot_be_written_right_is_a_fault(
    make: Make, table: str, change_to: str, expected: str
) -> None:
    here = make()
    run(here, "2016-11-22", until=Step.TRUNCATE)
    change(here, f"ALTER TABLE {table} {change_to}")
    report = found(here, "2016-11-22")
    assert report.exit_code == 1
    assert [text for text in texts(report, Level.FAULT) if expected in text]


# --- source tables ------------------------------------------------------------------------------------


def test_an_absent_source_table_is_a_fault_and_the_others_are_still_looked_at(make: Make) -> None:
    here = make()
    change(here, f"DROP TABLE {OVERAGE}")
    report = found(here, "2017-01-20")
    assert texts(report, Level.FAULT) == [f"there is no table {OVERAGE}"]
    assert any(REGISTER in text for text in texts(report, Level.OK))
    assert "not checked: the tables have faults that come first" in texts(report, Level.NOTE)


@pytest.mark.parametrize(
    ("table", "change_to", "expected"),
    [
        (OVERAGE, "ALTER charge TYPE DOUBLE", f"{OVERAGE}.charge is DOUBLE, and must be DECIMAL(18,4)"),
        (OVERAGE, "ALTER charge TYPE DECIMAL(18,6)", "charge is DECIMAL(18,6), and must be DECIMAL(18,4)"),
        (REGISTER, "ALTER invoice_date TYPE DATE USING NULL", "invoice_date is DATE, and must be STRING"),
        (REGISTER, "DROP COLUMN currency", f"{REGISTER} has no column currency"),
        (RATE, "ALTER avg_conv_rate TYPE FLOAT", "avg_conv_rate is FLOAT, and must be DECIMAL(18,8)"),
    ],
)
def test_a_source_column_of_another_type_is_a_fault(
    make: Make, table: str, change_to: str, expected: str
) -> None:
    here = make()
    change(here, f"ALTER TABLE {table} {change_to}")
    report = found(here)
    assert report.exit_code == 1
    assert [text for text in texts(report, Level.FAULT) if expected in text]


@pytest.mark.parametrize(
    ("table", "change_to"),
    [
        (RATE, "ALTER avg_conv_rate TYPE DOUBLE"),
        (OVERAGE, "ALTER charge TYPE DECIMAL(12,2)"),
        ("mnaas.billable_sub_with_charge_and_limit", "ALTER billable_subs TYPE INTEGER"),
        (OVERAGE, "ADD COLUMN more TIMESTAMP"),
    ],
)
def test_a_source_column_that_holds_less_is_fine(make: Make, table: str, change_to: str) -> None:
    here = make()
    change(here, f"ALTER TABLE {table} {change_to}")
    assert found(here, "2017-01-20").exit_code == 0
    run(here, "2017-01-20")


def test_types_are_read_as_each_engine_writes_them() -> None:
    assert can_read("varchar(20)", schema.TEXT)
    assert can_read("decimal(10,2)", schema.MONEY)
    assert can_read("int", schema.MONEY)
    assert not can_read("bigint", schema.MONEY)
    assert not can_read("char(20)", schema.TEXT)
    assert can_hold("string", schema.TEXT)
    assert can_hold("decimal(20, 4)", schema.MONEY)
    assert not can_hold("varchar(20)", schema.TEXT)
    assert not can_hold("decimal(18,2)", schema.MONEY)
    assert not can_hold("struct<a:int>", schema.TEXT)


def test_rows_of_no_month_are_counted_and_summed_by_table_and_currency(make: Make) -> None:
    here = make()
    change(
        here,
        f"UPDATE {OVERAGE} SET partition_date = '2016-13', charge = 1.5 WHERE partition_date = '2016-11'",
        f"INSERT INTO {OVERAGE} (partition_date, currency, charge) "
        "VALUES (NULL, NULL, -2), ('2016-1', 'EUR', NULL)",
        f"UPDATE {REGISTER} SET invoice_date = '05/11/2016', amount = 0.0001 "
        "WHERE invoice_date LIKE '2017-02-%'",
    )
    report = found(here)
    assert report.exit_code == 0
    assert texts(report, Level.WARNING) == [
        f"{OVERAGE}: 6 rows have an invalid partition_date (such as '2016-1') and are in no estimate: "
        "-2.0000 '', 0.0000 'EUR', 6.0000 'GBP'",
        f"{REGISTER}: 70 rows have an invalid invoice_date (such as '05/11/2016') and are in no estimate: "
        "0.0070 'GBP'",
    ]


def test_odd_rows_are_a_fault_where_they_refuse_the_run(make: Make) -> None:
    here = make(odd_rows="fail")
    assert found(here).exit_code == 0
    change(
        here,
        f"UPDATE {RATE} SET cal_month = 'x' WHERE cal_month = '2016-11' "
        "AND from_curr = 'GBP' AND to_curr = 'USD'",
    )
    report = found(here)
    assert report.exit_code == 1
    assert texts(report, Level.FAULT) == [
        f"{RATE}: 1 row has an invalid cal_month ('x') and is never used; odd_rows = fail refuses every run"
    ]


def test_a_source_that_stops_having_rows_is_a_warning(make: Make) -> None:
    here = make(required_sources="register")
    change(
        here,
        f"DELETE FROM {OVERAGE}",
        f"INSERT INTO {OVERAGE} (partition_date) VALUES ('2016-11')",
    )
    assert f"{OVERAGE} has no row for 2016-12, though it has rows for 2016-11" in texts(
        found(here, "2016-12-20"), Level.WARNING
    )
    assert f"{OVERAGE} has no row for 2017-01" in texts(found(here, "2017-01-20"), Level.NOTE)


def _count(here: Site, rest: str) -> int:
    import duckdb

    with duckdb.connect(here.settings.warehouse.place) as connection:
        ((number,),) = connection.execute(f"SELECT COUNT(*) FROM {rest}").fetchall()
    return int(number)


MONTHS = ("2016-01", "2016-12", "0000-01", "9999-12")
NO_MONTHS = (
    *("", " ", "2016", "2016-00", "2016-13", "2016-1", "2016-011", "16-11", "2016/11", "2016-11 "),
    *(" 2016-11", "2016-1a", "201a-11", "2016-11-05", "\u0662\u0660\u0661\u0666-11", "2016\u201311", "x"),
)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*MONTHS, *NO_MONTHS])
def test_what_is_a_month_and_what_is_none(make: Make, text: str) -> None:
    here = make()
    change(here, f"DELETE FROM {OVERAGE}", f"INSERT INTO {OVERAGE} (partition_date) VALUES ('{text}')")
    warned = [
        line for line in texts(found(here), Level.WARNING) if "1 row has an invalid partition_date" in line
    ]
    assert bool(warned) == (text in NO_MONTHS)


def test_an_empty_required_source_and_rates_of_no_month_are_warnings(make: Make) -> None:
    here = make(required_sources="register, overage")
    wrong = f"UPDATE {RATE} SET cal_month = '2016/11' WHERE cal_month = '2016-11'"
    count = _count(here, f"{RATE} WHERE cal_month = '2016-11'")
    change(here, f"DELETE FROM {OVERAGE}", wrong)
    assert texts(found(here), Level.WARNING) == [
        f"{OVERAGE} has no row for any month",
        f"{RATE}: {count} rows have an invalid cal_month (such as '2016/11') and are never used",
    ]


def test_months_without_gaps_are_one_span() -> None:
    months = [Month.parse(text) for text in ("2016-12", "2017-01", "2016-11", "2017-03")]
    assert spans(months) == "2016-11 to 2017-01, 2017-03"


# --- a date -------------------------------------------------------------------------------------------


def test_a_month_that_is_not_ready_is_a_fault(make: Make) -> None:
    report = found(make(), "2016-12-20")
    assert report.exit_code == 1
    assert texts(report, Level.FAULT) == [
        "not ready: mnaas.billable_sub_with_charge_and_limit has no row for 2016-12"
    ]


def test_a_month_that_would_be_left_out_is_a_warning(make: Make) -> None:
    report = found(make(), "2017-01-03")
    assert report.exit_code == 0
    assert texts(report, Level.WARNING) == [
        "2016-12 would not be built: mnaas.billable_sub_with_charge_and_limit has no row for 2016-12, "
        "and main holds no row of it"
    ]


def test_every_fault_of_currencies_and_rates_is_named(make: Make) -> None:
    here = make(rate_fallback_months=0, **ANY)
    change(
        here,
        f"INSERT INTO {REGISTER} (invoice_date, currency, amount) VALUES ('2017-01-05', 'XYZ', 1)",
        f"INSERT INTO {REGISTER} (invoice_date, currency, amount) VALUES ('2016-12-24', ' ', 1)",
        f"INSERT INTO {RATE} VALUES ('2016-12', 'GBP', 'USD', 1), ('2017-01', 'SEK', 'USD', 0)",
    )
    report = found(here, "2017-01-03")
    faults = "\n".join(texts(report, Level.FAULT))
    assert report.exit_code == 1
    assert "2016-12: two different rates 'GBP' -> USD" in faults
    assert "2016-12: a charge has the blank currency ' '" in faults
    assert "2017-01: the rate 'SEK' -> USD is 0.00000000: zero" in faults
    assert "no XYZ rate for 2017-01; there is none" in faults


def test_a_rate_of_an_earlier_month_is_worth_a_note(make: Make) -> None:
    here = make()
    change(here, f"DELETE FROM {RATE} WHERE cal_month = '2017-01'")
    assert "2017-01: 'GBP' would be converted at the rate of 2016-12" in texts(
        found(here, "2017-01-20"), Level.NOTE
    )


def test_keys_without_a_mapping_are_counted_as_the_build_counts_them(make: Make) -> None:
    here = make()
    change(
        here,
        "DELETE FROM mnaas.bl_cust_bu_co_cogrp_mapping WHERE org_id LIKE 'GB-m%'",
        f"INSERT INTO {OVERAGE} (partition_date, org_id, currency, charge) VALUES ('2017-01', ' ', 'GBP', 1)",
    )
    (note,) = [text for text in texts(found(here, "2017-01-20"), Level.NOTE) if "mapping row" in text]
    run(here, "2017-01-20")
    keys = _count(here, f"(SELECT DISTINCT org_id, business_unit, commercial_offer FROM {MAIN}) keys")
    unmapped = _count(here, f"{MAIN} WHERE contract_offer_group = 'UNMAPPED' AND org_name = ''")
    assert unmapped > 1
    assert note == f"2017-01: {unmapped} of {keys} keys have no mapping row"


def test_a_newer_estimate_in_main_is_a_warning(make: Make) -> None:
    here = make()
    run(here, "2017-01-20")
    held = "main holds an estimate of 2017-01 as of 2017-01-20, newer than 2017-01-10"
    report = found(here, "2017-01-10")
    assert report.exit_code == 0
    assert texts(report, Level.WARNING) == [f"{held}: a run would leave that month alone"]
    lenient = make(allow_older="true")
    assert texts(found(lenient, "2017-01-10"), Level.WARNING) == [
        f"{held}: allow_older lets this run replace it"
    ]
    assert texts(found(here, "2017-01-20"), Level.WARNING) == []


# --- the site's own billing rules ---------------------------------------------------------------------


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


# --- texts --------------------------------------------------------------------------------------------


def test_texts_from_the_data_cannot_command_the_terminal(make: Make, ciss: Ciss) -> None:
    here = make(**ANY)
    change(here, f"UPDATE {OVERAGE} SET currency = '\x1b[2J<b>\n', partition_date = 'x' || chr(27)")
    printed = ciss("--date", "2017-01-20").stdout
    assert "\x1b" not in printed
    assert "<b>" in printed


def test_an_engine_that_is_away_is_asked_once_whatever_the_runs_retries(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nwarehouse_url = hive://nobody@127.0.0.1:1/mnaas\n")
    answer = typed(tmp_path, "check").expect(35, "127.0.0.1:1 refuses the connection")
    assert "Trying again" not in answer.out + answer.err


# --- room ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (49_000_000, (1, "state folder: 49.0 MB free")),
        (900_000_000, (0, "make room there before the next large month")),
    ],
)
def test_a_disk_that_is_nearly_full_is_told(
    free: int, said: tuple[int, str], make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The free space is made up: a disk that is nearly full cannot be had in every test."""
    make()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    code, words = said
    assert words in typed(tmp_path, "check").expect(code).out
