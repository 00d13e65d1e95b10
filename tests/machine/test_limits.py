"""Too few file descriptors, a clock that was set back, another program in the DuckDB file."""

from __future__ import annotations

import datetime as dt
import os
import sys
from typing import Any

import pytest

from tests.command import SHORT_WAIT, Place, wait_until
from tests.helpers import ciss, in_use
from tests.machine.around import DATE, explained, limited
from tests.two_at_once.watching import HELD, Hold

SET_BACK = """
import datetime, time
real = time.time
time.time = lambda: real() - 86400 * {days}

class Earlier(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls):
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)
    @classmethod
    def today(cls):
        return cls.now()

class EarlierDate(datetime.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(time.time())

datetime.datetime, datetime.date = Earlier, EarlierDate
"""
"""Mocked: the machine's own clock belongs to everybody on it."""


NO_MORE_FILES = """
import os, resource
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import runner
original = runner.steps.ACTIONS[Step.BUILD]
def starved(job):
    few = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
    return original(job)
runner.steps.ACTIONS[Step.BUILD] = starved
"""
"""As if others had taken all descriptors while BuildTemp begins."""


@pytest.mark.slow
def test_too_few_file_descriptors_in_the_middle_of_a_run(place: Place, undisturbed: list[Any]) -> None:
    finished = place.merge(DATE, prelude=NO_MORE_FILES)
    explained(finished, 30, "Too many open files")
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("limit", range(5, 16))
def test_with_any_number_of_descriptors_a_run_is_right_or_explained(
    place: Place, undisturbed: list[Any], limit: int
) -> None:
    finished = place.merge(DATE, before=limited(f"ulimit -n {limit}"))
    assert finished.code in (0, 30, 35, 40)
    if finished.code:
        explained(finished, finished.code, "Too many open files")
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("days", [1, 20_000])
def test_a_clock_that_was_set_back_changes_no_result(place: Place, undisturbed: list[Any], days: int) -> None:
    place.configure(future_dates="true")
    place.merge("2016-11-09").explained(0)
    place.merge(DATE, prelude=SET_BACK.format(days=days)).explained(0, "merged 2016-11")
    assert place.main() == undisturbed
    assert place.attempts(DATE)[0].started_at < place.attempts("2016-11-09")[0].started_at
    place.merge(DATE).explained(0, "Did not run any tasks")
    place.range("2016-11-09", "2016-11-12", prelude=SET_BACK.format(days=days)).explained(0)
    answer = ciss(place.folder, "status", "--from", "2016-11-09", "--to", "2016-11-11")
    answer.expect(0, "3 dates: 3 done")


@pytest.mark.slow
def test_a_clock_set_back_while_a_run_holds_its_date_does_not_free_it(place: Place) -> None:
    hold = Hold(place, "BuildTemp")
    how = {**hold.how, "prelude": HELD + SET_BACK.format(days=30)}
    running = place.merging(DATE, **how)
    try:
        hold.wait(running)
        place.merge(DATE).explained(10, f"is being run by pid {running.pid}")
        assert place.attempts(DATE)[0].started_at < dt.datetime.now(dt.UTC).isoformat()
        hold.let_go()
        running.finish().explained(0)
    finally:
        running.end()


@pytest.mark.slow
def test_another_program_that_takes_the_duckdb_file_between_two_steps(
    place: Place, undisturbed: list[Any]
) -> None:
    hold = Hold(place, "MergeMain")
    running = place.merging(DATE, **{**hold.how, "prelude": HELD + SHORT_WAIT})
    try:
        hold.wait(running)
        with in_use(place.warehouse) as pid:
            hold.let_go()
            finished = running.finish()
    finally:
        running.end()
    explained(
        finished,
        30,
        f"MergeMain of {DATE}: ",
        f"is in use by another program: {os.path.realpath(sys.executable)}",
    )
    finished.expect(30, f"(pid {pid})", f"end that program (ps -p {pid})")
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.slow
def test_one_that_cannot_be_looked_at_is_waited_for_too(place: Place) -> None:
    """As from inside a container: the holder of the file on a shared volume has no number there."""
    with in_use(place.warehouse):
        finished = place.merge(
            DATE, prelude=SHORT_WAIT, before=("unshare", "--pid", "--fork", "--mount-proc")
        )
    unseen = "is in use by one that cannot be seen from here; waiting for it"
    explained(finished, 35, unseen, "in use by another program", "end that program, then")


@pytest.mark.slow
def test_one_that_lets_go_in_time_is_waited_for(place: Place, undisturbed: list[Any]) -> None:
    with in_use(place.warehouse) as pid:
        running = place.merging(DATE)
        running.wait_for(f"(pid {pid}); waiting for it")
    try:
        running.finish().explained(0, "merged 2016-11")
        assert place.main() == undisturbed
    finally:
        running.end()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"))
