"""``ciss status``: the calendar, what needs attention, and the JSON document."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BillingFault
from ciss_luigi.site import Site
from ciss_luigi.state.ledger import Outcome
from ciss_luigi.state.markers import Step
from tests.command import Place, name_of, wait_until
from tests.helpers import Answer, ciss, in_use, run, running, typed

pytestmark = pytest.mark.whole

DATE = "2016-11-05"
HOSTILE = "\x1b]0;x\x07 [bold]broke[/bold] :smile:"


def status(place: Place, *arguments: str) -> Answer:
    return typed(place.folder, "status", *arguments)


def of_one(place: Place, date: str = DATE) -> dict[str, Any]:
    """What the document says of one date."""
    answer = typed(place.folder, "status", "--from", date, "--to", date, "--json")
    document = json.loads(answer.out)
    assert answer.code == (0 if document["all_merged"] else 1)
    (found,) = document["dates"]
    return dict(found)


def here(place: Place) -> Site:
    return site.load({}, place.folder)


def states(found: dict[str, Any]) -> list[str]:
    return [step["state"] for step in found["steps"]]


def spoil_rates(place: Place) -> None:
    place.query(f"DELETE FROM mnaas.{name_of('rate')} WHERE cal_month < '2016-12'")


# --- text ---------------------------------------------------------------------------------------------


def test_a_site_without_any_state_says_so_and_what_to_type(place: Place) -> None:
    words = f"no step of any date has begun yet ({place.state} holds none)"
    answer = ciss(place.folder, "status").expect(1, words)
    assert answer.out.endswith("Next:  ciss\n")
    assert not place.state.exists()


def test_a_merged_date_shows_its_totals(place: Place) -> None:
    run(place.folder, DATE)
    answer = ciss(place.folder, "status", "--from", DATE, "--to", DATE)
    answer.expect(0, "1 date: 1 done", "2016-11: 6 rows from 24 source rows", "total_charge_usd", "GBP")
    amounts = place.read_marker(DATE, "MergeMain")["months"][1]["totals"]["GBP"]
    assert amounts["register_charge"] in answer.out.replace(",", "")
    assert answer.err == ""


def test_the_calendar_has_a_line_per_step_and_a_column_per_day(place: Place) -> None:
    run(place.folder, DATE)
    run(place.folder, "2016-11-09", Step.BUILD)
    lines = status(place).expect(1).out.splitlines()
    assert lines[0].split() == ["2016-11", "1", "5", "10", "15", "20", "25", "30"]
    of_day = {day: lines[0].index(f" {day} ") + 1 for day in (5, 10)}
    assert lines[1][of_day[5]] == lines[3][of_day[5]] == "✓"
    assert lines[2][of_day[10] - 2] == "✓"
    assert lines[3][of_day[10] - 2] == "·"
    assert lines[3].split() == ["MergeMain", "✓", "·"]


def test_without_a_range_the_last_14_dates_with_any_state_are_shown(place: Place) -> None:
    ledger = here(place).ledger
    for day in range(1, 21):
        ledger.start(RunDate.parse(f"2016-11-{day:02d}"), "TruncateTemp")
    document = json.loads(status(place, "--json").out)
    assert [one["date"] for one in document["dates"]] == [f"2016-11-{day:02d}" for day in range(7, 21)]
    until = json.loads(status(place, "--to", "2016-11-03", "--json").out)
    assert [one["date"] for one in until["dates"]] == ["2016-11-01", "2016-11-02", "2016-11-03"]


def test_missing_dates_are_said_as_spans_with_the_command_for_the_first(place: Place) -> None:
    run(place.folder, DATE)
    answer = status(place, "--from", "2016-11-02", "--to", "2016-11-06")
    answer.expect(1, "5 dates: 1 done, 4 missing", "missing: 2016-11-02 to 2016-11-04, 2016-11-06")
    assert (
        "RangeDaily --of MergeMain --start 2016-11-02 --stop 2016-11-05 --local-scheduler, then ciss status\n"
        in answer.out
    )


def test_a_range_of_merged_dates_is_a_yes(place: Place) -> None:
    run(place.folder, DATE)
    run(place.folder, "2016-11-06")
    status(place).expect(0, "2 dates: 2 done")
    status(place, "--from", DATE).expect(0)
    status(place, "--from", "2016-11-04").expect(1)


def test_of_several_dates_each_merged_one_has_a_line_with_its_totals(place: Place) -> None:
    run(place.folder, DATE)
    run(place.folder, "2016-11-06")
    run(place.folder, "2016-11-07", Step.BUILD)
    found = status(place).expect(1).out.splitlines()
    assert found[5].startswith("✓ done")
    assert found[6] == found[10] == ""
    assert found[11] == "3 dates: 2 done, 1 unfinished"
    assert found[7].split() == ["merged", "months", "rows", "US", "dollars"]
    assert found[8].split() == [DATE, "2016-10,", "2016-11", "12", in_dollars(place, DATE)]
    assert found[9].split() == ["2016-11-06", "2016-11", "6", in_dollars(place, "2016-11-06")]
    assert len({len(line) for line in found[7:10]}) == 1
    assert max(map(len, found[7:10])) <= len("MergeMain     ") + 2 * 31


def in_dollars(place: Place, date: str) -> str:
    """What a date merged in US dollars, thousands apart."""
    months = place.read_marker(date, "MergeMain")["months"]
    amounts = [Decimal(one["total_charge_usd"]) for month in months for one in month["totals"].values()]
    return f"{sum(amounts):,f}"


def test_a_failed_date_shows_the_error_and_what_to_do(place: Place) -> None:
    spoil_rates(place)
    with pytest.raises(BillingFault):
        run(place.folder, DATE)
    answer = status(place).expect(1, f"{DATE} failed: BuildTemp at ", "no GBP rate for ", "    State: ")
    assert answer.out.count("Next:") == 1
    assert "✗" in answer.out


def test_an_unfinished_date_says_which_steps_are_done(place: Place) -> None:
    run(place.folder, DATE, Step.BUILD)
    answer = status(place).expect(1, f"{DATE} unfinished: of its steps only TruncateTemp and BuildTemp done")
    assert f"Next:  luigi --module ciss_luigi MergeMain --date {DATE} --local-scheduler\n" in answer.out
    assert "built, but not merged" in answer.out


def test_a_date_that_runs_names_who_runs_it(place: Place) -> None:
    run(place.folder, DATE, Step.TRUNCATE)
    with running(place.folder, DATE, Step.BUILD) as process:
        answer = status(place).expect(1)
        assert re.search(rf"{DATE} running: BuildTemp for \d+ s, pid {process.pid} on ", answer.out)
        found = of_one(place)
    assert (found["state"], states(found)) == ("running", ["done", "running", "missing"])
    assert found["running"]["pid"] == process.pid
    assert "Next:" not in answer.out


def test_a_date_whose_run_was_killed_says_where_it_was(place: Place) -> None:
    run(place.folder, DATE, Step.TRUNCATE)
    with running(place.folder, DATE, Step.BUILD):
        pass
    worker = of_one(place)["steps"][1]["pid"]
    answer = status(place).expect(1, f"{DATE} killed: BuildTemp began at ")
    assert f"(pid {worker}) and never ended\n    Next:  luigi --module" in answer.out
    assert of_one(place)["running"] is None


def test_what_a_killed_run_began_does_not_run_because_another_has_the_date_now(place: Place) -> None:
    with running(place.folder, DATE, Step.BUILD):
        pass
    time.sleep(1.1)  # a lock says in whole seconds since when it is held
    lock = here(place).date_lock(RunDate.parse(DATE))
    with lock.waited():
        found = of_one(place)
    assert (found["state"], states(found)[1]) == ("running", "killed")


def test_a_stopped_date_is_told_from_a_failed_one(place: Place) -> None:
    ledger, date = here(place).ledger, RunDate.parse(DATE)
    ledger.end(date, ledger.start(date, "BuildTemp"), Outcome.STOPPED, "stopped by SIGTERM")
    status(place).expect(1, f"{DATE} stopped: BuildTemp at ", "    stopped by SIGTERM")


def test_many_dates_that_need_attention_are_not_all_told_in_full(place: Place) -> None:
    ledger = here(place).ledger
    for day in range(1, 15):
        ledger.start(RunDate.parse(f"2016-11-{day:02d}"), "TruncateTemp")
    answer = status(place).expect(1, "14 dates: 14 killed", "and 4 earlier dates not merged")
    assert answer.out.count("never ended") == 10


def test_superseded_and_left_out_months_and_empty_sources_are_said(place: Place) -> None:
    place.configure(required_sources="register")
    place.query(f"DELETE FROM mnaas.{name_of('billable')}")
    run(place.folder, "2017-02-01")
    run(place.folder, "2017-01-31")
    answer = status(place, "--from", "2017-02-01", "--to", "2017-02-01")
    answer.expect(
        0, "not built (not all required sources had rows): 2017-02", "sources without rows: billable"
    )
    status(place, "--from", "2017-01-31", "--to", "2017-01-31").expect(
        0, "not published (main has a newer run): 2017-01"
    )
    assert of_one(place, "2017-01-31")["superseded"] == ["2017-01"]


@pytest.mark.slow
def test_of_several_dates_each_says_what_it_left_alone_and_alike_ones_share_a_line(place: Place) -> None:
    run(place.folder, "2017-02-05")
    for day in ("2017-01-29", "2017-01-30", "2017-02-04"):
        run(place.folder, day)
    lines = status(place).expect(0, "4 dates: 4 done").out.splitlines()
    assert lines[-3:] == [
        "2017-01-29 to 2017-01-30: 2017-01 not published: main has a newer run",
        "2017-02-04: 2017-01 not published: main has a newer run; 2017-02 not built: no source rows",
        "2017-02-05: 2017-02 not built: no source rows",
    ]
    run(place.folder, DATE)
    assert "not published" not in status(place, "--from", DATE, "--to", "2016-11-06").out


def test_of_several_dates_sources_without_rows_are_named(place: Place) -> None:
    place.query(f"DELETE FROM mnaas.{name_of('service')}")
    run(place.folder, DATE, Step.BUILD)
    run(place.folder, "2016-11-07")
    found = status(place).expect(1).out
    assert found.endswith(
        "2016-11-05: sources without rows: service\n2016-11-07: sources without rows: service\n"
    )


# --- running ------------------------------------------------------------------------------------------


def test_how_far_a_step_is_can_be_judged_by_the_last_one(place: Place) -> None:
    run(place.folder, "2016-11-04")
    run(place.folder, DATE, Step.TRUNCATE)
    with running(place.folder, DATE, Step.BUILD):
        answer = status(place).expect(1)
    assert re.search(r"BuildTemp for \d+ s \(the last one took \d+ s\), pid", answer.out)


def test_a_date_that_waits_for_the_warehouse_before_its_first_step_is_shown(place: Place) -> None:
    with in_use(place.warehouse):
        waiting = place.merging(DATE)
        wait_until(lambda: here(place).date_lock(RunDate.parse(DATE)).holder())
        words = f"{DATE} running: before its first step, pid {waiting.pid} on "
        status(place).expect(1, "1 date: 1 running", words)
        (found,) = json.loads(status(place, "--json").out)["dates"]
        assert (found["state"], found["running"]["pid"]) == ("running", waiting.pid)
        assert place.attempts(DATE) == []
        waiting.end()
    status(place).expect(1, "no step of any date has begun yet")


def test_dates_that_run_are_shown_beside_the_last_14(place: Place) -> None:
    for day in range(1, 21):
        here(place).ledger.start(RunDate.parse(f"2016-11-{day:02d}"), "TruncateTemp")
    (place.state / "locks").mkdir()
    (place.state / "locks" / "date-no-date.lock").write_text("{}")
    with here(place).date_lock(RunDate.parse("2010-12-31")).waited():
        shown = [one["date"] for one in json.loads(status(place, "--json").out)["dates"]]
        early = [
            one["date"] for one in json.loads(status(place, "--to", "2010-12-30", "--json").out)["dates"]
        ]
    assert shown == ["2010-12-31", *(f"2016-11-{day:02d}" for day in range(7, 21))]
    assert early == []


# --- looking ------------------------------------------------------------------------------------------


def test_it_neither_opens_the_engine_nor_takes_a_lock_nor_writes(place: Place) -> None:
    run(place.folder, DATE)
    locks = place.state / "locks"
    before = {path: path.stat().st_mtime_ns for path in place.folder.rglob("*")}
    with in_use(place.warehouse):
        status(place, "--from", "2016-11-01", "--to", "2016-11-07").expect(1)
    assert {path: path.stat().st_mtime_ns for path in place.folder.rglob("*")} == before
    assert not (locks / "date-2016-11-01.lock").exists()


def test_a_marker_that_does_not_count_is_named_and_its_step_is_missing(place: Place) -> None:
    run(place.folder, DATE)
    place.marker(DATE, "MergeMain").write_text('{"task": "MergeMain"}')
    answer = status(place).expect(1, f"{DATE} unfinished")
    assert answer.err.count("is ignored") == 1
    assert states(of_one(place)) == ["done", "done", "missing"]


def test_a_merge_that_rests_on_another_build_is_not_done(place: Place) -> None:
    run(place.folder, DATE)
    marker = place.marker(DATE, "BuildTemp")
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"run_id": "other"}))
    assert (of_one(place)["state"], states(of_one(place))) == ("unfinished", ["done", "done", "missing"])


def test_a_merged_date_stays_done_without_its_earlier_markers(place: Place) -> None:
    run(place.folder, DATE)
    place.marker(DATE, "BuildTemp").unlink()
    assert of_one(place)["state"] == "done"


def test_a_state_dir_that_cannot_be_read_is_a_fault_of_the_configuration(place: Place) -> None:
    place.configure(state_dir="luigi.cfg/state")
    status(place).explained(40, "[ciss] state_dir: ", "luigi.cfg/state cannot be read: Not a directory")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2016-11-06", "--to", DATE], f"--from 2016-11-06 is later than --to {DATE}"),
        (["--from", "0001-01-01", "--to", "9999-12-31"], "at most 10000 are shown at once"),
        (["--from", "yesterday"], "'yesterday' is not a date"),
    ],
)
def test_a_range_that_is_none_is_a_mistake_of_usage(arguments: list[str], words: str, place: Place) -> None:
    assert words in status(place, *arguments).expect(2).err


# --- json ---------------------------------------------------------------------------------------------


def test_the_document_has_the_keys_that_are_promised(place: Place) -> None:
    run(place.folder, DATE)
    document = json.loads(ciss(place.folder, "status", "--json").expect(0).out)
    assert set(document) == {
        "format", "state_dir", "warehouse", "database", "main_table", "all_merged", "last_command", "main",
        "dates", "not_due",
    }  # fmt: skip
    assert document["format"] == 1
    (date,) = document["dates"]
    assert set(date) == {
        "date", "state", "run_id", "steps", "months_from", "months", "superseded", "left_out",
        "empty_sources", "odd_rows", "running", "last_error",
    }  # fmt: skip
    step_keys = {"task", "state", "started_at", "finished_at", "host", "pid", "error"}
    assert [step["task"] for step in date["steps"]] == list(Step)
    assert all(set(step) == step_keys for step in date["steps"])


def test_every_key_of_the_document_is_in_the_help(place: Place) -> None:
    run(place.folder, DATE)
    words = typed(place.folder, "status", "--help").out
    document = json.loads(status(place, "--json").out)
    date = document["dates"][0]
    for key in [*document, *document["main"][0], *date, *date["steps"][0], *date["months"][0]]:
        assert key in words


def test_the_document_repeats_the_marker_to_the_last_digit(place: Place) -> None:
    run(place.folder, DATE)
    marker, found = place.read_marker(DATE, "MergeMain"), of_one(place)
    assert found["months_from"] == "MergeMain"
    for key in ("months", "run_id", "superseded", "left_out", "empty_sources", "odd_rows"):
        assert found[key] == marker[key]
    assert found["steps"][2]["finished_at"] == marker["finished_at"]


def test_the_document_has_the_last_error_and_what_was_built(place: Place) -> None:
    run(place.folder, DATE, Step.BUILD)
    ledger, date = here(place).ledger, RunDate.parse(DATE)
    ledger.end(date, ledger.start(date, "MergeMain"), Outcome.FAILED, "main\nbroke")
    found = of_one(place)
    assert found["last_error"]["error"] == found["steps"][2]["error"] == "main\nbroke"
    assert (found["last_error"]["task"], found["last_error"]["outcome"]) == ("MergeMain", "failed")
    assert found["months_from"] == "BuildTemp"
    assert len(found["months"]) == 2


def test_a_date_without_any_state_is_missing_in_the_document(place: Place) -> None:
    found = of_one(place)
    assert (found["state"], states(found), found["months"]) == ("missing", ["missing"] * 3, [])
    assert found["run_id"] is found["running"] is found["last_error"] is None


# --- hostile text -------------------------------------------------------------------------------------


def test_text_in_markers_and_ledger_cannot_command_the_terminal(place: Place) -> None:
    run(place.folder, DATE)
    marker = place.marker(DATE, "MergeMain")
    marker.write_text(marker.read_text().replace('"GBP"', '"\\u001b[2J[red]G\\u202e"'))
    run(place.folder, "2016-11-06", Step.BUILD)
    ledger, date = here(place).ledger, RunDate.parse("2016-11-06")
    ledger.end(
        date, ledger.start(date, "MergeMain"), Outcome.FAILED, "\x1b]0;x\x07 [bold]broke[/bold] :smile:"
    )
    one = status(place, "--from", DATE, "--to", DATE).expect(0, "\\x1b[2J[red]G\\u202e")
    two = status(place).expect(1, "\\x1b]0;x\\x07 [bold]broke[/bold] :smile:")
    assert not {"\x1b", "\x07", "\u202e"} & set(one.out + two.out)


def test_the_document_is_ascii_whatever_the_markers_hold(place: Place) -> None:
    run(place.folder, DATE)
    marker = place.marker(DATE, "MergeMain")
    marker.write_text(marker.read_text().replace('"GBP"', '"\\u001b[2J\\udcff"'))
    answer = status(place, "--json").expect(0)
    assert answer.out.isascii()
    assert "\x1b" not in answer.out


FORGED = f"{DATE} merged: all is well"


def forge(path: Path, key: str) -> None:
    """Put a newline and a line that status might say behind a value, in each entry of a file."""
    entries = [json.loads(line) for line in path.read_text().splitlines() if line]
    assert entries
    assert key in entries[0]
    forged = [
        {name: f"{value}\n{FORGED}" if name == key else value for name, value in entry.items()}
        for entry in entries
    ]
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in forged))


def shows_as_one_line(answer: Answer) -> None:
    answer.expect(1, f"\\n{FORGED}")
    assert FORGED not in [line.strip()[: len(FORGED)] for line in answer.out.splitlines()]


@pytest.mark.parametrize("key", ["host", "at"])
@pytest.mark.parametrize("outcome", [None, Outcome.FAILED])
def test_an_attempts_host_and_times_cannot_begin_a_line(
    place: Place, key: str, outcome: Outcome | None
) -> None:
    ledger, date = here(place).ledger, RunDate.parse(DATE)
    attempt = ledger.start(date, "BuildTemp")
    if outcome:
        ledger.end(date, attempt, outcome, "broke")
    forge(place.state / "ledger" / f"{DATE}.jsonl", key)
    shows_as_one_line(status(place))


@pytest.mark.parametrize("key", ["host", "at"])
def test_nor_can_those_of_a_command(place: Place, key: str) -> None:
    forge(here(place).commands.begin("c0ffee", ["MergeMain"]), key)
    shows_as_one_line(status(place))


@pytest.mark.parametrize("key", ["host", "since"])
def test_nor_can_those_of_a_lock(place: Place, key: str) -> None:
    run(place.folder, DATE, Step.BUILD)
    lock = here(place).date_lock(RunDate.parse(DATE)).path
    lock.parent.mkdir(exist_ok=True)
    elsewhere = {"pid": 7, "host": "elsewhere", "since": "2016-11-05T01:02:03+00:00", "born": "1"}
    lock.write_text(f"{json.dumps(elsewhere)}\n")
    forge(lock, key)
    shows_as_one_line(status(place))


def test_a_lock_signed_with_nonsense_is_nobody(place: Place) -> None:
    run(place.folder, DATE, Step.BUILD)
    lock = here(place).date_lock(RunDate.parse(DATE)).path
    lock.parent.mkdir(exist_ok=True)
    lock.write_text('{"pid": "x", "host": []}')
    assert of_one(place)["state"] == "unfinished"
