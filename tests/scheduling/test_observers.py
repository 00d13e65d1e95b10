"""Every command and step is told to observers: with its exit code, after its locks are free."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from ciss_luigi.locking.filelocks import FileLock
from tests.command import Finished, Place, name_of

pytestmark = pytest.mark.whole

DATE = "2016-11-10"
TELLING = """
import json, os
from ciss_luigi import observers, site
from ciss_luigi.billing.rundate import RunDate

class Telling(observers.Observer):
    def command_begins(self, begin):
        self.tell("begins", arguments=begin.arguments[2:])
    def step_begins(self, begin):
        self.tell("step", step=begin.step)
    def step_ends(self, end):
        self.tell("step ends", step=end.begin.step, error=end.error, stopped=end.stopped)
    def command_ends(self, end):
        free = not os.path.exists("state/locks/date-2016-11-10.lock") or site.current().date_lock(
            RunDate.parse("2016-11-10")
        ).try_acquire()
        failed = [(str(date), step) for date, step in end.failed]
        self.tell("ends", code=end.code, reason=end.reason, dates=[*map(str, end.dates)], failed=failed,
                  signal=end.signal, began=end.began, free=free)
    def tell(self, what, **more):
        print("TOLD " + json.dumps({"what": what, **more}), flush=True)

observers.add(Telling())
"""
FAILING = """
from ciss_luigi import observers
class Failing(observers.Observer):
    def command_begins(self, begin):
        raise LookupError("no such thing")
    step_begins = step_ends = command_ends = command_begins
observers.add(Failing())
"""


def told(finished: Finished) -> list[dict[str, Any]]:
    """What the observer heard, in its order."""
    lines = [line.removeprefix("TOLD ") for line in finished.text.splitlines() if line.startswith("TOLD ")]
    return [json.loads(line) for line in lines]


def end_of(finished: Finished) -> dict[str, Any]:
    """The command's end; it comes once, and last."""
    events = told(finished)
    assert [event["what"] for event in events].count("ends") == 1
    assert events[0]["what"] == "begins"
    assert events[-1]["what"] == "ends"
    assert events[-1]["code"] == finished.code
    return events[-1]


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_a_night_that_goes_well(place: Place, way: tuple[str, ...]) -> None:
    finished = place.merge(DATE, *way, prelude=TELLING)
    end = end_of(finished.explained(0))
    steps = [(event["what"], event.get("step")) for event in told(finished)[1:-1]]
    names = ("TruncateTemp", "BuildTemp", "MergeMain")
    assert steps == [(what, name) for name in names for what in ("step", "step ends")]
    assert told(finished)[0]["arguments"][:3] == ["MergeMain", "--date", DATE]
    assert end == {
        "what": "ends", "code": 0, "reason": "", "dates": [DATE], "failed": [], "signal": "", "began": True,
        "free": True,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_a_step_that_fails(place: Place, way: tuple[str, ...]) -> None:
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = 'XXX' WHERE partition_date = '2016-11'")
    finished = place.merge(DATE, *way, prelude=TELLING)
    end = end_of(finished.explained(30))
    assert end["failed"] == [[DATE, "BuildTemp"]]
    assert end["reason"].startswith(f"BuildTemp of {DATE} failed")
    failed = [event for event in told(finished) if event["what"] == "step ends"][-1]
    assert "no XXX rate for " in failed["error"]
    assert (failed["stopped"], end["free"]) == (False, True)


def test_ends_before_a_step(place: Place) -> None:
    end = end_of(place.merge("2017-05-10", prelude=TELLING))
    assert (end["code"], end["began"]) == (20, False)
    assert end["reason"] == "SourcesReady of 2017-05-10 lacks sources"
    end = end_of(place.merge("2016-11-33", prelude=TELLING))
    assert (end["code"], end["began"]) == (40, False)
    assert end["reason"].startswith("--date '2016-11-33' is not a date")
    with FileLock(place.state / "locks" / f"date-{DATE}.lock").waited():
        end = end_of(place.merge(DATE, prelude=TELLING))
    assert (end["code"], end["began"], end["free"]) == (10, False, False)
    assert f"{DATE} is being run by" in end["reason"]


def test_faults_of_the_configuration(place: Place) -> None:
    place.configure(grace_dais="5")
    end = end_of(place.merge(DATE, prelude=TELLING))
    assert "grace_dais" in end["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_a_signal_before_the_first_step(place: Place, way: tuple[str, ...]) -> None:
    import duckdb

    with duckdb.connect(str(place.warehouse)):  # so the command waits while it schedules
        running = place.merging(DATE, *way, prelude=TELLING)
        running.wait_for("waiting for it")
        running.send(signal.SIGTERM)
        end = end_of(running.finish().explained(143))
    assert (end["signal"], end["began"], end["free"]) == ("SIGTERM", False, True)
    assert end["reason"].startswith("stopped by SIGTERM before a step began")


@pytest.mark.slow
def test_an_observer_that_fails_changes_nothing(place: Place) -> None:
    place.merge(DATE, prelude=FAILING).explained(0, "Failing could not do its part: no such thing")
    place.merge("2017-05-10", prelude=FAILING).explained(20)
