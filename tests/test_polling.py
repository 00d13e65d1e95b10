"""What waiting for a statement adds to it, and how often its server is asked."""

from __future__ import annotations

import pytest

from ciss_luigi.engines.hiveserver2.client import poll_pause


def asked_until(end: float) -> tuple[float, int]:
    """When a statement that ends at a time is found to have ended, and how often the server was asked."""
    now, polls = 0.0, 1
    while now < end:
        now += poll_pause(now)
        polls += 1
    return now, polls


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.1, 0.3, 0.77, 1.0, 1.9, 2.499])
def test_a_short_statement_is_known_to_have_ended_within_50_ms(seconds: float) -> None:
    found, _ = asked_until(seconds)
    assert found - seconds < 0.05


@pytest.mark.parametrize("seconds", [2.5, 7.0, 33.3, 64.1, 100.0, 1234.5, 14_400.0])
def test_a_long_statement_takes_no_2_percent_more(seconds: float) -> None:
    found, polls = asked_until(seconds)
    assert found - seconds < 0.02 * seconds
    assert polls < 350 + seconds  # a server is asked once a second, after a minute
