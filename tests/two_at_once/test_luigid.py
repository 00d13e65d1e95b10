"""A luigid is not a lock: it forgets, it can be told wrong, and there can be two of it."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import STEPS, Luigid, Place, luigid, wait_until
from tests.two_at_once.conftest import Started
from tests.two_at_once.watching import Hold

pytestmark = pytest.mark.slow

DATE = "2016-11-10"
FORGETFUL = {"worker_disconnect_delay": 1, "prune_on_get_work": "true", "stable_done_cooldown_secs": 0}
ASKED_BEFORE = """
import os, time
from pathlib import Path
from ciss_luigi.scheduling import guard

claim = guard.claim
def late(site, date):
    here = Path(os.environ["HOLD"])
    (here / "begun").touch()
    while here.exists() and not (here / "go").exists():
        time.sleep(0.01)
    claim(site, date)
guard.claim = late
"""
"""A prelude: Luigi has heard that the date is not complete, and goes on only when it is let go."""

FAILING = """
from ciss_luigi.steps import runner
from ciss_luigi.errors import StepFailed
def fail(job):
    raise StepFailed("it broke")
runner.steps.ACTIONS["{step}"] = fail
"""
"""A prelude: a step fails."""


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[Luigid]:
    """A luigid that forgets a silent worker after a second."""
    with luigid(tmp_path / "forgetful", **FORGETFUL) as running:
        yield running


def writers(place: Place) -> list[int]:
    """Who did the steps of the date, in their order."""
    return [attempt.pid for attempt in place.attempts(DATE)]


def task_of(daemon: Luigid, step: str) -> str:
    """The id under which a luigid knows a step."""
    tasks: dict[str, object] = daemon.call("task_list", status="", upstream_status="")
    return next(name for name in tasks if name.startswith(step))


def test_under_one_luigid_a_second_command_leaves(place: Place, daemon: Luigid, started: Started) -> None:
    hold = Hold(place, "BuildTemp")
    first = started(place.merging(DATE, *daemon.options, **hold.how))
    hold.wait(first)
    place.merge(DATE, *daemon.options).explained(10, f"{DATE} is being run by pid {first.pid}")
    hold.let_go()
    first.finish().explained(0)
    assert writers(place) == [first.pid] * 3


def test_two_overlapping_ranges_under_one_luigid_build_each_date_once(
    place: Place, daemon: Luigid, started: Started
) -> None:
    ranges = [("2016-11-08", "2016-11-12"), ("2016-11-10", "2016-11-14")]
    running = [started(place.ranging(*bounds, *daemon.options)) for bounds in ranges]
    assert {command.finish().code for command in running} <= {0, 10, 25}
    for day in range(8, 14):
        done = [attempt.step for attempt in place.attempts(f"2016-11-{day:02d}")]
        assert done == list(STEPS)


def test_two_luigids_know_nothing_of_each_other_and_the_lock_does(
    place: Place, daemon: Luigid, forgetful: Luigid, started: Started
) -> None:
    hold = Hold(place, "MergeMain")
    first = started(place.merging(DATE, *daemon.options, **hold.how))
    hold.wait(first)
    place.merge(DATE, *forgetful.options).explained(10, f"{DATE} is being run by pid {first.pid}")
    hold.let_go()
    first.finish().explained(0)
    place.merge(DATE, *forgetful.options).explained(0, "Did not run any tasks")
    assert writers(place) == [first.pid] * 3


def test_a_luigid_killed_hard_and_started_with_an_old_state_lets_nobody_in(
    place: Place, tmp_path: Path, started: Started
) -> None:
    """Its old state holds the date as done, from before it was reset."""
    old_state = {"state_path": tmp_path / "state.pickle", "stable_done_cooldown_secs": 0}
    with luigid(tmp_path / "luigid", **old_state) as daemon:
        place.merge(DATE, *daemon.options).explained(0)
        daemon.process.terminate()
        daemon.process.wait()
        shutil.rmtree(place.marker(DATE, "MergeMain").parent)
        daemon.start()
        hold = Hold(place, "BuildTemp")
        first = started(place.merging(DATE, *daemon.options, **hold.how))
        hold.wait(first)
        daemon.kill()
        daemon.start()
        place.merge(DATE, *daemon.options).explained(10, f"{DATE} is being run by pid {first.pid}")
        hold.let_go()
        assert first.finish().code in (0, 25)
        place.merge(DATE, *daemon.options).explained(0)
    assert len(place.main()) == 6
    assert len(writers(place)) == 6


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_stopped_for_longer_than_luigid_waits_keeps_its_date(
    place: Place, forgetful: Luigid, started: Started, workers: str
) -> None:
    hold = Hold(place, "BuildTemp")
    first = started(place.merging(DATE, "--workers", workers, *forgetful.options, **hold.how))
    hold.wait(first)
    first.send_group(signal.SIGSTOP)
    wait_until(lambda: forgetful.call("prune") is None and not forgetful.call("worker_list"))
    place.merge(DATE, *forgetful.options).explained(10, f"{DATE} is being run by pid {first.pid}")
    second = started(place.ranging(DATE, "2016-11-11", *forgetful.options))
    second.wait_for("running   BuildTemp")
    first.send_group(signal.SIGCONT)
    hold.let_go()
    assert (first.finish().code, second.finish().code) in ((0, 0), (10, 0), (25, 0))
    assert [attempt.step for attempt in place.attempts(DATE)] == list(STEPS)
    assert len(place.main()) == 6


def test_a_date_that_another_run_did_since_luigi_asked_is_not_done_again(
    place: Place, forgetful: Luigid, started: Started, tmp_path: Path
) -> None:
    (tmp_path / "hold").mkdir()
    how = {"prelude": ASKED_BEFORE, "HOLD": str(tmp_path / "hold")}
    second = started(place.merging(DATE, *forgetful.options, **how))
    wait_until((tmp_path / "hold" / "begun").exists)
    place.merge(DATE, *forgetful.options).explained(0)
    before = place.read_marker(DATE, "MergeMain")
    (tmp_path / "hold" / "go").touch()
    second.finish().explained(0)
    assert place.read_marker(DATE, "MergeMain") == before
    assert len(writers(place)) == 3


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_step_marked_as_done_while_it_runs_publishes_nothing_early(
    place: Place, daemon: Luigid, started: Started, workers: str
) -> None:
    hold = Hold(place, "BuildTemp")
    first = started(place.merging(DATE, "--workers", workers, *daemon.options, **hold.how))
    hold.wait(first)
    assert daemon.call("mark_as_done", task_id=task_of(daemon, "BuildTemp"))["status"] == "DONE"
    if workers == "2":
        first.wait_for("running   MergeMain", "Unfulfilled dependency")
    assert place.marked(DATE) == ["TruncateTemp"]
    hold.let_go()
    finished = first.finish()
    finished.explained(0 if workers == "1" else 30)
    place.merge(DATE, *daemon.options).explained(0)
    assert [attempt.step for attempt in place.attempts(DATE)] == list(STEPS)


@pytest.mark.parametrize("step", ["BuildTemp", "MergeMain"])
def test_a_failed_step_marked_as_done_is_not_taken_for_done(place: Place, daemon: Luigid, step: str) -> None:
    """Luigid refuses to run it again for ten seconds; the exit code still tells the truth."""
    place.merge(DATE, *daemon.options, prelude=FAILING.format(step=step)).explained(30, "it broke")
    assert daemon.call("mark_as_done", task_id=task_of(daemon, step))["status"] == "DONE"
    codes = [place.merge(DATE, *daemon.options).code]
    assert (codes[0] == 0) == (place.marked(DATE) == list(STEPS))
    wait_until(lambda: place.merge(DATE, *daemon.options).code == 0)
    assert len(place.main()) == 6
