"""Killed at boundaries and at random moments, main comes out as if nobody had disturbed it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.servers import needs
from tools.crash.__main__ import run
from tools.crash.grounds import DuckGround, Ground, hive_ground

KILLS = {
    "one month": 12, "two months": 6, "two months, two workers": 12, "workers of": 6, "reset": 6,
    "luigid killed": 3, "luigid under": 3, "group of": 6, "one worker": 3, "any order": 2,
}  # fmt: skip
NEWCOMERS = ("one month", "two months, two workers")


def check(ground: Ground, kills: int, scenario: str) -> None:
    outcomes = list(run(ground, kills, random.Random(scenario), scenario))
    assert sum(len(outcome.kills) for outcome in outcomes) >= kills
    assert [outcome.wrong for outcome in outcomes if outcome.wrong] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", [pytest.param(one, marks=pytest.mark.core) if one in NEWCOMERS else one for one in KILLS]
)
def test_main_is_right_after_any_kill(tmp_path: Path, scenario: str) -> None:
    check(DuckGround(tmp_path), KILLS[scenario], scenario)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("scenario", ["one month"])
def test_main_on_hive_is_right_after_any_kill(tmp_path: Path, scenario: str) -> None:
    needs.require([needs.JAVA], needs.CLIENTS)
    with hive_ground(tmp_path) as ground:
        check(ground, 3, scenario)
