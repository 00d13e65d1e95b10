"""Killed at boundaries and at random moments, main comes out as if nobody had disturbed it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tools.crash.__main__ import run


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["one month", "two months", "two months, two workers", "reset", "range"])
def test_main_is_right_after_any_kill(tmp_path: Path, scenario: str) -> None:
    kills = 4 if scenario == "range" else 12
    outcomes = run(tmp_path, kills, random.Random(scenario), scenario)

    assert sum(len(outcome.kills) for outcome in outcomes) >= kills
    assert [outcome.wrong for outcome in outcomes if outcome.wrong] == []
