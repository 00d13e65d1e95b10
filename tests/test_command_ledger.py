"""The ledger of commands: what each real ``luigi`` command leaves of its begin, its end and its reason."""

from __future__ import annotations

import datetime as dt
import os
import signal
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state import commandledger
from ciss_luigi.state.commandledger import CommandEntry, CommandLedger
from tests.command import Place, wait_until

pytestmark = pytest.mark.whole

DATE = "2016-11-05"


def ledger(place: Place) -> CommandLedger:
    return site.load({}, place.folder).commands


def latest(place: Place) -> CommandEntry:
    command = ledger(place).latest()
    assert command is not None
    return command


@pytest.mark.slow
def test_a_command_that_builds_leaves_its_arguments_and_0(place: Place) -> None:
    place.merge(DATE).explained(0)
    (command,) = ledger(place).commands()
    assert command.arguments == ("--module", "ciss_luigi", "MergeMain", "--date", DATE, "--local-scheduler")
    assert (command.exit_code, command.reasons, command.runs()) == (0, (), False)
    assert command.began_at < command.ended_at
    assert {attempt.command for attempt in place.attempts(DATE)} == {command.id}


@pytest.mark.slow
def test_a_command_that_finds_all_done_leaves_a_line_too(place: Place) -> None:
    for _ in range(2):
        place.merge(DATE).explained(0)
    first, second = ledger(place).commands()
    assert first.id != second.id
    assert second.exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_night_without_sources_leaves_20_and_names_them(workers: str, place: Place) -> None:
    place.merge("2017-03-20", "--workers", workers).explained(20)
    command = latest(place)
    assert command.exit_code == 20
    assert any("2017-03-20: " in reason and "no row" in reason for reason in command.reasons), command


def test_a_date_that_runs_elsewhere_leaves_10_and_its_holder(place: Place) -> None:
    with site.load({}, place.folder).date_lock(RunDate.parse(DATE)).waited():
        place.merge(DATE).explained(10)
    command = latest(place)
    assert command.exit_code == 10
    assert f"{DATE} is being run by pid {os.getpid()}" in command.reasons[0]


def test_a_warehouse_that_cannot_be_asked_leaves_35(place: Place) -> None:
    place.warehouse.write_text("no database")
    place.merge(DATE).explained(35)
    command = latest(place)
    assert command.exit_code == 35
    assert "could not be asked" in command.reasons[0]


def test_a_step_that_fails_leaves_30_and_its_words(place: Place) -> None:
    place.query("DELETE FROM mnaas.gbs_curr_avgconv_rate WHERE cal_month < '2017-01'")
    place.merge(DATE).explained(30)
    command = latest(place)
    assert command.exit_code == 30
    assert any("GBP" in reason for reason in command.reasons), command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["MergeMain", "--date", "2016-13-01"], "2016-13-01"),
        (["MergeMain"], "date"),
        (["MergeMain", "--date", DATE], "luigid does not answer"),
    ],
)
def test_a_mistake_on_the_command_line_leaves_40(arguments: list[str], reason: str, place: Place) -> None:
    place.luigi(*arguments, "--scheduler-port", "1").explained(40)
    command = latest(place)
    assert command.exit_code == 40
    assert any(reason in one for one in command.reasons), command


@pytest.mark.slow
def test_a_task_that_there_is_not_leaves_1(place: Place) -> None:
    place.luigi("MergeMane", "--date", DATE).explained(1)
    assert latest(place).exit_code == 1
    assert "MergeMane" in latest(place).reasons[0]


@pytest.mark.slow
def test_a_faulty_configuration_leaves_40_where_there_is_a_state_folder(place: Place) -> None:
    place.configure(grace_days="many")
    place.merge(DATE).explained(40)
    assert not place.state.exists()
    place.state.mkdir()
    place.merge(DATE).explained(40)
    command = latest_in(place.state)
    assert command.exit_code == 40
    assert any("grace_days" in reason for reason in command.reasons)


def latest_in(state: Path) -> CommandEntry:
    command = CommandLedger(state / "ledger" / "commands").latest()
    assert command is not None
    return command


@pytest.mark.slow
def test_a_range_that_leaves_dates_over_leaves_25_and_says_which(place: Place) -> None:
    place.range("2016-11-01", "2016-11-03", "--RangeDaily-task-limit", "1")
    command = latest(place)
    assert command.exit_code == 25
    assert any("left over" in reason for reason in command.reasons)


@pytest.mark.slow
def test_a_killed_command_has_no_end_and_does_not_run(place: Place) -> None:
    with site.load({}, place.folder).date_lock(RunDate.parse(DATE)).waited():
        running = place.ranging("2016-11-05", "2016-11-06")
        running.wait_for("MergeMain")
        assert latest(place).runs()
        running.send_group(signal.SIGKILL)
        running.finish()
    wait_until(lambda: not latest(place).runs())
    assert latest(place).exit_code is None


@pytest.mark.slow
def test_a_command_stopped_while_it_waits_leaves_its_code(place: Place) -> None:
    with site.load({}, place.folder).date_lock(RunDate.parse(DATE)).waited():
        running = place.ranging("2016-11-05", "2016-11-06")
        wait_until(lambda: "running" in running.text)
        running.send(signal.SIGTERM)
        code = running.finish().code
    assert latest(place).exit_code == code != 0


@pytest.mark.slow
def test_help_leaves_nothing(place: Place) -> None:
    place.luigi("MergeMain", "--help").explained(0)
    assert not place.state.exists()


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_stops_no_command_that_has_nothing_to_do(place: Place) -> None:
    place.merge(DATE).explained(0)
    commands = place.state / "ledger" / "commands"
    for path in commands.iterdir():
        path.unlink()
    commands.rmdir()
    commands.write_text("in the way")
    place.merge(DATE).explained(0)


# --- the file -----------------------------------------------------------------------------------------


def test_secrets_in_arguments_are_hidden(tmp_path: Path) -> None:
    here = CommandLedger(tmp_path)
    given = [
        "--smtp-password",
        "tiger",
        "--email-token=tiger",
        "--x-url",
        "hive://u:tiger@h/d",
        "--date",
        "D",
    ]
    here.begin("one", given)
    (command,) = here.commands()
    assert command.arguments == (
        "--smtp-password", "***", "--email-token=***", "--x-url", "hive://u:***@h/d", "--date", "D"
    )  # fmt: skip


def test_a_reason_is_told_once_and_many_are_cut_off(tmp_path: Path) -> None:
    here = CommandLedger(tmp_path)
    path = here.begin("one", [])
    for number in [*range(30), *range(30)]:
        commandledger.note(path, "one", f"reason {number}")
    commandledger.end(path, "one", 30)
    (command,) = here.commands()
    assert command.reasons == tuple(f"reason {number}" for number in range(commandledger.REASONS_AT_MOST))


def test_lines_of_no_sense_and_of_others_are_passed_over(tmp_path: Path) -> None:
    here = CommandLedger(tmp_path)
    path = here.begin("one", ["a"])
    with path.open("ab") as file:
        file.write(
            b'null\n{"at": "x", "event": "end", "command": "one", "exit_code": "many"}\n{"at": "x", "ev\xff'
        )
    (tmp_path / "notes.jsonl").write_text("{}")
    commandledger.end(path, "another", 0)
    (command,) = here.commands()
    assert (command.id, command.exit_code) == ("one", None)


def test_the_latest_is_of_the_newest_day_that_has_any(tmp_path: Path) -> None:
    here = CommandLedger(tmp_path)
    assert here.latest() is None
    rest = '"event": "begin", "arguments": [], "host": "h", "pid": 1, "born": ""'
    begun = f'{{{{"at": "2016-11-0{{}}", "command": "{{}}", {rest}}}}}\n'
    (tmp_path / "2016-11-01.jsonl").write_text(begun.format(1, "a"))
    (tmp_path / "2016-11-02.jsonl").write_text(begun.format(2, "b") + begun.format(2, "c"))
    (tmp_path / "2016-11-03.jsonl").write_text("")
    found = here.latest()
    assert found is not None
    assert found.id == "c"
    assert [one.id for one in here.commands()] == ["a", "b", "c"]
    assert [one.id for one in here.commands(last=dt.date(2016, 11, 1))] == ["a"]
