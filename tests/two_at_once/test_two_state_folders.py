"""Two state folders by mistake on one warehouse, without leases: what protects then, and what says so.

Their locks do not meet. DuckDB lets one program into its file at a time, so that no two steps mix; temp's
rows carry the id of their build, so that nobody publishes another's; and a newer estimate is looked for in
the session that publishes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import MAIN, Luigid, Place, luigid
from tests.helpers import ciss
from tests.two_at_once.conftest import Started
from tests.two_at_once.watching import Hold

pytestmark = pytest.mark.slow

OLDER, DATE = "2016-11-10", "2016-11-11"


@pytest.fixture
def other(place: Place, tmp_path: Path, small_warehouse: Path) -> Place:
    """A second site with a state folder of its own, on the first one's warehouse."""
    second = Place(tmp_path / "other", small_warehouse)
    second.configure(warehouse_url=f"duckdb:///{place.warehouse}")
    return second


def run_ids(place: Place) -> list[str]:
    """Whose rows main holds."""
    return [run_id for (run_id,) in place.query(f"SELECT DISTINCT run_id FROM mnaas.{MAIN}")]


def test_temp_that_another_run_filled_is_noticed_and_built_again(
    place: Place, other: Place, started: Started
) -> None:
    hold = Hold(place, "MergeMain")
    first = started(place.merging(DATE, **hold.how))
    hold.wait(first)
    other.merge(DATE).explained(0)
    expected = place.main()
    hold.let_go()
    first.finish().explained(
        0, "temp does not hold what BuildTemp's marker says", "rows of run", "Building temp again, once."
    )
    assert place.main() == expected
    assert run_ids(place) == [place.read_marker(DATE, "MergeMain")["run_id"]]
    ciss(other.folder, "verify", "--date", DATE).expect(1, "the rows in main are of another run")


def test_temp_that_another_run_emptied_is_noticed_and_built_again(
    place: Place, other: Place, started: Started
) -> None:
    holds = Hold(place, "MergeMain"), Hold(other, "BuildTemp")
    first = started(place.merging(DATE, **holds[0].how))
    holds[0].wait(first)
    second = started(other.merging(DATE, **holds[1].how))
    holds[1].wait(second)
    holds[0].let_go()
    first.finish().explained(0, "temp does not hold what BuildTemp's marker says", "merged 2016-11: 6 rows")
    holds[1].let_go()
    second.finish().explained(0)
    assert len(place.main()) == 6
    assert run_ids(place) == [other.read_marker(DATE, "MergeMain")["run_id"]]


@pytest.mark.parametrize("first_in", [OLDER, DATE])
def test_the_newer_of_two_dates_of_one_month_stands_whoever_is_last(
    place: Place, other: Place, started: Started, first_in: str
) -> None:
    dates = {OLDER: place, DATE: other}
    holds = {date: Hold(site, "MergeMain") for date, site in dates.items()}
    running = {date: started(site.merging(date, **holds[date].how)) for date, site in dates.items()}
    for date in dates:
        holds[date].wait(running[date])
    for date in (first_in, *(date for date in dates if date != first_in)):
        holds[date].let_go()
        running[date].finish().explained(0)
    assert run_ids(place) == [other.read_marker(DATE, "MergeMain")["run_id"]]
    assert place.read_marker(OLDER, "MergeMain")["superseded"] == ([] if first_in == OLDER else ["2016-11"])


def test_both_at_full_speed_end_in_one_right_main(place: Place, other: Place, started: Started) -> None:
    running = [
        started(site.merging(date, "--workers", "2")) for site in (place, other) for date in (OLDER, DATE)
    ]
    assert [command.finish().code for command in running] == [0] * 4
    months = place.query(f"SELECT month_year, as_of_date, COUNT(*) FROM mnaas.{MAIN} GROUP BY ALL")
    assert months == [("2016-11", DATE, 6)]


def test_under_one_luigid_the_second_folder_waits_and_is_told_of_the_other(
    place: Place, other: Place, tmp_path: Path, started: Started
) -> None:
    """luigid knows a task by its name and date, whichever folder its command has."""
    with luigid(tmp_path / "luigid", stable_done_cooldown_secs=0) as daemon:
        _share(daemon, place, other, started)


def _share(daemon: Luigid, place: Place, other: Place, started: Started) -> None:
    hold = Hold(place, "MergeMain")
    first = started(place.merging(DATE, *daemon.options, **hold.how))
    hold.wait(first)
    second = other.merge(DATE, *daemon.options).explained(10, "another worker")
    assert "another state_dir" in second.text
    hold.let_go()
    first.finish().explained(0)
    expected = place.main()
    other.merge(DATE, *daemon.options).explained(0)
    assert place.main() == expected
    assert run_ids(place) == [other.read_marker(DATE, "MergeMain")["run_id"]]
    ciss(place.folder, "verify", "--date", DATE).expect(1, "the rows in main are of another run")
