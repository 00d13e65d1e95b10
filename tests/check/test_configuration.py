"""The configuration, the state folder, and the answer as a whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.operator.checks.findings import Level
from tests.check.looking import ANY, OVERAGE, Ciss, found, kinds, run, run_in_a_process, texts
from tests.helpers import typed
from tests.sample import Make, change

pytestmark = pytest.mark.whole


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


def test_a_session_setting_that_the_engine_refuses_is_a_fault_of_the_configuration(make: Make) -> None:
    report = found(make(session_settings='{"memory_limt": "1GB"}'))
    (fault,) = report.of(Level.FAULT)
    assert report.exit_code == 40
    assert 'unrecognized configuration parameter "memory_limt"' in fault.text


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
