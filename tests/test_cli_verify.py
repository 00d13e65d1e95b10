"""``ciss verify``: main against the marker, and why it differs."""

from __future__ import annotations

import json

import pytest

from tests.command import MAIN, Place, name_of
from tests.helpers import Answer, ciss, impatient, in_use, run, typed

DATE = "2016-11-05"


@pytest.fixture
def merged(place: Place) -> Place:
    """A site on which 2016-11-05 is merged: months 2016-10 and 2016-11, GBP and USD."""
    run(place.folder, DATE)
    return place


def verify(place: Place, date: str = DATE) -> Answer:
    return typed(place.folder, "verify", "--date", date)


def test_an_untouched_main_agrees(merged: Place) -> None:
    answer = ciss(merged.folder, "verify", "--date", DATE)
    answer.expect(0, "2016-10: main holds what MergeMain's marker says, 6 rows", "2016-11: main holds")
    assert answer.err == ""


def test_an_amount_that_was_changed_is_shown_with_both_sides(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET total_charge_usd = total_charge_usd + 1 WHERE currency = 'USD'")
    answer = verify(merged).expect(1, "main does not hold what MergeMain's marker of 2016-11-05 says")
    assert "2016-11 'USD': total_charge_usd is " in answer.out
    assert " in MergeMain's marker, " in answer.out
    assert "'GBP'" not in answer.out
    assert "the sources have not moved since: main itself was changed" in answer.out


def test_rows_that_went_are_a_difference(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{MAIN} WHERE month_year = '2016-10'")
    answer = verify(merged).expect(1, "2016-10: rows is 6 in MergeMain's marker, 0 in main")
    assert (
        f"Next:  ciss reset --date {DATE} && luigi --module ciss_luigi MergeMain --date {DATE}" in answer.out
    )


def test_sources_that_moved_alone_are_no_difference(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{name_of('overage')} SET charge = charge + 1")
    verify(merged).expect(0)


def test_sources_that_moved_since_are_said_with_both_sides(merged: Place) -> None:
    merged.query(
        f"UPDATE mnaas.{MAIN} SET overage_charge = overage_charge + 1, total_charge = total_charge + 1"
    )
    merged.query(f"DELETE FROM mnaas.{name_of('overage')} WHERE partition_date = '2016-10'")
    answer = verify(merged).expect(1, "the sources have moved since:")
    moved = answer.out.partition("the sources have moved since:")[2]
    assert "2016-10: source_rows is 24 in MergeMain's marker, 18 in the sources" in moved
    assert "2016-10 'GBP': overage_charge is " in moved
    assert "2016-11" not in moved.partition("Next:")[0]


def test_source_rows_without_a_currency_are_no_currency_called_none(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{MAIN} WHERE month_year = '2016-10'")
    merged.query(f"UPDATE mnaas.{name_of('overage')} SET currency = NULL WHERE partition_date = '2016-10'")
    merged.query(f"UPDATE mnaas.{name_of('service')} SET currency = '' WHERE partition_date = '2016-10'")
    moved = verify(merged).expect(1).out.partition("the sources have moved since:")[2]
    assert "2016-10 '': only the sources " in moved
    assert "None" not in moved
    assert "source_rows" not in moved


def test_sources_that_are_gone_are_said(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{MAIN}")
    merged.query(f"DROP TABLE mnaas.{name_of('overage')}")
    verify(merged).expect(1, "whether the sources have moved since is not known", name_of("overage"))


def test_whoever_superseded_a_month_since_is_named(merged: Place) -> None:
    run(merged.folder, "2016-11-09")
    run_id = merged.read_marker("2016-11-09", "MergeMain")["run_id"]
    answer = verify(merged).expect(1, f"2016-11 was superseded by the run for 2016-11-09 (run_id {run_id})")
    assert "2016-10 was" not in answer.out
    assert "the sources" not in answer.out
    assert "Next:  ciss verify --date 2016-11-09\n" in answer.out


def test_the_same_date_written_anew_is_told_from_a_newer_one(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET run_id = 'other'")
    verify(merged).expect(1, f"2016-11 was written anew by the run for {DATE} (run_id other)")


def test_a_month_superseded_at_the_merge_is_said_and_not_compared(merged: Place) -> None:
    run(merged.folder, "2016-11-03")
    answer = verify(merged, "2016-11-03").expect(0, "2016-10: superseded; when 2016-11-03 was merged")
    assert "2016-11-03 merged no month: nothing to compare" in answer.out


def test_without_a_marker_the_answer_is_no_with_the_next_command(place: Place) -> None:
    answer = verify(place).explained(1, f"{DATE} has no valid marker of MergeMain")
    assert answer.err.endswith(f"Next:  luigi --module ciss_luigi MergeMain --date {DATE}\n")


def test_a_marker_that_rests_on_another_build_does_not_count(merged: Place) -> None:
    marker = merged.marker(DATE, "BuildTemp")
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"run_id": "other"}))
    verify(merged).explained(1, "rests on another build than BuildTemp's")


def test_a_torn_marker_is_named_in_one_warning(merged: Place) -> None:
    merged.marker(DATE, "MergeMain").write_text("{")
    answer = verify(merged).explained(1, "has no valid marker")
    assert answer.err.count("MergeMain.json is ignored") == 1


def test_a_marker_with_a_month_that_is_none_reaches_no_statement(merged: Place) -> None:
    marker = merged.marker(DATE, "MergeMain")
    marker.write_text(marker.read_text().replace('"2016-10"', "\"2016-10') OR ('1'='1\""))
    verify(merged).explained(1, "is ignored", "is no month", "has no valid marker")


def test_a_main_that_is_gone_differs(merged: Place) -> None:
    merged.query(f"DROP TABLE mnaas.{MAIN}")
    verify(merged).expect(1, f"there is no table mnaas.{MAIN}")


def test_a_warehouse_that_is_gone_is_away_and_is_not_made(merged: Place) -> None:
    merged.warehouse.unlink()
    answer = verify(merged).explained(35, f"there is no duckdb {merged.warehouse}", "main was not looked at")
    assert f"Next:  put the file back, or mend warehouse_url, then: ciss verify --date {DATE}" in answer.err
    assert "reset" not in answer.out + answer.err
    assert not merged.warehouse.exists()


def test_a_main_without_the_columns_is_a_no(merged: Place) -> None:
    merged.query(f"ALTER TABLE mnaas.{MAIN} DROP COLUMN run_id")
    verify(merged).explained(1, "run_id", "State: nothing was changed", f"Next:  ciss check --date {DATE}")


def test_a_warehouse_in_use_is_away(merged: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    with in_use(merged.warehouse) as pid:
        verify(merged).explained(35, "is in use by another program", f"(pid {pid})")


def test_text_in_main_cannot_command_the_terminal(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET run_id = chr(27) || '[2J[bold]x', currency = 'G' || chr(155)")
    answer = verify(merged).expect(1, "\\x1b[2J[bold]x", "G\\x9b")
    assert "\x1b" not in answer.out
    assert "\x9b" not in answer.out


def test_it_writes_nothing(merged: Place) -> None:
    before = {path: path.stat().st_mtime_ns for path in merged.folder.rglob("*") if path.is_file()}
    verify(merged).expect(0)
    assert {path: path.stat().st_mtime_ns for path in merged.folder.rglob("*") if path.is_file()} == before
