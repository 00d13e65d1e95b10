"""Whatever is killed, the command ends by itself: with words, and with the work of the others done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import STEPS, Place, slow_sql

RANGE = ("2016-11-10", "2016-11-13", "--workers", "2")

DIES_AS_IT_REPORTS = """
import multiprocessing, os, signal
from multiprocessing.connection import Connection

send = Connection._send_bytes
def dying(self, data):
    if multiprocessing.parent_process() is not None and b"{step}" in bytes(data):
        try:
            os.close(os.open("died", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            {dying}
            os.kill(os.getpid(), signal.SIGKILL)
    return send(self, data)
Connection._send_bytes = dying
"""
"""A prelude: the first worker that reports a step is killed amid its message, with all that it holds then."""

HALF = "os.write(self.fileno(), b'\\x00\\x00\\x7f')"
"""What stands in the pipe of a message that was torn."""


@pytest.mark.slow
@pytest.mark.parametrize("dying", ["pass", HALF])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_amid_its_report_is_done_without_it(place: Place, step: str, dying: str) -> None:
    prelude = DIES_AS_IT_REPORTS.format(step=step, dying=dying)
    finished = place.range(*RANGE, prelude=prelude)
    finished.explained(0, f"the process that worked on {step}(date=2016-11-1", "was killed by SIGKILL, after")
    assert all(place.marked(day) == list(STEPS) for day in ("2016-11-10", "2016-11-11", "2016-11-12"))
    place.range(*RANGE).explained(0, "Did not run any tasks")


BEFORE_ITS_MARKER = """
import multiprocessing, os, signal
from ciss_luigi.state.markers import Markers

write = Markers.write
def dying(self, marker):
    if str(marker.date) == "2016-11-11" and marker.step == "{step}":
        {dying}
    write(self, marker)
Markers.write = dying
"""
DEATHS = {
    "os.kill(os.getpid(), signal.SIGKILL)": "was killed by SIGKILL",
    "os.kill(os.getpid(), signal.SIGSEGV)": "was killed by SIGSEGV",
    "os._exit(0)": "ended with exit code 0 and told no result",
    "os._exit(3)": "ended with exit code 3 and told no result",
}


@pytest.mark.slow
@pytest.mark.parametrize("dying", DEATHS)
def test_a_worker_that_is_gone_before_its_marker_is_a_failed_step(place: Place, dying: str) -> None:
    prelude = BEFORE_ITS_MARKER.format(step="BuildTemp", dying=dying)
    finished = place.range(*RANGE, prelude=prelude)
    finished.explained(30, "the process that worked on BuildTemp(date=2016-11-11)", DEATHS[dying])
    finished.expect(30, "Next:  luigi --module ciss_luigi RangeDaily --of MergeMain --start 2016-11-10")
    assert [place.marked(day) for day in ("2016-11-10", "2016-11-12")] == [list(STEPS)] * 2
    assert place.marked("2016-11-11") == ["TruncateTemp"]
    place.range(*RANGE).explained(0)
    assert len(place.main()) == 6


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_ended(place: Place, tmp_path: Path) -> None:
    place.configure("[worker]\ntimeout = 3", sql_dir=slow_sql(tmp_path / "sql", 1_000_000))
    finished = place.merge("2016-11-10", "--workers", "2")
    finished.explained(30, "BuildTemp(date=2016-11-10) took longer than 3 s and was ended")
    assert place.attempts("2016-11-10")[-1].outcome == "stopped"


def test_parallel_scheduling_makes_no_process_that_could_be_waited_for(place: Place) -> None:
    import duckdb

    with duckdb.connect(str(place.warehouse)):
        running = place.merging("2016-11-10", "--parallel-scheduling")
        running.wait_for("parallel_scheduling is left out", "waiting for it")
        assert running.others() == []
        running.end()
