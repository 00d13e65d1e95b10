"""``ciss adopt``: after the warehouse has moved, markers are proven against main and count again."""

from __future__ import annotations

import json
import shutil

import pytest

from ciss_luigi import commands
from ciss_luigi.state.markers import Step
from tests.command import MAIN, TEMP, Place
from tests.helpers import Answer, run, running, typed

pytestmark = pytest.mark.whole

DATE, NEWER = "2016-11-05", "2016-11-09"


def adopt(place: Place, *arguments: str) -> Answer:
    return typed(place.folder, "adopt", *arguments)


def move(place: Place) -> None:
    """Rename the warehouse's file, and say so in luigi.cfg."""
    place.warehouse = place.warehouse.rename(place.folder / "moved.duckdb")
    place.configure(warehouse_url="duckdb:///moved.duckdb")


@pytest.fixture
def moved(place: Place) -> Place:
    """A site whose warehouse has moved, with two merged dates: one has replaced a month of the other."""
    run(place.folder, DATE)
    run(place.folder, NEWER)
    move(place)
    return place


def test_dates_that_main_proves_count_again(moved: Place) -> None:
    assert "2 missing" in typed(moved.folder, "status").expect(1).out
    answer = adopt(moved).expect(0, f"{DATE}: adopted, made for duckdb {moved.folder / 'warehouse.duckdb'}")
    assert f"{NEWER}: adopted" in answer.out
    assert answer.err == ""
    typed(moved.folder, "status").expect(0, "2 dates: 2 done")
    moved.merge(NEWER).explained(0, "Did not run any tasks")
    values = moved.read_marker(DATE, "BuildTemp")
    assert values["warehouse"] == values["engine"] == f"duckdb {moved.warehouse}"
    assert values["adopted_at"] > values["finished_at"]
    adopt(moved).expect(0, "no marker is about another place than duckdb ")


def test_until_then_status_says_adopt_and_names_the_place_once(moved: Place) -> None:
    answer = typed(moved.folder, "status").expect(1)
    there = f"duckdb {moved.folder / 'warehouse.duckdb'}"
    assert f"markers made for {there} do not count" in answer.out
    (following,) = [line for line in answer.out.splitlines() if line.startswith("Next:")]
    again = commands.merge(DATE)  # the first span
    assert following == f"Next:  ciss adopt; if that has left them as they are: {again}, then ciss status"
    assert answer.err.count("is ignored: made for ") == 1
    assert "so are all others made for it. If it has moved: ciss adopt" in answer.err
    typed(moved.folder).expect(0, "Next:  ciss adopt, if the warehouse has moved")


@pytest.mark.slow
def test_a_date_that_main_does_not_hold_stays_and_is_named(moved: Place) -> None:
    moved.query(f"UPDATE mnaas.{MAIN} SET org_name = 'x' WHERE org_id = 'org1' AND month_year = '2016-11'")
    answer = adopt(moved).expect(1, f"{DATE}: adopted", f"{NEWER}: left as it is: 2016-11: 1 of its rows")
    assert f"Next:  {commands.merge(NEWER)}\n" in answer.out
    seen = typed(moved.folder, "status").expect(1, "1 missing")
    assert f"Next:  ciss adopt; if that has left them as they are: {commands.merge(NEWER)}\n" in seen.out
    moved.merge(NEWER).explained(0)
    typed(moved.folder, "status").expect(0)


@pytest.mark.slow
def test_a_main_that_is_not_there_proves_nothing(moved: Place) -> None:
    moved.query(f"DROP TABLE mnaas.{MAIN}")
    before = moved.read_marker(DATE, "MergeMain")
    adopt(moved).expect(1, f"{DATE}: left as it is: 2016-10: rows is 6 in the run's record, 0 in main")
    assert moved.read_marker(DATE, "MergeMain") == before


@pytest.mark.slow
def test_only_the_dates_that_are_asked_for(moved: Place) -> None:
    assert DATE not in adopt(moved, "--from", NEWER).expect(0, f"{NEWER}: adopted").out
    adopt(moved, "--to", DATE).expect(0, f"{DATE}: adopted")
    adopt(moved, "--from", NEWER, "--to", DATE).expect(2)


@pytest.mark.slow
def test_a_superseded_date_needs_a_newer_run_in_main(place: Place) -> None:
    run(place.folder, NEWER)
    run(place.folder, "2016-11-08")
    shutil.copy(place.warehouse, place.folder / "empty.duckdb")
    move(place)
    place.query(f"UPDATE mnaas.{MAIN} SET as_of_date = '2016-11-07'")
    adopt(place).expect(1, "2016-11-08: left as it is: main holds no newer run of 2016-11, although")
    place.query(f"UPDATE mnaas.{MAIN} SET as_of_date = '{NEWER}'")
    adopt(place).expect(0, "2016-11-08 to 2016-11-09: adopted")


@pytest.mark.slow
def test_a_date_that_is_only_built_is_proven_by_temp(place: Place) -> None:
    run(place.folder, DATE, Step.BUILD)
    run(place.folder, NEWER, Step.BUILD)
    run(place.folder, "2016-11-10", Step.TRUNCATE)
    move(place)
    place.query(f"DELETE FROM mnaas.{TEMP} WHERE run_date = '{NEWER}'")
    answer = adopt(place).expect(1, f"{DATE}: adopted", f"{NEWER}: left as it is: temp does not hold")
    assert "2016-11-10" not in answer.out
    assert place.read_marker(DATE, "TruncateTemp")["warehouse"] == f"duckdb {place.warehouse}"


@pytest.mark.slow
def test_a_date_that_runs_is_left_alone(moved: Place) -> None:
    with running(moved.folder, DATE, Step.MERGE) as worker:
        answer = adopt(moved).expect(
            1, f"{DATE}: left as it is: it is being run by pid {worker.pid}", f"{NEWER}: adopted"
        )
        assert answer.out.endswith("Next:  ciss adopt\n")


@pytest.mark.slow
def test_a_merge_that_rests_on_another_build_is_not_adopted(moved: Place) -> None:
    marker = moved.marker(DATE, "BuildTemp")
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"run_id": "other"}))
    adopt(moved).expect(1, f"{DATE}: left as it is: MergeMain's marker rests on another build")


def test_a_marker_that_no_step_writes_is_not_adopted(moved: Place) -> None:
    for step in Step:
        moved.marker(DATE, step).write_text("{}")
    answer = adopt(moved).expect(0, f"{NEWER}: adopted")
    assert f"{DATE}: adopted" not in answer.out


@pytest.mark.slow
def test_a_warehouse_that_is_away_is_35(moved: Place) -> None:
    moved.configure(warehouse_url="duckdb:///nowhere.duckdb")
    adopt(moved).expect(35)
    assert not (moved.folder / "nowhere.duckdb").exists()
