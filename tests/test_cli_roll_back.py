"""``ciss reset --roll-back``: main back to what an older date published, never built from today's sources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ciss_luigi import commands
from tests.command import MAIN, TEMP, Place, name_of
from tests.helpers import Answer, run, running, typed

pytestmark = pytest.mark.whole

OLD, NEW = "2016-11-05", "2016-11-09"


@pytest.fixture
def bad_night(place: Place) -> tuple[Place, list[Any]]:
    """A site whose newest night built wrong sources, and main's rows as they were before it."""
    run(place.folder, OLD)
    good = place.main()
    place.query(f"UPDATE mnaas.{name_of('register')} SET amount = amount * 100")
    run(place.folder, NEW)
    assert place.main() != good
    return place, good


def roll_back(place: Place, date: str = OLD) -> Answer:
    return typed(place.folder, "reset", "--date", date, "--roll-back")


def test_the_next_run_puts_back_what_the_date_published(bad_night: tuple[Place, list[Any]]) -> None:
    place, good = bad_night
    bad = place.main()
    answer = roll_back(place).expect(0, f"2016-11: main holds the run for {NEW}; the next run of {OLD}")
    assert answer.out.endswith(f"Next:  luigi --module ciss_luigi MergeMain --date {OLD} --local-scheduler\n")
    assert place.main() == bad
    assert place.marked(OLD) == ["TruncateTemp", "BuildTemp"]
    typed(place.folder, "status").expect(1, "its next run puts main's 2016-11 back to what it published")
    foretold = typed(place.folder, "plan", "--from", OLD, "--to", OLD)
    foretold.expect(0, f"2016-11 is put back, in place of that of {NEW}")
    roll_back(place).explained(1, f"{OLD} is to be rolled back already", f"MergeMain --date {OLD}")
    words = f"2016-11 is put back to what {OLD} published, in place of the run for {NEW}"
    place.merge(OLD).explained(0, "merged 2016-11: 6 rows", f"WARNING: {OLD}: {words}")
    assert place.main() == good
    assert place.read_marker(OLD, "MergeMain")["superseded"] == []
    typed(place.folder, "verify", "--date", OLD).expect(0)
    seen = typed(place.folder, "verify", "--date", NEW).expect(1, f"are of another run, for {OLD}")
    assert f"2016-11: main was rolled back on purpose from {NEW} to {OLD}, until a newer night" in seen.out
    there = f"to publish {NEW} again instead: {commands.publish_again(NEW)}"
    assert f"Next:  {commands.verify(OLD)}; {there}\n" in seen.out


def test_it_is_granted_once(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    roll_back(place).expect(0)
    run(place.folder, OLD)
    run(place.folder, "2016-11-10")
    typed(place.folder, "reset", "--date", OLD, "--from-step", "merge").expect(0)
    run(place.folder, OLD)
    assert place.read_marker(OLD, "MergeMain")["superseded"] == ["2016-11"]


def test_a_night_that_comes_between_stays(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    roll_back(place).expect(0)
    run(place.folder, "2016-11-10")
    newer = place.main()
    run(place.folder, OLD)
    assert place.read_marker(OLD, "MergeMain")["superseded"] == ["2016-11"]
    assert place.main() == newer


@pytest.mark.slow
def test_an_ordinary_reset_takes_it_back(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    bad = place.main()
    roll_back(place).expect(0)
    typed(place.folder, "reset", "--date", OLD, "--from-step", "merge").expect(0)
    run(place.folder, OLD)
    assert place.read_marker(OLD, "MergeMain")["superseded"] == ["2016-11"]
    assert place.main() == bad


@pytest.mark.slow
def test_a_temp_that_changed_after_it_is_rebuilt_and_replaces_nothing_newer(
    bad_night: tuple[Place, list[Any]],
) -> None:
    place, _ = bad_night
    roll_back(place).expect(0)
    place.query(f"DELETE FROM mnaas.{TEMP} WHERE run_date = '{OLD}'")
    run(place.folder, OLD)
    assert place.read_marker(OLD, "MergeMain")["superseded"] == ["2016-11"]


@pytest.mark.slow
def test_only_months_that_the_date_published_are_put_back(place: Place) -> None:
    run(place.folder, "2016-10-31")
    run(place.folder, NEW)
    run(place.folder, "2016-12-03")
    run(place.folder, "2016-11-03")  # 2016-11 is superseded, 2016-10 merged
    assert place.read_marker("2016-11-03", "MergeMain")["superseded"] == ["2016-11"]
    roll_back(place, "2016-11-03").explained(1, "main holds no newer estimate than 2016-11-03 of 2016-10")


@pytest.mark.slow
def test_plan_says_what_the_run_will_replace(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    roll_back(place).expect(0)
    planned = typed(place.folder, "plan", "--date", OLD).expect(0).out
    assert "main holds no newer estimate of 2016-11" not in planned
    assert planned.count(f'INSERT INTO "mnaas"."{MAIN}"') + planned.count(f"INSERT INTO mnaas.{MAIN}") == 2


def test_a_kill_between_leave_and_marker_heals_by_the_same_command(
    bad_night: tuple[Place, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, good = bad_night
    with monkeypatch.context() as patched:
        patched.setattr("ciss_luigi.state.markers.remove", lambda path: 1 / 0)
        typed(place.folder, "reset", "--date", OLD, "--roll-back")
    assert len(place.marked(OLD)) == 3
    roll_back(place).expect(0)
    run(place.folder, OLD)
    assert place.main() == good


# --- refusals -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"DELETE FROM mnaas.{TEMP} WHERE run_date = '{OLD}'", "temp no longer holds what"),
        (f"UPDATE mnaas.{TEMP} SET total_charge_usd = total_charge_usd + 1", "total_charge_usd is"),
        (f"DROP TABLE mnaas.{TEMP}", f"there is no table mnaas.{TEMP}"),
    ],
)
def test_a_temp_that_does_not_hold_it_is_refused(
    change: str, words: str, bad_night: tuple[Place, list[Any]]
) -> None:
    place, _ = bad_night
    place.query(change)
    answer = roll_back(place).explained(1, words, "State: nothing was changed")
    assert "from today's sources instead: set allow_older = true" in answer.err
    assert len(place.marked(OLD)) == 3


@pytest.mark.slow
def test_a_date_that_published_nothing_is_refused(place: Place) -> None:
    roll_back(place).explained(1, f"{OLD} is not merged: it has published nothing")
    run(place.folder, NEW)
    run(place.folder, "2016-11-08")
    roll_back(place, "2016-11-08").explained(1, "2016-11-08 published no month")


@pytest.mark.slow
def test_a_main_that_holds_nothing_newer_is_refused(place: Place) -> None:
    run(place.folder, OLD)
    roll_back(place).explained(1, f"main holds no newer estimate than {OLD} of 2016-10, 2016-11")
    assert len(place.marked(OLD)) == 3


@pytest.mark.slow
def test_without_builds_marker_nothing_is_proven(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    place.marker(OLD, "BuildTemp").unlink()
    roll_back(place).explained(1, "so nothing proves what temp holds")


@pytest.mark.slow
def test_a_date_that_runs_is_refused(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    with running(place.folder, OLD, "MergeMain"):  # type: ignore[arg-type]
        roll_back(place).explained(1, f"{OLD} is being run by pid ")


@pytest.mark.slow
def test_a_warehouse_that_is_gone_is_35(bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    place.warehouse.unlink()
    roll_back(place).explained(35, "there is no duckdb")


def test_from_step_beside_it_is_a_mistake_of_usage(place: Place) -> None:
    typed(place.folder, "reset", "--date", OLD, "--roll-back", "--from-step", "merge").expect(2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"run_id": 1, "months": ["soon"]}', '{"months": "2016-11"}']
)
def test_a_leave_that_makes_no_sense_grants_nothing(text: str, bad_night: tuple[Place, list[Any]]) -> None:
    place, _ = bad_night
    typed(place.folder, "reset", "--date", OLD, "--from-step", "merge").expect(0)
    place.marker(OLD, "MergeMain").with_name("roll-back.json").write_text(text)
    run(place.folder, OLD)
    assert json.loads(place.marker(OLD, "MergeMain").read_text())["superseded"] == ["2016-11"]
