"""A run date after tomorrow would count as newer than every night until then: it is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.command import Place

TODAY = dt.datetime.now().astimezone().date()


def day(days: int) -> str:
    """So many days from today, by this host's clock."""
    return str(TODAY + dt.timedelta(days=days))


def test_a_date_after_tomorrow_is_refused(place: Place) -> None:
    ended = place.merge(day(3))
    ended.explained(40, f"{day(3)} lies after tomorrow ({day(1)} ", "future_dates = true")
    assert place.touched() == []


@pytest.mark.slow
def test_the_luigi_command_takes_tomorrow(place: Place) -> None:
    place.merge(day(1)).explained(20)  # its sources are not there yet


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_range_with_one_is_refused_as_a_whole(workers: str, place: Place) -> None:
    ended = place.range("2016-11-05", day(5), "--RangeDaily-task-limit", "100000", "--workers", workers)
    ended.explained(40, f"3 dates, up to {day(4)}, lie after tomorrow")
    assert place.touched() == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_range_up_to_tomorrow_is_taken(workers: str, place: Place) -> None:
    place.range(day(0), day(2), "--workers", workers).explained(20, day(1))


@pytest.mark.slow
def test_future_dates_allows_it(place: Place) -> None:
    place.configure(future_dates="true")
    place.merge(day(3)).explained(20)
