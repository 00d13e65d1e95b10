"""RangeDaily: oldest first, any age, and always what single runs in ascending order would leave."""

from __future__ import annotations

import json
import random
import signal
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ciss_luigi.locking.filelocks import FileLock
from tests.command import STEPS, TRACEBACK, Finished, Luigid, Place, Running, name_of, wait_until

TWO = ("--workers", "2")
COUNT_OPENINGS = """
import os
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from luigi.worker import Worker
def counted(self, how=DuckDbEngine.reading):
    print("opened to look")
    return how(self)
DuckDbEngine.reading = counted
"""
NO_STEPS = """
def stop(self):
    print("all is scheduled", flush=True)
    os._exit(99)
Worker.run = stop
"""


def dates(first: str, last: str) -> list[str]:
    """All dates from one to another, both included."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [str(begin + timedelta(days=day)) for day in range((end - begin).days + 1)]


def in_order(place: Place, step: str, wanted: list[str]) -> list[str]:
    """The dates in the order in which a step of theirs began."""
    began = [
        (attempt.started_at, day) for day in wanted for attempt in place.attempts(day) if attempt.step == step
    ]
    return [day for _, day in sorted(began)]


@pytest.fixture(scope="session")
def singly(tmp_path_factory: pytest.TempPathFactory, small_warehouse: Any) -> list[tuple[Any, ...]]:
    """Main after dates that share their months by grace days, run singly and in ascending order."""
    place = Place(tmp_path_factory.mktemp("singly"), small_warehouse)
    for day in dates("2016-11-30", "2016-12-02"):
        place.merge(day).explained(0)
    return place.main()


@pytest.mark.slow
def test_a_range_runs_the_oldest_date_first_and_ends_like_single_runs(
    place: Place, singly: list[tuple[Any, ...]]
) -> None:
    place.range("2016-11-30", "2016-12-03").explained(0)
    wanted = dates("2016-11-30", "2016-12-02")
    for step in STEPS:
        assert in_order(place, step, wanted) == wanted
    assert place.main() == singly


@pytest.mark.slow
@pytest.mark.parametrize("options", [TWO, ("--workers", "4")])
def test_in_any_parallelism_main_ends_like_single_runs(
    place: Place, singly: list[tuple[Any, ...]], options: tuple[str, ...]
) -> None:
    place.range("2016-11-30", "2016-12-03", *options).explained(0)
    assert place.main() == singly
    assert all(place.marked(day) == list(STEPS) for day in dates("2016-11-30", "2016-12-02"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_main_ends_like_single_runs(
    place: Place, singly: list[tuple[Any, ...]], seed: int
) -> None:
    shuffled = dates("2016-11-30", "2016-12-02")
    random.Random(seed).shuffle(shuffled)
    for day in shuffled:
        place.merge(day).explained(0)
    assert place.main() == singly
    assert place.read_marker("2016-12-02", "MergeMain")["superseded"] == []


@pytest.mark.slow
def test_a_reversed_range_under_luigid_ends_like_single_runs(
    place: Place, daemon: Luigid, singly: list[tuple[Any, ...]]
) -> None:
    place.range("2016-11-30", "2016-12-03", "--reverse", *daemon.options).explained(0)
    assert place.main() == singly


@pytest.mark.slow
def test_the_sources_of_a_range_are_asked_for_in_one_opening(place: Place) -> None:
    finished = place.range("2016-10-30", "2017-01-04", prelude=COUNT_OPENINGS + NO_STEPS)
    finished.expect(99, "all is scheduled")
    assert finished.text.count("opened to look") == 1


@pytest.mark.slow
def test_workers_do_not_ask_for_the_sources_again(place: Place) -> None:
    finished = place.merge("2016-11-10", *TWO, prelude=COUNT_OPENINGS)
    assert finished.expect(0).text.count("opened to look") == 1


@pytest.mark.slow
def test_dates_without_sources_end_in_20_after_the_others_are_built(place: Place) -> None:
    finished = place.range("2017-02-04", "2017-02-08", "--workers", "2")
    finished.explained(20, f"2017-02-06: mnaas.{name_of('billable')} has no row for 2017-02")
    assert [day for day in dates("2017-02-04", "2017-02-07") if place.marked(day)] == [
        "2017-02-04",
        "2017-02-05",
    ]
    assert place.read_marker("2017-02-05", "MergeMain")["left_out"] == ["2017-02"]


@pytest.mark.slow
def test_hundreds_of_dates_that_are_done_need_no_engine(place: Place) -> None:
    place.merge("2016-11-10").explained(0)
    for step in ("BuildTemp", "MergeMain"):
        marker = place.read_marker("2016-11-10", step)
        for day in dates("2001-01-01", "2002-06-30"):
            path = place.marker(day, step)
            path.parent.mkdir(parents=True, exist_ok=True)
            month = [{**one, "month": day[:7]} for one in marker["months"]]
            path.write_text(json.dumps({**marker, "date": day, "months": month}))
    place.warehouse.write_bytes(b"whoever opens this as a database fails" * 1000)
    finished = place.range("2001-01-01", "2002-07-01")
    finished.explained(0, "1 complete ones were encountered", "Did not run any tasks")


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), TWO])
def test_a_range_waits_for_a_date_that_runs_elsewhere(place: Place, options: tuple[str, ...]) -> None:
    with FileLock(place.state / "locks" / "date-2016-11-11.lock").waited():
        running = place.ranging("2016-11-11", "2016-11-13", *options)
        running.wait_for("running   TruncateTemp(date=2016-11-11)")
        if options:
            wait_until(lambda: place.marked("2016-11-12") == list(STEPS))
        assert running.process.poll() is None
        assert place.attempts("2016-11-11") == []
    running.finish().explained(0)
    assert place.marked("2016-11-11") == list(STEPS)


@pytest.mark.slow
def test_a_single_command_for_a_date_of_a_range_does_no_harm(place: Place) -> None:
    running = place.ranging("2016-11-11", "2016-11-14", "--workers", "2")
    running.wait_for("Running Worker")
    for day in dates("2016-11-11", "2016-11-13"):
        assert place.merge(day).code in (0, 10)
    running.finish().explained(0)
    for day in dates("2016-11-11", "2016-11-13"):
        assert [attempt.step for attempt in place.attempts(day)] == list(STEPS)


@pytest.mark.slow
def test_25_for_overlapping_ranges_under_one_luigid_though_all_is_built(place: Place, daemon: Luigid) -> None:
    with FileLock(place.state / "locks" / "date-2016-11-11.lock").waited():
        ranges = [
            place.ranging("2016-11-11", "2016-11-14", *daemon.options),
            place.ranging("2016-11-12", "2016-11-15", *daemon.options),
        ]
        for running in ranges:
            running.wait_for("Running Worker")
    finished = [running.finish() for running in ranges]
    assert 25 in [one.code for one in finished], [one.text for one in finished]
    assert {one.code for one in finished} <= {0, 10, 25}
    assert [one.text for one in finished if TRACEBACK in one.text] == []
    assert all(place.marked(day) == list(STEPS) for day in dates("2016-11-11", "2016-11-14"))
    place.range("2016-11-11", "2016-11-15", *daemon.options).explained(0, "Did not run any tasks")


@pytest.mark.parametrize(
    "bounds",
    [("--start", "2016-11-11", "--stop", "2016-11-11"), ("--start", "2016-11-24", "--now", "1479859200")],
    ids=["stop is start", "from tomorrow on"],
)
def test_a_range_without_a_date_is_a_mistake_of_the_command_line(
    place: Place, bounds: tuple[str, ...]
) -> None:
    finished = place.luigi("RangeDaily", "--of", "MergeMain", *bounds, "--local-scheduler")
    finished.explained(40, "this range holds no date", "and ends before", f"--start {bounds[1]} --stop")


# --- longer than its limit ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "first", "left"),
    [
        ((), "2016-11-11", "--start 2016-11-12 --stop 2016-11-14"),
        (TWO, "2016-11-11", "--start 2016-11-12 --stop 2016-11-14"),
        (("--reverse",), "2016-11-13", "--start 2016-11-11 --stop 2016-11-13 --reverse"),
    ],
)
def test_a_range_longer_than_its_limit_names_what_is_left_over_and_ends_in_25(
    place: Place, options: tuple[str, ...], first: str, left: str
) -> None:
    place.configure("[RangeDaily]\ntask_limit = 1")
    finished = place.range("2016-11-11", "2016-11-14", *options)
    finished.explained(25, "2 dates of this range are left over, 2016-11-1", ": it runs 1 at most")
    kept = " --workers 2" if options == TWO else ""
    command = f"luigi --module ciss_luigi RangeDaily --of MergeMain {left}{kept} --local-scheduler\n"
    assert finished.text.count(command) == 2
    assert finished.text.rfind(command) > finished.text.find("Luigi Execution Summary")
    assert [day for day in dates("2016-11-11", "2016-11-13") if place.marked(day)] == [first]


@pytest.mark.slow
def test_worse_than_what_is_left_over_wins_and_a_sites_own_code_stays(place: Place) -> None:
    place.configure("[RangeDaily]\ntask_limit = 2")
    place.range("2016-11-11", "2016-11-13").explained(0)
    place.configure("[RangeDaily]\ntask_limit = 1\n[retcode]\nnot_run = 7")
    place.range("2016-11-13", "2016-11-15").explained(7, "1 date of this range is left over")
    place.configure("[RangeDaily]\ntask_limit = 1")
    place.query(f"DELETE FROM mnaas.{name_of('rate')}")
    place.query(f"INSERT INTO mnaas.{name_of('rate')} VALUES ('2016-11', 'EUR', 'USD', 1)")
    place.range("2016-11-14", "2016-11-16").explained(30, "1 date of this range is left over")


@pytest.mark.slow
def test_a_limit_that_lets_no_date_run_is_a_mistake_of_the_user(place: Place) -> None:
    place.configure("[RangeDaily]\ntask_limit = 0")
    finished = place.range("2016-11-11", "2016-11-13")
    finished.explained(
        40, "[RangeDaily] task_limit = 0 lets a range run no date", "Next:  set it to 1 or more"
    )
    assert place.touched() == []


# --- other tasks, other ranges ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("task", "steps"), [("TruncateTemp", STEPS[:1]), ("BuildTemp", STEPS[:2])])
def test_a_range_of_an_earlier_step_ends_with_it(place: Place, task: str, steps: tuple[str, ...]) -> None:
    bounds = ("--start", "2016-11-11", "--stop", "2016-11-13", "--local-scheduler")
    place.luigi("RangeDaily", "--of", task, *bounds).explained(0)
    assert [place.marked(day) for day in dates("2016-11-11", "2016-11-12")] == [list(steps), list(steps)]
    finished = place.luigi("RangeDaily", "--of", task, *bounds)
    finished.explained(0, "1 complete ones were encountered", "Did not run any tasks")


@pytest.mark.slow
def test_a_range_of_sources_asks_for_them_all_in_one_opening(place: Place) -> None:
    def asked(stop: str) -> Finished:
        bounds = ("--start", "2016-11-28", "--stop", stop, "--local-scheduler")
        return place.luigi("RangeDaily", "--of", "SourcesReady", *bounds, prelude=COUNT_OPENINGS)

    asked("2017-02-06").explained(0)
    finished = asked("2017-02-07")
    finished.explained(20, f"2017-02-06: mnaas.{name_of('billable')} has no row for 2017-02")
    assert finished.text.count("opened to look") == 1
    assert place.touched() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "start", "stop"),
    [
        ("RangeMonthly", "2016-11", "2017-02"),
        ("RangeHourly", "2016-11-11T00", "2016-11-12T00"),
        ("RangeByMinutes", "2016-11-11T0000", "2016-11-11T0005"),
        ("RangeDailyBase", "2016-11-11", "2016-11-13"),
    ],
)
def test_other_kinds_of_ranges_are_refused(place: Place, kind: str, start: str, stop: str) -> None:
    bounds = ("--start", start, "--stop", stop, "--local-scheduler")
    finished = place.luigi(kind, "--of", "BuildTemp", *bounds)
    finished.explained(40, f"{kind} makes no range of BuildTemp, which runs by the day: RangeDaily does")
    finished.expect(
        40, "State: nothing was touched", "Next:  luigi --module ciss_luigi RangeDaily --of BuildTemp"
    )
    assert place.touched() == []


@pytest.mark.slow
def test_ranges_of_the_sites_own_tasks_stay_as_they_are(place: Place) -> None:
    sites = """
import luigi
class Hourly(luigi.Task):
    hour = luigi.DateHourParameter()
    complete = lambda self: hasattr(Hourly, "ran")
    run = lambda self: setattr(Hourly, "ran", True)
    bulk_complete = classmethod(lambda cls, hours: [])
"""
    bounds = ("--start", "2016-11-11T00", "--stop", "2016-11-11T01", "--hours-back", "1000000")
    place.luigi("RangeHourly", "--of", "Hourly", *bounds, "--local-scheduler", prelude=sites).explained(
        0, "- 1 Hourly(hour=2016-11-11T00)"
    )


# --- bounds -------------------------------------------------------------------------------------------


def from_day(place: Place, start: date, *options: str) -> Running:
    """A range without ``--stop``."""
    bounds = ("--of", "MergeMain", "--start", str(start))
    return place.start("RangeDaily", *bounds, *options, "--local-scheduler")


def today() -> date:
    """Luigi's today."""
    return datetime.now(UTC).date()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "stop", "words"),
    [
        ("2016-11-13", "2016-11-11", "Can't have start > stop"),
        ("2017-02-31", "2017-03-01", "--start '2017-02-31' is not a date; a date looks like 2016-11-22"),
        ("2016-11-13", "soon", "--stop 'soon' is not a date"),
    ],
)
def test_bounds_that_make_no_range_are_a_mistake_of_the_user(
    place: Place, start: str, stop: str, words: str
) -> None:
    finished = place.range(start, stop)
    finished.explained(40, words, "State: nothing was touched", "Next:  luigi --module ciss_luigi RangeDaily")
    assert finished.text.count("State: ") == 1
    assert place.touched() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--start", "2016-11-13", "--workers", "two"), "--workers 'two' cannot be used"),
        (("--RangeDaily-start", "2016-02-30"), "--start '2016-02-30' is not a date"),
        (("--start", "2016-11-13", "--of", "MergeMian"), "Did you mean"),
        (("--start", "2016-11-13", "--of-params", '{"x": 1}'), "unknown parameter x"),
        ((), "Either start needs to be specified"),
    ],
)
def test_other_values_that_luigi_cannot_read_are_named_with_their_option(
    place: Place, arguments: tuple[str, ...], words: str
) -> None:
    finished = place.luigi("RangeDaily", "--of", "MergeMain", *arguments, "--local-scheduler")
    finished.explained(40, words, "State: nothing was touched")


@pytest.mark.slow
def test_bounds_out_of_the_configuration_are_read_the_same_way(place: Place) -> None:
    place.configure("[RangeDaily]\nstop = 2016-11-31")
    from_day(place, date(2016, 11, 30)).finish().explained(40, "--stop '2016-11-31' is not a date")
    place.configure("[RangeDaily]\nstop = 2016-11-12")
    from_day(place, date(2016, 11, 11)).finish().explained(0)
    assert place.marked("2016-11-11") == list(STEPS)


@pytest.mark.slow
def test_a_range_without_stop_ends_with_today(place: Place) -> None:
    before = today()
    finished = from_day(place, before - timedelta(days=1)).finish()
    finished.explained(20, f"SourcesReady(date={before - timedelta(days=1)})", f"SourcesReady(date={before})")
    assert f"SourcesReady(date={today() + timedelta(days=1)})" not in finished.text


@pytest.mark.slow
def test_how_far_a_range_without_stop_goes_is_the_sites_to_say(place: Place) -> None:
    place.configure("[RangeDaily]\ndays_forward = 2", future_dates="true")
    before = today()
    from_day(place, before).finish().explained(20, f"SourcesReady(date={before + timedelta(days=2)})")


@pytest.mark.slow
@pytest.mark.parametrize(("start", "stop"), [("0001-01-10", "0001-01-11"), ("9999-12-29", "9999-12-31")])
def test_a_range_may_lie_anywhere_in_the_calendar(place: Place, start: str, stop: str) -> None:
    last = date.fromisoformat(stop) - timedelta(days=1)
    words = [f"{day}: mnaas.{name_of('billable')} has no row" for day in (start, last)]
    place.configure(future_dates="true")
    place.range(start, stop).explained(20, *words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "code"),
    [
        ("   PENDING", 143),
        pytest.param("temp is empty for 2017-01-30", 30, marks=pytest.mark.long),
    ],
)
def test_thousands_of_dates_without_stop_end_when_they_are_told_to(
    place: Place, sign: str, code: int
) -> None:
    running = from_day(place, date(2017, 1, 30))
    running.wait_for(sign)
    running.send(signal.SIGTERM)
    running.finish().explained(code)
    wait_until(lambda: running.others() == [])
