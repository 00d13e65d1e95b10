"""Whatever dates run, in whatever order, over changing sources: a month holds its newest estimate."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciss_luigi.state.markers import STEPS, Step
from tests.reference import Cell
from tests.rules.generated import QUICK
from tests.rules.harness import Bench, held_row
from tests.rules.stories import DATES, SOURCES, Run, command, held, runs, start
from tests.rules.watched import Watch

SHORT = settings(QUICK, max_examples=12)
LONG = settings(QUICK, max_examples=400)
NEVER, PERHAPS = st.just(False), st.booleans()


def follow(bench: Bench, runs: list[Run], *, old: bool) -> None:
    """Run them all; main and the outcome are the model's after each."""
    model = start(bench, old)
    for run in runs:
        assert command(bench, run) == model.run(run)
        assert held(bench) == model.rows


@pytest.mark.slow
@given(runs(allow_older=NEVER, longest=3), st.booleans())
@SHORT
def test_main_follows_the_greatest_run_date(shared_bench: Bench, events: list[Run], old: bool) -> None:
    follow(shared_bench, events, old=old)


@pytest.mark.slow
@given(runs(allow_older=PERHAPS, longest=3), st.booleans())
@SHORT
def test_main_follows_the_latest_run_where_older_ones_are_allowed(
    shared_bench: Bench, events: list[Run], old: bool
) -> None:
    follow(shared_bench, events, old=old)


@pytest.mark.slow
@pytest.mark.long
@given(runs(allow_older=PERHAPS, longest=10), st.booleans())
@LONG
def test_main_follows_long_stories(shared_bench: Bench, events: list[Run], old: bool) -> None:
    follow(shared_bench, events, old=old)


@pytest.mark.slow
@pytest.mark.long
@given(runs(allow_older=NEVER, longest=10))
@LONG
def test_no_month_ever_goes_back_to_an_older_estimate(shared_bench: Bench, events: list[Run]) -> None:
    start(shared_bench, old=False)
    newest: dict[Cell, str] = {}
    for run in events:
        command(shared_bench, run)
        for row in held(shared_bench):
            assert newest.get(row["month_year"], "") <= (row["as_of_date"] or "")
            newest[row["month_year"]] = row["as_of_date"] or ""


@pytest.mark.slow
@pytest.mark.long
@given(st.permutations(DATES), st.sampled_from([name for name in SOURCES if "fault" not in name]))
@settings(QUICK, max_examples=60)
def test_any_order_ends_as_the_ascending_one(shared_bench: Bench, order: list[str], name: str) -> None:
    results = []
    for dates in (sorted(order), order):
        start(shared_bench, old=False)
        for date in dates:
            command(shared_bench, Run(date, name))
        results.append(held(shared_bench))
    assert results[0] == results[1]
    assert len(results[0]) > 0


def test_an_estimate_without_a_date_is_the_oldest(bench: Bench) -> None:
    bench.fill(SOURCES["version 1"])
    bench.put_main([held_row("2016-11", None), held_row("2016-11", "2016-11-21")])
    bench.run("2016-11-22")
    assert {row["as_of_date"] for row in bench.rows()} == {"2016-11-22"}


def test_one_newer_row_among_undated_ones_keeps_its_month(bench: Bench) -> None:
    bench.fill(SOURCES["version 1"])
    bench.put_main([held_row("2016-11", None), held_row("2016-11", "2016-11-23")])
    before = bench.rows()
    bench.run("2016-11-22")
    assert bench.rows() == before
    marker = bench.marker("2016-11-22", Step.MERGE)
    assert marker is not None
    assert (marker.superseded, marker.months) == (("2016-11",), ())


def test_a_superseded_run_is_done_and_is_not_repeated(bench: Bench) -> None:
    bench.fill(SOURCES["version 1"])
    for date in ("2016-12-20", "2016-12-03"):
        bench.run(date)
    marker, watch = bench.marker("2016-12-03", Step.MERGE), Watch()
    assert marker is not None
    assert marker.superseded == ("2016-12",)
    assert [month.month for month in marker.months] == ["2016-11"]
    bench.wrap = watch.engine
    bench.run("2016-12-03")
    assert watch.sent == []


def test_the_same_date_again_changes_nothing_but_run_id(bench: Bench) -> None:
    bench.fill(SOURCES["version 1"])
    bench.run("2017-01-03")
    before, first = held(bench), bench.marker("2017-01-03")
    bench.reset("2017-01-03")
    bench.run("2017-01-03")
    second = bench.marker("2017-01-03")
    assert held(bench) == before
    assert first is not None
    assert second is not None
    assert first.months == second.months
    assert first.run_id != second.run_id
    assert {row["run_id"] for row in bench.rows()} == {second.run_id}
    assert bench.marked("2017-01-03") == list(STEPS)
