"""``ciss status`` up to today: nights that left nothing, the last command, and what main's months hold."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BillingFault
from ciss_luigi.state.ledger import Outcome
from tests.command import MAIN, Place, name_of
from tests.helpers import CISS, Answer, clean, run, typed

pytestmark = pytest.mark.whole

DATE = "2016-11-05"
TODAY = dt.datetime.now().astimezone().date()


def ago(days: int) -> RunDate:
    """The date so many days before today, by this host's clock."""
    return RunDate(TODAY - dt.timedelta(days=days))


def begun(place: Place, *dates: RunDate) -> None:
    for date in dates:
        site.load({}, place.folder).ledger.start(date, "TruncateTemp")


def asked_for(place: Place, *dates: RunDate) -> None:
    """Commands that began today and ended before their first step."""
    ledger = site.load({}, place.folder).commands
    for date in dates:
        ledger.begin(f"command-{date}", ["--module", "ciss_luigi", "MergeMain", "--date", str(date)])


def status(place: Place, *arguments: str) -> Answer:
    return typed(place.folder, "status", *arguments)


def document(place: Place, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(status(place, *arguments, "--json").out)
    return found


def dates(place: Place, *arguments: str) -> list[str]:
    return [one["date"] for one in document(place, *arguments)["dates"]]


# --- nights -------------------------------------------------------------------------------------------


def test_nights_that_left_nothing_are_missing_up_to_today(place: Place) -> None:
    begun(place, ago(5), ago(4))
    assert dates(place) == [str(ago(days)) for days in (5, 4, 3, 2, 1, 0)]
    answer = status(place).expect(1, "6 dates: 2 killed, 4 missing", f"missing: {ago(3)} to {ago(0)}")
    assert f"--start {ago(3)} --stop {ago(-1)} " in answer.out


def test_a_site_that_runs_ahead_of_today_misses_a_night_all_the_same(place: Place) -> None:
    begun(place, ago(3), ago(2), ago(-1))
    assert dates(place) == [str(ago(days)) for days in (3, 2, 1, 0, -1)]
    status(place).expect(1, f"missing: {ago(1)} to {ago(0)}")


def test_nights_that_never_began_a_step_are_missing(place: Place) -> None:
    """Each ended with 20, since the first one; a command for an old date is no night."""
    for date in (ago(2), ago(0)):
        place.merge(str(date)).explained(20)
    place.merge("2016-01-05").explained(20)
    assert dates(place) == [str(ago(days)) for days in (2, 1, 0)]
    status(place).expect(1, "3 dates: 3 missing", f"missing: {ago(2)} to {ago(0)}", "sources are missing")


@pytest.mark.parametrize("nights", [(2, 1, 0), (0,)], ids=["three nights", "one try by hand"])
def test_nights_without_a_step_are_missing_at_a_site_of_old_dates_too(
    nights: tuple[int, ...], place: Place
) -> None:
    run(place.folder, DATE)
    status(place).expect(0, "1 date: 1 done")
    for days in nights:
        asked_for(place, ago(days))
    assert dates(place) == [DATE, *(str(ago(days)) for days in nights)]
    status(place).expect(1, f"{len(nights) + 1} dates: 1 done, {len(nights)} missing")
    answer = typed(place.folder).expect(0, f"{ago(0)}", "not merged (missing)")
    assert "All is merged" not in answer.out


def test_a_night_that_left_nothing_before_the_first_that_did_is_missing(place: Place) -> None:
    asked_for(place, ago(3))
    begun(place, ago(1))
    assert dates(place) == [str(ago(days)) for days in (3, 2, 1, 0)]
    assert dates(place, "--to", str(ago(2))) == [str(ago(3)), str(ago(2))]


def test_a_backfill_that_was_asked_for_today_is_no_night(place: Place) -> None:
    run(place.folder, DATE)
    asked_for(place, RunDate.parse(DATE), RunDate.parse("2017-03-20"))
    assert dates(place) == [DATE]


def test_the_first_days_of_the_calendar_and_days_to_come_have_no_nights(place: Place) -> None:
    begun(place, ago(1))
    assert dates(place, "--to", "0001-01-05") == []
    later = ago(-9)
    status(place, "--from", str(later)).expect(1, f"not yet due, and left out: {later}")


def test_a_night_between_two_others_is_missing(place: Place) -> None:
    begun(place, ago(3), ago(1), ago(0))
    assert dates(place) == [str(ago(days)) for days in (3, 2, 1, 0)]


def test_after_weeks_of_silence_all_days_since_the_last_night_are_missing(place: Place) -> None:
    begun(place, ago(40))
    ledger = place.state / "ledger" / f"{ago(40)}.jsonl"
    ledger.write_text(ledger.read_text().replace(str(dt.datetime.now(dt.UTC).date()), str(ago(40))))
    assert len(dates(place)) == 41
    status(place).expect(1, f"missing: {ago(39)} to {ago(0)}")


def test_a_range_without_an_end_goes_on_to_today(place: Place) -> None:
    begun(place, ago(3))
    assert dates(place, "--from", str(ago(4))) == [str(ago(days)) for days in (4, 3, 2, 1, 0)]
    assert dates(place, "--to", str(ago(2))) == [str(ago(3)), str(ago(2))]


def test_a_site_that_ran_only_old_dates_has_no_nights_to_miss(place: Place) -> None:
    begun(place, RunDate.parse(DATE), RunDate.parse("2017-01-02"))
    assert dates(place) == [DATE, "2017-01-02"]


def test_the_same_command_is_named(place: Place) -> None:
    ledger = site.load({}, place.folder).ledger
    date = RunDate.parse(DATE)
    error = "there is too little memory\nState: nothing\nNext:  set memory_limit, then the same command again"
    ledger.end(date, ledger.start(date, "BuildTemp"), Outcome.FAILED, error)
    answer = status(place).expect(
        1, f"Next:  set memory_limit, then luigi --module ciss_luigi MergeMain --date {DATE}"
    )
    assert "same command" not in answer.out


# --- the last command ---------------------------------------------------------------------------------


def test_the_last_command_is_said_with_its_exit_code_and_reason(place: Place) -> None:
    place.merge("2017-03-20").explained(20)
    answer = status(place).expect(1, "last command: luigi --module ciss_luigi MergeMain --date 2017-03-20")
    assert "ended with exit code 20\n" in answer.out
    assert "2017-03-20: " in answer.out
    assert "no row for 2017-03" in answer.out
    command = document(place)["last_command"]
    assert (command["state"], command["exit_code"]) == ("ended", 20)


@pytest.mark.slow
def test_a_command_that_ended_well_needs_no_reason(place: Place) -> None:
    place.merge(DATE).explained(0)
    lines = status(place).expect(0).out.splitlines()
    (index,) = [number for number, line in enumerate(lines) if line.startswith("last command: ")]
    assert lines[index + 1].startswith("  began ")
    assert lines[index + 1].endswith("ended with exit code 0")
    assert lines[index + 2] == ""


def test_a_command_that_was_killed_is_told_from_one_that_runs(place: Place) -> None:
    ledger = site.load({}, place.folder).commands
    ledger.begin("one", ["MergeMain"])
    assert document(place)["last_command"]["state"] == "running"
    (path,) = (place.state / "ledger" / "commands").iterdir()
    path.write_text(path.read_text().replace(f'"pid": {os.getpid()}', '"pid": 1'))
    assert document(place)["last_command"]["state"] == "killed"
    assert "and was killed" in status(place).out


# --- main's months ------------------------------------------------------------------------------------


def test_the_run_that_main_holds_is_said_by_month(place: Place) -> None:
    run(place.folder, DATE)
    run(place.folder, "2016-11-09")
    run(place.folder, "2016-11-08")
    run_id = place.read_marker("2016-11-09", "MergeMain")["run_id"]
    status(place).expect(0, f"main's 2016-11 holds the run {run_id}\n")
    held = {one["month"]: (one["date"], one["rolled_back_from"]) for one in document(place)["main"]}
    assert held == {"2016-10": (DATE, None), "2016-11": ("2016-11-09", None)}


@pytest.mark.slow
def test_what_main_holds_is_told_truly_after_the_marker_was_removed(place: Place) -> None:
    run(place.folder, DATE)
    run(place.folder, "2016-11-23")
    (held,) = place.query(f"SELECT DISTINCT run_id FROM mnaas.{MAIN} WHERE month_year = '2016-11'")
    assert held[0].startswith("2016-11-23-")
    typed(place.folder, "reset", "--date", "2016-11-23").expect(0)
    assert f"main's 2016-11 holds the run {held[0]}\n" in status(place).out


def test_a_main_that_is_rolled_back_is_said_until_a_newer_night(place: Place) -> None:
    run(place.folder, DATE)
    run(place.folder, "2016-11-09")
    typed(place.folder, "reset", "--date", DATE, "--roll-back").expect(0)
    status(place).expect(1, f"{DATE} unfinished")
    run(place.folder, DATE)
    words = f"main's 2016-11 is rolled back from 2016-11-09 to {DATE}, until a newer night is merged"
    status(place).expect(0, words)
    status(place, "--from", DATE, "--to", DATE).expect(0, words)
    run(place.folder, "2016-11-10")
    assert "rolled back" not in status(place).expect(0).out


# --- alike dates --------------------------------------------------------------------------------------


def test_dates_that_failed_alike_are_one_block(place: Place) -> None:
    ledger = site.load({}, place.folder).ledger
    for day in range(1, 29):
        date = RunDate.parse(f"2016-11-{day:02d}")
        words = str(BillingFault(f"MergeMain of {date}: no rate for 2016-11", next_command=f"again {date}"))
        ledger.end(date, ledger.start(date, "MergeMain"), Outcome.FAILED, words)
    answer = status(place, "--from", "2016-11-01", "--to", "2016-11-28").expect(1, "28 dates: 28 failed")
    assert answer.out.count("no rate for 2016-11") == 1
    assert "2016-11-28 failed: " in answer.out
    assert "    the same: 2016-11-01 to 2016-11-27\n" in answer.out
    assert len(answer.out.splitlines()) < 20


# --- hostile state ------------------------------------------------------------------------------------


def test_a_tampered_state_cannot_forge_a_line(place: Place) -> None:
    run(place.folder, DATE)
    forged = "x\n2016-11-30 done: all is well"
    marker = place.marker(DATE, "MergeMain")
    values = json.loads(marker.read_text())
    marker.write_text(json.dumps(values | {"empty_sources": [forged], "host": forged}))
    ledger = place.state / "ledger" / f"{DATE}.jsonl"
    entry = {"at": forged, "event": "start", "attempt": "a", "step": "MergeMain", "host": forged, "pid": 1}
    other = place.state / "ledger" / "2016-11-06.jsonl"
    other.write_text(json.dumps(entry))
    ended = entry | {"event": "end", "outcome": "failed", "error": forged}
    ledger.write_text("\n".join(json.dumps(one) for one in (entry, ended)))
    commands = place.state / "ledger" / "commands" / "2016-11-06.jsonl"
    commands.parent.mkdir()
    begin = {"event": "begin", "command": "c", "arguments": [forged], "born": "", **entry}
    note = {"event": "note", "command": "c", "text": forged, "at": forged}
    commands.write_text(
        "\n".join(
            json.dumps(one | {"event": one["event"]})
            for one in (
                begin | {"event": "begin"},
                note,
                {"at": forged, "event": "end", "command": "c", "exit_code": 30},
            )
        )
    )
    for arguments in ((), ("--from", DATE, "--to", DATE), ("--from", "2016-11-06", "--to", "2016-11-06")):
        out = status(place, *arguments).out
        assert "all is well" in out
        assert not [line for line in out.splitlines() if line.startswith("2016-11-30")]


@pytest.mark.parametrize("name", ["ledger/2016-11-05.jsonl", "locks/date-2016-11-05.lock"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(name: str, place: Place) -> None:
    run(place.folder, DATE)
    path = place.state / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    answer = status(place).expect(0, "1 done")
    assert answer.err.count("is ignored: it is not a plain file") == name.startswith("ledger")


# --- a narrow terminal --------------------------------------------------------------------------------


def on_terminal(folder: Path, columns: int, *arguments: str) -> list[str]:
    """The lines that ``ciss`` shows on a terminal of so many columns, without colours."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [str(CISS), *arguments],
        cwd=folder,
        env=clean(folder, TERM="xterm", NO_COLOR="1", LC_ALL="C.UTF-8"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:  # the other side has closed
            break
    process.wait(90)
    os.close(master)
    text = shown.decode()
    for sequence in ("\x1b[1m", "\x1b[0m"):
        text = text.replace(sequence, "")
    return text.replace("\r", "").split("\n")


def test_at_60_columns_the_marks_stand_under_their_days(place: Place) -> None:
    begun(place, RunDate.parse("2016-11-05"), RunDate.parse("2016-11-30"))
    lines = on_terminal(place.folder, 60, "status")
    assert max(map(len, lines[:4])) <= 60
    assert lines[0].split() == ["2016-11", "1", "5", "10", "15", "20", "25", "30"]
    assert (lines[1][lines[0].index(" 5 ") + 1], lines[1][lines[0].index("30")]) == ("†", "†")


@pytest.mark.slow
def test_at_60_columns_no_amount_is_broken(place: Place) -> None:
    place.query(f"UPDATE mnaas.{name_of('register')} SET amount = amount * 1000000000")
    run(place.folder, DATE)
    lines = on_terminal(place.folder, 60, "status", "--from", DATE, "--to", DATE)
    amounts = place.read_marker(DATE, "MergeMain")["months"][1]["totals"]
    for amount in (amounts["GBP"]["total_charge"], amounts["USD"]["total_charge"]):
        assert any(amount in line.replace(",", "") for line in lines)
    assert max(map(len, [line for line in lines if "total_charge" in line])) <= 60
