"""What is disturbed: one month, two months, two workers, ranges in any order, resets in between, luigid."""

from __future__ import annotations

import datetime as dt
import random

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.markers import STEPS
from tests.command import Place
from tools.crash.trial import Scenario

ONE_MONTH = "2016-11-22"
TWO_MONTHS = "2017-01-03"
_RANGE_STOP = dt.date(2017, 1, 4)


_ANY_ORDER = """
import os, random
from ciss_luigi.tasks import DatedTask
DatedTask.priority = property(
    lambda task: random.Random(os.environ["CRASH_LUCK"] + str(task.date)).randrange(1, 10**6)
)
"""


def _reset(place: Place, chance: random.Random) -> None:
    """What ``ciss reset`` does, from a step chosen by chance."""
    here = site.load({"LUIGI_CONFIG_PATH": str(place.config)}, place.folder)
    here.markers.remove_from(RunDate.parse(TWO_MONTHS), chance.choice(STEPS))


def _range(dates: int) -> tuple[str, ...]:
    start = _RANGE_STOP - dt.timedelta(days=dates)
    return ("RangeDaily", "--of", "MergeMain", "--start", str(start), "--stop", str(_RANGE_STOP))


def scenarios(dates: int) -> list[Scenario]:
    """All of them, with ranges of so many dates; each ends with one and the same main, however disturbed."""
    one = ("MergeMain", "--date", ONE_MONTH)
    two = ("MergeMain", "--date", TWO_MONTHS)
    many, four = _range(dates), (*_range(4), "--workers", "2")
    boundaries = 75 * dates
    return [
        Scenario("one month", one),
        Scenario("two months", two),
        Scenario("two months, two workers", (*two, "--workers", "2")),
        Scenario("workers of a range", four, boundaries=60, is_of_workers=True),
        Scenario("two months, reset in between", two, between=_reset),
        Scenario("two months, luigid killed", two, under_luigid=True),
        Scenario(f"a range of {dates} dates, one worker", many, boundaries, weight=1),
        Scenario(f"a range of {dates} dates, two workers", (*many, "--workers", "2"), boundaries, weight=1),
        Scenario(f"a range of {dates} dates in any order", many, boundaries, weight=1, prelude=_ANY_ORDER),
        Scenario("command or group of a range", four, boundaries=60, is_of_command=True),
        Scenario("luigid under a range", four, under_luigid=True),
    ]
