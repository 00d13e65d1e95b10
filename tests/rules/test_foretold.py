"""``ciss plan --from --to``: what it foretells of each date is what running the dates then does."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BillingFault, SourcesMissing
from ciss_luigi.operator.foretell import Fate, Foretold, foretell
from ciss_luigi.state.markers import Step
from tests.reference import CHARGE_ROLES, Tables
from tests.rules.harness import Bench
from tests.rules.watched import Watch
from tests.strategies import charge, rate

FIRST, LAST = RunDate.parse("2016-11-28"), RunDate.parse("2016-12-08")
MONTHS = ("2016-10", "2016-11", "2016-12")
DATES = [str(RunDate(FIRST.date + dt.timedelta(days=day))) for day in range(11)]


def site_of(bench: Bench, chance: random.Random) -> dict[str, str]:
    """Sources with gaps, and what runs of other dates have left; gives the keys of ``[ciss]``."""
    roles = chance.sample(CHARGE_ROLES, chance.randrange(0, 3))
    rows = {
        role: [
            charge(role, month, ("A", "B", "C"), chance.choices(("USD", "GBP"), (8, 2))[0], "1.5")
            for month in MONTHS
            if chance.random() < (0.75 if role in roles else 0.3)
        ]
        for role in CHARGE_ROLES
    }
    month = chance.choice(MONTHS)
    rates = [rate(month, "GBP", "1.10000000")] if chance.random() < 0.95 else []
    bench.fill(Tables(**rows, rate=rates))
    keys = {
        "required_sources": ", ".join(roles),
        "allow_older": str(chance.random() < 0.15).lower(),
        "grace_days": str(chance.choice((0, 2, 5))),
    }
    for date in chance.sample([*DATES, "2016-12-20", "2016-12-24"], 4):
        try:
            bench.run(date, **keys)
        except (SourcesMissing, BillingFault):
            continue
        if chance.random() < 0.3:
            bench.reset(date, chance.choice((Step.MERGE, Step.BUILD)))
    return keys


def done(bench: Bench, date: str, keys: dict[str, str]) -> tuple[Fate, list[str]]:
    """What a run of a date does, and which months it merges."""
    if bench.site(**keys).markers.is_merged(RunDate.parse(date)):
        return Fate.SKIP, []
    try:
        if bench.marker(date) is None:
            bench.require_sources(date, **keys)
        bench.run_steps(date, **keys)
    except SourcesMissing:
        return Fate.MISSING, []
    except BillingFault:
        return Fate.FAIL, []
    marker = bench.marker(date, Step.MERGE)
    assert marker is not None
    months = [one.month for one in marker.months]
    return (Fate.RUN if months else Fate.SUPERSEDED), months


def look(bench: Bench, keys: dict[str, str]) -> tuple[Foretold, ...]:
    """What is foretold, over a session that the bench shares."""
    watch, before = Watch(), bench.wrap
    bench.wrap = watch.engine
    try:
        return foretell(bench.site(**keys), FIRST, LAST).dates
    finally:
        bench.wrap = before


def check(bench: Bench, seed: int) -> dict[Fate, int]:
    keys = site_of(bench, random.Random(seed))
    before = bench.rows()
    foretold = look(bench, keys)
    assert bench.rows() == before
    assert [str(one.date) for one in foretold] == DATES
    counts = dict.fromkeys(Fate, 0)
    for one in foretold:
        fate, months = done(bench, str(one.date), keys)
        assert (one.fate, [str(month) for month in one.months]) == (fate, months), (seed, one)
        assert one.fate is not Fate.SUPERSEDED or "main holds that of" in one.words
        assert one.fate is not Fate.FAIL or "no GBP rate for 201" in one.words
        assert one.fate is not Fate.MISSING or "no row" in one.words or "has a row for" in one.words
        counts[fate] += 1
    return counts


@pytest.mark.slow
def test_what_is_foretold_is_what_happens(shared_bench: Bench) -> None:
    seen: dict[Fate, int] = dict.fromkeys(Fate, 0)
    for seed in range(12):
        for fate, count in check(shared_bench, seed).items():
            seen[fate] += count
    assert all(seen.values()), f"a kind of fate was never met: {seen}"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 300))
def test_on_many_more_states(seed: int, shared_bench: Bench) -> None:
    check(shared_bench, seed)


def test_a_warehouse_that_is_not_there_misses_everything(tmp_path: Any) -> None:
    bench = Bench(tmp_path)
    bench.warehouse.close()
    (tmp_path / "warehouse.duckdb").unlink()
    found = foretell(bench.site(), FIRST, FIRST)
    assert [one.fate for one in found.dates] == [Fate.MISSING]
    assert "there is no table" in found.dates[0].words
    assert "MergeMain --date 2016-11-28" in found.command
