"""Every exit code of the literal command, provoked."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.sql.files import built_in
from tests.command import MAIN, SHORT_WAIT, TEMP, TRACEBACK, Luigid, Place, free_port, name_of
from tests.helpers import ciss

pytestmark = pytest.mark.whole

DATE = "2016-11-10"
WAYS = [
    (),
    ("--workers", "2"),
    ("--parallel-scheduling",),
    ("--parallel-scheduling", "--workers", "2"),
]


def written_tables(place: Place) -> list[str]:
    """Which of temp and main are there."""
    found = place.query("SELECT table_name FROM information_schema.tables ORDER BY 1")
    return [name for (name,) in found if name in (MAIN, TEMP)]


# --- 0 ------------------------------------------------------------------------------------------------


def test_0_when_main_is_as_new_as_the_date_and_again_without_work(place: Place) -> None:
    place.merge(DATE).explained(0, "merged 2016-11: 6 rows")
    place.merge(DATE).explained(0, "Did not run any tasks")
    assert len(place.attempts(DATE)) == 3


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--workers", "2", "--parallel-scheduling")])
def test_a_date_that_is_done_needs_neither_sqlalchemy_nor_duckdb(place: Place, way: tuple[str, ...]) -> None:
    absent = "import sys\nsys.modules['sqlalchemy'] = sys.modules['duckdb'] = None\n"
    place.merge(DATE, *way, prelude=absent).expect(35, "import of sqlalchemy halted")
    place.merge(DATE).explained(0)
    place.merge(DATE, *way, prelude=absent).explained(0, "Did not run any tasks")


def test_from_an_empty_folder_with_luigi_config_path_the_markers_stand_beside_the_configuration(
    place: Place, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    place.merge(DATE, folder=empty, LUIGI_CONFIG_PATH=str(place.config)).explained(0)
    assert list(empty.iterdir()) == []
    place.merge(DATE).explained(0, "Did not run any tasks")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_0_in_every_way_to_schedule(place: Place, daemon: Luigid, way: tuple[str, ...]) -> None:
    place.merge(DATE, *way).explained(0)
    place.merge("2016-12-10", *way, *daemon.options).explained(0)
    assert len(place.main()) == 12


# --- 10 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [(), ("--workers", "2", "--parallel-scheduling")])
def test_10_names_who_runs_the_date(place: Place, way: tuple[str, ...]) -> None:
    with FileLock(place.state / "locks" / f"date-{DATE}.lock").waited():
        finished = place.merge(DATE, *way)
    finished.explained(10, f"pid {os.getpid()} on {socket.gethostname()} since 20", "touched nothing")
    assert place.attempts(DATE) == []


# --- 20 -----------------------------------------------------------------------------------------------


def test_20_names_an_absent_table_and_touches_nothing(place: Place) -> None:
    place.query(f"DROP TABLE mnaas.{name_of('service')}")
    place.merge(DATE).explained(20, DATE, f"there is no table mnaas.{name_of('service')}")
    assert written_tables(place) == []


def test_20_names_the_month_without_rows(place: Place) -> None:
    missing = f"mnaas.{name_of('billable')} has no row for 2017-05"
    finished = place.merge("2017-05-10", "--workers", "2").explained(
        20, missing, "State: no table was touched"
    )
    finished.explained(20, "Next:  ciss check --date 2017-05-10, and once the rows are there")
    assert written_tables(place) == []


def test_20_for_an_empty_rate_table(place: Place) -> None:
    place.query(f"DELETE FROM mnaas.{name_of('rate')}")
    place.merge(DATE, "--parallel-scheduling").explained(20, f"mnaas.{name_of('rate')} has no row")
    assert written_tables(place) == []


def test_20_when_there_is_no_warehouse_yet_and_none_is_made(place: Place) -> None:
    place.warehouse.unlink()
    place.merge(DATE).explained(20, f"there is no duckdb {place.warehouse} yet")
    assert not place.warehouse.exists()


# --- 30 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_30_for_a_rule_of_the_money_with_main_untouched(place: Place, way: tuple[str, ...]) -> None:
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = 'XXX' WHERE partition_date = '2016-11'")
    finished = place.merge(DATE, *way)
    finished.explained(
        30, "no XXX rate for 2016-11 or 2016-10; there is none", "State: main was not touched", "Next:"
    )
    assert place.marked(DATE) == ["TruncateTemp"]
    assert [attempt.outcome for attempt in place.attempts(DATE)] == ["done", "failed"]
    assert place.main() == []


def test_30_for_control_totals_that_differ_twice(place: Place, tmp_path: Path) -> None:
    (tmp_path / "build.sql").write_text(built_in("build") + "\nWHERE org_id <> 'org1'")
    place.configure(sql_dir=tmp_path)
    finished = place.merge(DATE)
    finished.explained(30, "the control totals of the sources and temp differ", "Building temp again, once.")
    assert place.main() == []


GONE = """
from pathlib import Path
from ciss_luigi import steps
from ciss_luigi.state.markers import Step
original = steps.ACTIONS[Step.BUILD]
def late(job):
    Path("sql/build.sql").{}
    return original(job)
steps.ACTIONS[Step.BUILD] = late
"""


@pytest.mark.parametrize("way", [(), ("--workers", "2")])
@pytest.mark.parametrize("what", ["unlink()", "write_text('SELECT {nobody} FROM nothing')"])
def test_rules_that_are_gone_or_broken_amid_a_run_are_told(
    place: Place, what: str, way: tuple[str, ...]
) -> None:
    (place.folder / "sql").mkdir()
    (place.folder / "sql" / "build.sql").write_text(built_in("build"))
    place.configure(sql_dir="sql")
    finished = place.merge(DATE, *way, prelude=GONE.format(what))
    finished.explained(30, "the site's own billing rules cannot be used", "build.sql", "State: ", "Next:  ")
    assert place.marked(DATE) == ["TruncateTemp"]


# --- 35 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [(), ("--parallel-scheduling",)])
def test_35_names_the_program_that_has_the_warehouse_in_use(place: Place, way: tuple[str, ...]) -> None:
    import duckdb

    with duckdb.connect(str(place.warehouse)):
        finished = place.merge(DATE, *way, prelude=SHORT_WAIT)
    finished.explained(35, f"{place.warehouse} is in use by another program", f"pid {os.getpid()}")
    finished.expect(35, "no table was touched", "Next:  end that program")
    assert place.attempts(DATE) == []


@pytest.mark.parametrize("way", [(), ("--parallel-scheduling", "--workers", "2")])
def test_35_for_a_file_that_is_no_warehouse(place: Place, way: tuple[str, ...]) -> None:
    place.warehouse.write_bytes(b"no database " * 1000)
    what = f"{place.warehouse} is another kind of file, not a database of DuckDB"
    place.merge(DATE, *way).explained(35, what, "no table was touched")
    assert place.attempts(DATE) == []


# --- 40: see test_command_configuration.py; luigid away -----------------------------------------------


@pytest.mark.parametrize("way", [(), ("--parallel-scheduling", "--workers", "2")])
def test_40_when_luigid_is_away(place: Place, way: tuple[str, ...]) -> None:
    finished = place.merge(DATE, *way, "--scheduler-port", str(free_port()))
    finished.explained(40, "luigid does not answer", "Connection refused")
    *_, what, state, following = finished.text.rstrip("\n").splitlines()
    assert what.startswith("ERROR: luigid does not answer")
    assert state.startswith("  State: ")
    assert following.startswith("  Next:  start luigid (or add --local-scheduler), then ")
    assert place.attempts(DATE) == []


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--parallel-scheduling", "--workers", "2")])
@pytest.mark.parametrize("task", ["MergeMain", "SourcesReady"])
def test_20_for_the_one_date_that_no_day_follows(place: Place, task: str, way: tuple[str, ...]) -> None:
    place.configure(future_dates="true")
    finished = place.luigi(task, "--date", "9999-12-31", "--local-scheduler", *way)
    finished.explained(20, "has no row for 9999-12")


# --- Luigi's own --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words", "again"),
    [
        (("MergMain", "--date", DATE), "Did you mean MergeMain?", "MergeMain --date 2016-11-22"),
        (("BuildTmp", "--date", DATE), "Did you mean BuildTemp?", "BuildTemp --date 2016-11-22"),
        (
            ("RangeDayly", "--of", "MergeMain"),
            "Did you mean RangeDaily?",
            "RangeDaily --of MergeMain --start",
        ),
        (("--date", DATE, "MergeMain"), "The task comes before its options", "MergeMain --date 2016-11-22"),
        (
            ("StepTask", "--date", DATE),
            "one of BuildTemp, MergeMain, RangeDaily, SourcesReady, Trunc",
            "MergeM",
        ),
        (("\x1b[2J\nNext: Merge",), "No task \\x1b[2J\n  Next: Merge. ", "MergeMain --date 2016-11-22"),
    ],
)
def test_1_for_an_unknown_task(place: Place, arguments: tuple[str, ...], words: str, again: str) -> None:
    finished = place.luigi(*arguments, "--local-scheduler")
    finished.explained(1, words, "State: nothing was touched", f"Next:  luigi --module ciss_luigi {again}")
    assert finished.text.startswith("ERROR: No task ")
    assert "\x1b" not in finished.text


def test_1_for_two_tasks_of_one_name(place: Place) -> None:
    another = "import luigi\nclass MergeMain(luigi.Task):\n    pass\n"
    place.merge(DATE, prelude=another).explained(1, "'MergeMain' is ambiguous", "Next:  rename the others")


def test_1_with_a_traceback_for_a_faulty_module_of_the_site(place: Place, tmp_path: Path) -> None:
    place.luigi("--module", "no_such_module", "MergeMain").expect(1, "No module named 'no_such_module'")
    (tmp_path / "sites.py").write_text("import ciss_luigi\nraise LookupError('of the site')\n")
    finished = place.luigi("--module", "sites", "MergeMain", PYTHONPATH=str(tmp_path))
    finished.expect(1, TRACEBACK, "LookupError: of the site")


def test_1_for_a_configuration_that_no_parser_can_read(place: Place) -> None:
    place.config.write_text("this is no configuration\n")
    place.merge(DATE).expect(1, "no section headers")


def test_2_for_a_bad_flag(place: Place) -> None:
    place.merge(DATE, "--no-such-flag").explained(2, "unrecognized arguments: --no-such-flag")


@pytest.mark.slow
def test_the_retcodes_of_a_site_win(place: Place) -> None:
    codes = "[retcode]\nmissing_data = 61\nalready_running = 62\nunhandled_exception = 63\ntask_failed = 64"
    place.configure(codes)
    place.merge("2017-05-10").explained(61)
    place.merge("no date").explained(63)
    with FileLock(place.state / "locks" / f"date-{DATE}.lock").waited():
        place.merge(DATE).explained(62)
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = ' '")
    place.merge(DATE).explained(64)


@pytest.mark.parametrize("value", ["0", "00", "-0", "0_0", "\N{ARABIC-INDIC DIGIT ZERO}"])
def test_a_zero_of_the_site_for_what_is_no_success_is_a_fault(place: Place, value: str) -> None:
    place.configure(f"[retcode]\nmissing_data = {value}\nunhandled_exception = {value}")
    finished = place.merge("2017-05-10")
    finished.explained(40, "[retcode] missing_data: 0 would report", "[retcode] unhandled_exception: 0 would")
    finished.expect(40, "missing_data = 20", "State: nothing was touched", "Next:  ciss check")
    answer = ciss(place.folder, "check")
    assert answer.code == 40
    assert "[retcode] missing_data: 0 would report" in answer.out
    assert place.attempts("2017-05-10") == []


@pytest.mark.parametrize("value", ["256", "-1", "512"])
def test_what_the_system_makes_another_exit_code_of_is_a_fault_too(place: Place, value: str) -> None:
    place.configure(f"[retcode]\ntask_failed = {value}")
    place.merge(DATE).explained(40, f"[retcode] task_failed: {value} is not an exit code")


def test_a_zero_in_a_toml_file_is_a_fault(place: Place) -> None:
    file = place.folder / "luigi.toml"
    file.write_text('[ciss]\nwarehouse_url = "duckdb:///warehouse.duckdb"\n[retcode]\nmissing_data = 0\n')
    place.config.unlink()
    toml = {"LUIGI_CONFIG_PATH": str(file), "LUIGI_CONFIG_PARSER": "toml"}
    place.merge("2017-05-10", **toml).explained(40, "[retcode] missing_data: 0 would report")


def test_a_zero_in_an_option_is_a_mistake_of_the_command_line(place: Place) -> None:
    finished = place.merge(DATE, "--retcode-already-running", "0")
    finished.explained(40, "--retcode-already-running: 0 would report", "--retcode-already-running 10")
    assert place.attempts(DATE) == []


def test_a_step_without_its_marker_is_a_failure_also_when_the_site_sets_other_keys_of_the_worker(
    place: Place,
) -> None:
    place.configure("[worker]\nping_interval = 2")
    lost = "from ciss_luigi.state.markers import Markers\nMarkers.write = lambda self, marker: None\n"
    place.merge(DATE, prelude=lost).expect(30)
