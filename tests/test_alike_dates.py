"""Dates of a range that fail alike: what is the same is said once."""

from __future__ import annotations

import pytest

from tests.command import Place, name_of

AS_BEFORE = "and so on, as above"


@pytest.mark.slow
def test_a_failure_of_many_dates_is_told_in_full_once(place: Place) -> None:
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = 'XXX' WHERE org_id <> 'org1'")
    ended = place.range("2016-11-06", "2016-11-14").explained(30)
    assert ended.text.count("State: main was not touched; temp holds nothing of this attempt") == 1
    assert ended.text.count(AS_BEFORE) == 7
    for day in range(6, 14):
        assert f"BuildTemp of 2016-11-{day:02d}: " in ended.text
    reasons = place.attempts("2016-11-13")[-1].error
    assert "State: main was not touched" in reasons


@pytest.mark.slow
def test_sources_that_many_dates_lack_are_told_in_full_once(place: Place) -> None:
    ended = place.range("2017-03-06", "2017-03-10").explained(20)
    assert ended.text.count(AS_BEFORE) == 3
    assert ended.text.count("ciss check --date") == 2  # here, and in the last words
