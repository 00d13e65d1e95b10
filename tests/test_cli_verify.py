"""``ciss verify``: main against the marker, and why it differs."""

from __future__ import annotations

import json

import pytest

from ciss_luigi import commands
from ciss_luigi.queries import rowsapart
from ciss_luigi.sql.files import built_in
from tests.command import MAIN, TEMP, Place, name_of
from tests.helpers import Answer, ciss, impatient, in_use, run, typed

pytestmark = pytest.mark.whole

DATE = "2016-11-05"


@pytest.fixture
def merged(place: Place) -> Place:
    """A site on which 2016-11-05 is merged: months 2016-10 and 2016-11, GBP and USD."""
    run(place.folder, DATE)
    return place


def verify(place: Place, date: str = DATE) -> Answer:
    return typed(place.folder, "verify", "--date", date)


def test_an_untouched_main_agrees_to_the_last_row(merged: Place) -> None:
    answer = ciss(merged.folder, "verify", "--date", DATE)
    answer.expect(
        0,
        "2016-10: OK: main's totals match the run's record, and so does every row (6 rows)\n2016-11: OK",
        "\nthe sources have not changed since\n",
    )
    assert answer.err == ""


def test_without_the_run_in_temp_the_totals_alone_are_compared(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{TEMP}")
    answer = verify(merged).expect(0, "2016-11: OK: main's totals match the run's record (6 rows)\n")
    assert "temp no longer holds the run, so single rows could not be compared" in answer.out
    assert "the sources have not changed since" in answer.out


def test_an_amount_that_was_changed_is_shown_with_both_sides(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET total_charge_usd = total_charge_usd + 1 WHERE currency = 'USD'")
    answer = verify(merged).expect(1, "2016-11: main differs from the run's record")
    assert "2016-11 'USD': total_charge_usd is 343.3673 in the run's record, 346.3673 in main" in answer.out
    assert (
        "2016-11 / org1 / unit / offer1 / USD: total_charge_usd is 38.1519 in temp, 39.1519 in main\n"
        in answer.out
    )
    assert "GBP" not in answer.out
    assert "the sources have not changed since" in answer.out


def test_money_moved_between_two_customers_of_one_currency_is_found(merged: Place) -> None:
    for org, amount in (("org1", 100), ("org3", -100)):
        merged.query(
            f"UPDATE mnaas.{MAIN} SET total_charge = total_charge + {amount}, total_charge_usd = "
            f"total_charge_usd + {amount}, register_charge = register_charge + {amount} "
            f"WHERE org_id = '{org}' AND month_year = '2016-11'"
        )
    answer = verify(merged).expect(1, "2016-10: OK", "2016-11: main differs from the run's record")
    assert "2016-11: 2 of its rows differ between temp, as the run built them, and main" in answer.out
    assert "2016-11 / org3 / unit / offer0 / USD: register_charge is " in answer.out


@pytest.mark.parametrize("value", ["'other'", "NULL"])
def test_a_name_that_was_changed_is_found(value: str, merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET org_name = {value} WHERE org_id = 'org4'")
    answer = verify(merged).expect(1, "2016-11: 1 of its rows differ")
    assert f"org_name is '' in temp, {value.replace('NULL', 'None')} in main" in answer.out


def test_a_row_that_stands_twice_is_found(merged: Place) -> None:
    merged.query(f"INSERT INTO mnaas.{MAIN} SELECT * FROM mnaas.{MAIN} WHERE org_id = 'org4'")
    verify(merged).expect(
        1,
        "2016-11: rows is 6 in the run's record, 7 in main",
        "2016-11: 0 rows only in temp, 1 row only in main",
        "2016-11 / org4 / unit / offer1 / GBP: 0 rows only in temp, 1 row only in main",
    )


def test_rows_that_went_are_a_difference(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{MAIN} WHERE month_year = '2016-10'")
    answer = verify(merged).expect(1, "2016-10: rows is 6 in the run's record, 0 in main")
    assert f"Next:  {commands.publish_again(DATE)}" in answer.out


def test_what_follows_publishes_the_same_money_whatever_the_sources_say_now(merged: Place) -> None:
    good = merged.main()
    merged.query(f"UPDATE mnaas.{name_of('register')} SET amount = amount * 2")
    merged.query(f"UPDATE mnaas.{MAIN} SET org_name = 'other' WHERE org_id = 'org4'")
    verify(merged).expect(1, f"Next:  {commands.publish_again(DATE)}\n")
    typed(merged.folder, "reset", "--date", DATE, "--from-step", "merge").expect(0)
    run(merged.folder, DATE)
    assert merged.main() == good
    verify(merged).expect(0)


@pytest.mark.parametrize("lost", ["temp", "marker"])
def test_a_rebuild_from_todays_sources_is_called_one(lost: str, merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{MAIN} WHERE month_year = '2016-10'")
    if lost == "temp":
        merged.query(f"DELETE FROM mnaas.{TEMP}")
    else:
        merged.marker(DATE, "BuildTemp").unlink()
    words = f"Next:  to build {DATE} from today's sources, as temp no longer holds the run: "
    verify(merged).expect(1, f"{words}{commands.run_again(DATE)}\n")


def test_only_so_many_rows_are_shown(merged: Place) -> None:
    merged.query(
        f"INSERT INTO mnaas.{MAIN} SELECT main.* REPLACE ('x' || i AS org_id) "
        f"FROM mnaas.{MAIN} main, range(50) r(i) WHERE month_year = '2016-11'"
    )
    answer = verify(merged).expect(1, "2016-11: 0 rows only in temp, 300 rows only in main")
    assert answer.out.count("only in main\n") == 1 + rowsapart.SAMPLES


# --- the sources --------------------------------------------------------------------------------------


def test_sources_that_changed_are_no_difference_and_are_said(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{name_of('overage')} WHERE partition_date = '2016-10'")
    answer = verify(merged).expect(0, "the sources have changed since:\n", "no later night builds 2016-10;")
    assert "2016-10: source_rows is 24 in the run's record, 18 in the sources now" in answer.out
    assert "2016-10 'GBP': overage_charge is " in answer.out
    assert "2016-11 " not in answer.out


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE mnaas.{name_of('overage')} SET charge = CASE org_id WHEN 'org1' THEN charge + 1 "
        "WHEN 'org3' THEN charge - 1 ELSE charge END WHERE partition_date = '2016-11'",
        f"UPDATE mnaas.{name_of('rate')} SET avg_conv_rate = 1.5 WHERE cal_month = '2016-11'",
        f"INSERT INTO mnaas.{name_of('mapping')} VALUES "
        "('org1', 'One', 'unit', 'offer1', 'group', '2016-11-01', NULL)",
    ],
    ids=["between customers", "a rate", "the mapping"],
)
@pytest.mark.parametrize("temp", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_leaves_the_charges_totals_as_they_were_is_seen_too(
    change: str, temp: bool, merged: Place
) -> None:
    if not temp:
        merged.query(f"DELETE FROM mnaas.{TEMP}")
    merged.query(change)
    answer = verify(merged).expect(0, "2016-11: the totals are the same, but ", "would be different now")
    assert " in the run, " in answer.out or "only in the run" in answer.out
    assert "2016-10: the totals" not in answer.out


def test_a_month_that_no_later_night_builds_names_the_date_to_run_again(merged: Place) -> None:
    run(merged.folder, "2016-12-04")
    again = f"to take it up: {commands.run_again('2016-12-04')}\n"
    merged.query(f"UPDATE mnaas.{name_of('overage')} SET charge = charge + 1")
    answer = verify(merged).expect(0, "the sources have changed since:\n", "the next run takes up 2016-11\n")
    verify(merged, "2016-12-04").expect(0, "the sources have changed since; the next run takes it up:\n")
    assert f"no later night builds 2016-10; to take it up: {commands.run_again(DATE)}\n" in answer.out
    run(merged.folder, "2016-12-05")
    merged.query(f"UPDATE mnaas.{name_of('rate')} SET avg_conv_rate = 1.5")
    answer = verify(merged, "2016-12-05").expect(0, "the totals are the same, but ")
    assert f"no later night builds 2016-11; {again.replace('12-04', '12-05')}" in answer.out
    assert "the next run takes up 2016-12\n" in answer.out


def test_source_rows_without_a_currency_are_no_currency_called_none(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{name_of('overage')} SET currency = NULL WHERE partition_date = '2016-10'")
    merged.query(f"UPDATE mnaas.{name_of('service')} SET currency = '' WHERE partition_date = '2016-10'")
    moved = verify(merged).expect(0).out.partition("the sources have changed since")[2]
    assert "2016-10 '': only the sources now" in moved
    assert "None" not in moved
    assert "source_rows" not in moved


def test_sources_that_are_gone_are_said(merged: Place) -> None:
    merged.query(f"DROP TABLE mnaas.{name_of('overage')}")
    verify(merged).expect(0, "whether the sources have changed since is not known", name_of("overage"))


def test_with_no_table_that_holds_the_run_the_sources_rows_stay_unknown(merged: Place) -> None:
    merged.query(f"DELETE FROM mnaas.{MAIN}")
    merged.query(f"DELETE FROM mnaas.{TEMP}")
    verify(merged).expect(1, "is not known: their totals are the same, but no table holds the run's rows")


# --- other runs ---------------------------------------------------------------------------------------


def test_a_month_that_a_newer_date_replaced_since_is_no_difference(merged: Place) -> None:
    run(merged.folder, "2016-11-09")
    run_id = merged.read_marker("2016-11-09", "MergeMain")["run_id"]
    answer = verify(merged).expect(
        0, "2016-10: OK: main's", f"2016-11: OK: main has a newer run, for 2016-11-09 (run_id {run_id})"
    )
    assert "the sources have not changed since" in answer.out


def test_a_month_of_which_only_a_part_is_newer_differs(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET as_of_date = '2016-11-09', run_id = 'x' WHERE org_id = 'org1'")
    answer = verify(merged).expect(1, "the rows in main are of another run, for 2016-11-09 (run_id x)")
    assert commands.verify("2016-11-09") not in answer.out
    run(merged.folder, "2016-11-09")
    merged.query(f"UPDATE mnaas.{MAIN} SET as_of_date = '{DATE}' WHERE org_id = 'org1'")
    verify(merged).expect(1, f"Next:  {commands.verify('2016-11-09')}\n")


def test_an_older_estimate_in_main_is_a_difference(merged: Place) -> None:
    run(merged.folder, "2016-11-09")
    merged.query(f"UPDATE mnaas.{MAIN} SET as_of_date = '2016-11-08', run_id = 'x'")
    verify(merged, "2016-11-09").expect(1, "the rows in main are of another run, for 2016-11-08 (run_id x)")


def test_the_same_date_written_again_is_told_from_a_newer_one(merged: Place) -> None:
    merged.query(f"UPDATE mnaas.{MAIN} SET run_id = 'other'")
    verify(merged).expect(1, f"the rows in main are of another run, for {DATE} (run_id other)")


def test_a_month_superseded_at_the_merge_is_said_and_not_compared(merged: Place) -> None:
    run(merged.folder, "2016-11-03")
    answer = verify(merged, "2016-11-03")
    answer.expect(0, "2016-10: not published by this run: main had a newer run")
    assert "2016-11-03 published no month: nothing to compare" in answer.out


def test_of_a_date_whose_months_newer_runs_replaced_the_sources_are_looked_at_too(place: Place) -> None:
    run(place.folder, "2016-11-10")
    run(place.folder, "2016-11-20")
    verify(place, "2016-11-10").expect(0, "2016-11: OK: main has a newer run", "the sources have")
    place.query(f"DELETE FROM mnaas.{TEMP}")
    verify(place, "2016-11-10").expect(0, "is not known: their totals are the same, but no table holds")
    place.query(f"UPDATE mnaas.{name_of('overage')} SET charge = charge + 1")
    verify(place, "2016-11-10").expect(0, "the sources have changed since")


# --- what stands in the way ---------------------------------------------------------------------------


def test_without_a_marker_the_answer_is_no_with_the_next_command(place: Place) -> None:
    answer = verify(place).explained(1, f"{DATE} has no valid marker of MergeMain")
    assert answer.err.endswith(f"Next:  {commands.merge(DATE)}\n")


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
    verify(merged).explained(1, "is ignored", "is not a month", "has no valid marker")


def test_a_main_that_is_gone_differs(merged: Place) -> None:
    merged.query(f"DROP TABLE mnaas.{MAIN}")
    verify(merged).expect(1, f"there is no table mnaas.{MAIN}")


def test_a_warehouse_that_is_gone_is_away_and_is_not_made(merged: Place) -> None:
    merged.warehouse.unlink()
    answer = verify(merged).explained(35, f"there is no duckdb {merged.warehouse}, in which {DATE} was built")
    assert "Next:  mount its disk, or put the file back, then the same command" in answer.err
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


def test_rules_that_are_not_one_query_are_not_sent(merged: Place) -> None:
    out, folder = merged.folder / "smuggled.csv", merged.folder / "sql"
    folder.mkdir()
    smuggled = f"E'\\'' ) x; COPY (SELECT 1) TO '{out}'; SELECT * FROM (SELECT '1' AS a --'"
    (folder / "build.sql").write_text(f"{built_in('build')} WHERE org_id <> {smuggled}")
    merged.configure(sql_dir="sql")
    verify(merged).expect(0, "could not be compared: ", "build.sql is not one WITH ... SELECT: ")
    assert not out.exists()
