"""What luigid's page shows of a task: short numbers, and words that its markup does not change."""

from __future__ import annotations

import datetime as dt

from ciss_luigi.scheduling.messages import for_luigid
from ciss_luigi.tasks import MergeMain


def test_older_dates_come_first_by_a_short_number() -> None:
    older, newer = (MergeMain(date=dt.date(2016, 11, day)).priority for day in (22, 23))
    assert older > newer > MergeMain(date=dt.date.max).priority
    assert 0 < newer < 100_000


def test_an_arrow_is_a_word_and_no_broken_sign() -> None:
    assert for_luigid("no rate XXX -> USD") == "no rate XXX to USD"
    assert for_luigid("<b>3 > 2</b>") == "(b)3 ) 2(/b)"
