"""A run date after tomorrow would count as newer than every night until then: it is refused."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.command import Place
from tests.helpers import run, typed

TODAY = dt.datetime.now().astimezone().date()


def day(days: int) -> str:
    """So many days from today, by this host's clock."""
    return str(TODAY + dt.timedelta(days=days))


def test_a_date_after_tomorrow_is_refused(place: Place) -> None:
    ended = place.merge(day(3))
    ended.explained(40, f"{day(3)} lies after tomorrow ({day(1)} ", "future_dates = true")
    assert place.touched() == []


@pytest.mark.slow
def test_the_sources_of_a_date_after_tomorrow_are_not_asked_for(place: Place) -> None:
    ended = place.luigi("SourcesReady", "--date", day(3), "--local-scheduler")
    ended.explained(40, f"{day(3)} lies after tomorrow")


def test_check_and_plan_refuse_it_too(place: Place) -> None:
    words = f"{day(3)} lies after tomorrow ({day(1)} by this host's clock)"
    checked = typed(place.folder, "check", "--date", day(3)).expect(40, words, "1 fault")
    assert "future_dates = true" in checked.out
    typed(place.folder, "plan", "--date", day(3)).explained(40, words, "State: nothing was touched")
    place.configure(future_dates="true")
    assert "tomorrow" not in typed(place.folder, "check", "--date", day(3)).out


def test_status_does_not_call_it_missing(place: Place) -> None:
    run(place.folder, "2016-11-05")
    shown = typed(place.folder, "status", "--from", day(3), "--to", day(5)).expect(1)
    assert shown.out.startswith(f"not yet due, and left out: {day(3)} to {day(5)}\n")
    assert "missing" not in shown.out
    assert "RangeDaily" not in shown.out
    shown = typed(place.folder, "status", "--from", day(1), "--to", day(5)).expect(1, f"missing: {day(1)}\n")
    assert f"not yet due, and left out: {day(2)} to {day(5)}\n" in shown.out
    assert f"MergeMain --date {day(1)} " in shown.out
    answer = json.loads(typed(place.folder, "status", "--from", day(1), "--to", day(2), "--json").out)
    assert answer["not_due"] == [day(2)]
    place.configure(future_dates="true")
    typed(place.folder, "status", "--from", day(3), "--to", day(5)).expect(1, "3 missing")


@pytest.mark.parametrize("verb", ["reset", "verify"])
def test_no_verb_names_a_run_of_it_that_would_be_refused(verb: str, place: Place) -> None:
    answer = typed(place.folder, verb, "--date", day(3))
    following = f"Next:  {day(3)} lies after tomorrow, and a run refuses it; if it is meant: set future_dates"
    assert following in answer.out + answer.err


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
