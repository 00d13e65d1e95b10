"""A date that is done already says so; a date that left nothing leaves no lock file."""

from __future__ import annotations

import pytest

from tests.command import Place
from tests.helpers import run

DATE = "2016-11-05"


def locks(place: Place) -> list[str]:
    return sorted(path.name for path in (place.state / "locks").glob("*"))


def test_a_date_that_is_done_says_when_by_which_run_and_how_to_do_it_again(place: Place) -> None:
    run(place.folder, DATE)
    marker = place.read_marker(DATE, "MergeMain")
    at = f"{marker['finished_at'][:10]} {marker['finished_at'][11:19]} UTC"
    place.merge(DATE).explained(
        0,
        f"MergeMain of {DATE} is done already: at {at} by the run {marker['run_id']}; "
        "published 2016-10, 2016-11\n",
        f"To do it again: ciss reset --date {DATE}, then the same command",
    )


@pytest.mark.slow
def test_a_date_that_was_superseded_says_so(place: Place) -> None:
    run(place.folder, "2016-11-09")
    run(place.folder, "2016-11-08")
    place.merge("2016-11-08").explained(0, "; 2016-11 not published: main had a newer run\n")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_slip_of_the_date_leaves_no_lock_file(workers: str, place: Place) -> None:
    place.merge("1916-11-05", "--workers", workers).explained(20)
    place.range("1917-01-01", "1917-01-05", "--workers", workers).explained(20)
    assert locks(place) == []


@pytest.mark.slow
def test_a_date_with_state_keeps_its_lock_file(place: Place) -> None:
    place.merge(DATE).explained(0)
    assert f"date-{DATE}.lock" in locks(place)
