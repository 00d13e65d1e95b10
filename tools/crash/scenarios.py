"""What is disturbed: one month, two months, two workers, a range, resets in between, luigid itself."""

from __future__ import annotations

import random

from ciss_luigi import site
from ciss_luigi.rundate import RunDate
from ciss_luigi.state.markers import STEPS
from tests.command import Place
from tools.crash.trial import Scenario

ONE_MONTH = "2016-11-22"
TWO_MONTHS = "2017-01-03"
_RANGE = ("RangeDaily", "--of", "MergeMain", "--start", "2016-11-25", "--stop", "2017-01-04")


def _reset(place: Place, chance: random.Random) -> None:
    """What ``ciss reset`` does, from a step chosen by chance."""
    here = site.load({"LUIGI_CONFIG_PATH": str(place.config)}, place.folder)
    here.markers.remove_from(RunDate.parse(TWO_MONTHS), chance.choice(STEPS))


def scenarios() -> list[Scenario]:
    """All of them; each ends with one and the same main, however it was disturbed."""
    one = ("MergeMain", "--date", ONE_MONTH)
    two = ("MergeMain", "--date", TWO_MONTHS)
    return [
        Scenario("one month", one),
        Scenario("two months", two),
        Scenario("two months, two workers", (*two, "--workers", "2")),
        Scenario("two months, reset in between", two, between=_reset),
        Scenario("two months, luigid killed", two, under_luigid=True),
        Scenario("a range of 40 dates, one worker", _RANGE, boundaries=3000, weight=1),
        Scenario("a range of 40 dates, two workers", (*_RANGE, "--workers", "2"), boundaries=3000, weight=1),
    ]
