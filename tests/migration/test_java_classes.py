"""``loader = java`` where the classes go wrong; real Java on an embedded warehouse."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.javaruns import JavaRun, JavaRuns
from tests.command import MAIN, TEMP, Place, Running, wait_until
from tests.helpers import typed
from tests.migration.javasite import classes, section

__all__ = ["classes"]

DATE = "2016-11-22"
SECRET = "h1dd3n-in-properties"

pytestmark = pytest.mark.slow


@pytest.fixture
def old(place: Place, classes: Path) -> Place:
    """A site of the old job: its tables, its properties, its classes."""
    for table in (TEMP, MAIN):
        place.query(f"CREATE TABLE mnaas.{table} (org_id VARCHAR, month_year VARCHAR)")
    (place.folder / "old.properties").write_text(f"HIVE_PASSWORD={SECRET}\n")
    return place


def configure(old: Place, classes: Path, misbehave: str = "", **ciss: object) -> None:
    options = f"-Dmisbehave={misbehave} -Xmx64m -XX:TieredStopAtLevel=1"
    old.configure(section(str(classes), options=options), loader="java", **ciss)


def living(old: Place) -> list[int]:
    """What of the class still runs."""
    record = JavaRuns(old.state).left_behind()
    return record.processes() if record else []


def test_a_class_that_prints_a_stack_trace_and_ends_with_0_has_failed(old: Place, classes: Path) -> None:
    configure(old, classes, "temp:trace")
    done = old.merge(DATE).explained(30, "made.temp ended with exit code 0, and said", "made to fail")
    assert "main was not touched" in done.text
    assert old.marked(DATE) == ["TruncateTemp"]


def test_an_exit_code_fails_the_step_and_an_empty_temp_does_too(old: Place, classes: Path) -> None:
    configure(old, classes, "temp:code")
    old.merge(DATE).explained(30, "made.temp ended with exit code 7")
    configure(old, classes)
    old.merge(DATE).explained(30, "holds no row after made.temp has filled it")


def test_a_class_that_hangs_is_ended_at_the_deadline_with_its_children(old: Place, classes: Path) -> None:
    configure(old, classes, "temp:deaf", statement_deadline_minutes=0.1)
    prelude = "from ciss_luigi.steps import javaprocess\njavaprocess.PATIENCE_SECONDS = 1.0\n"
    old.merge(DATE, prelude=prelude).explained(30, "ran longer than 0.1 minutes", "was ended")
    assert living(old) == []


def test_a_child_that_a_class_leaves_behind_is_ended_and_named(old: Place, classes: Path) -> None:
    configure(old, classes, "temp:child")
    done = old.merge(DATE).explained(30, "made.temp ended, but left process ", "which has been ended, too")
    assert "holds no row" in done.text
    assert living(old) == []


def hanging(old: Place, classes: Path) -> Running:
    configure(old, classes, "temp:hang")
    running = old.merging(DATE)
    running.wait_for("made.temp: hangs")
    return running


def test_sigterm_ends_the_class_and_the_step(old: Place, classes: Path) -> None:
    running = hanging(old, classes)
    assert living(old)
    running.send(signal.SIGTERM)
    running.finish().explained(30, "stopped by SIGTERM")
    assert living(old) == []


def works_on(pid: int) -> bool:
    """Whether a process still does anything: one that has ended stays listed until its parent looks."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_what_a_killed_command_left_running_is_ended_by_the_next_one(old: Place, classes: Path) -> None:
    running = hanging(old, classes)
    running.send_group(signal.SIGKILL)
    running.finish()
    left = living(old)
    assert left, "the class was to outlive its command"
    configure(old, classes, "temp:code")
    old.merge(DATE).explained(30, "ending what a killed run left behind: made.temp", "exit code 7")
    assert [pid for pid in left if works_on(pid)] == []
    assert JavaRuns(old.state).left_behind() is None


def test_what_runs_on_another_host_stops_the_command(old: Place, classes: Path) -> None:
    configure(old, classes)
    JavaRuns(old.state).begin(JavaRun("other-host", 4711, "x", "made.temp"))
    old.merge(DATE).explained(10, "made.temp was started on other-host, process 4711")
    assert old.marked(DATE) == []


def test_the_plan_is_the_command_lines_and_asks_no_engine(old: Place, classes: Path) -> None:
    configure(old, classes, warehouse_url="duckdb:///not_there.duckdb")
    lines = typed(old.folder, "plan", "--date", "2016-11-05").expect(0).out.splitlines()
    start, folder = f" -Dname=old_job -cp {classes} ", old.folder
    assert lines[0].endswith(f"{start}made.temp {folder}/old.properties 05 {folder}/old.log")
    assert lines[1].endswith(
        f"{start}made.merge {folder}/old.properties 2016-11-01 {folder}/old.log 05 2016-10"
    )


def test_what_the_section_lacks_is_named_at_once(place: Place) -> None:
    place.configure("[ciss_java]\nname = x", loader="java")
    done = place.merge(DATE).explained(40, "[ciss_java] classpath: is needed with loader = java")
    for key in ("temp_class", "main_class", "properties_file", "log_file"):
        assert f"[ciss_java] {key}: is needed" in done.text


def test_a_process_is_found_by_its_mark_whatever_its_group(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        os.setsid()
        os.execve("/bin/sleep", ["sleep", "600"], {"CISS_JAVA_RUN": "found-by-mark"})
    run = JavaRun("here", child, "found-by-mark", "sleep")
    wait_until(run.processes)
    assert run.end(signal.SIGKILL) == [child]
    os.waitpid(child, 0)
    assert run.processes() == []


def test_a_torn_record_is_none(tmp_path: Path) -> None:
    runs = JavaRuns(tmp_path)
    runs.begin(JavaRun("h", 1, "m", "w"))
    assert runs.left_behind() == JavaRun("h", 1, "m", "w")
    for text in ("", "{", "[]", json.dumps({"host": 1}), "\0"):
        (tmp_path / "java" / "running.json").write_text(text)
        assert runs.left_behind() is None
    runs.note_temp(str(RunDate.parse(DATE)), "r")
    assert runs.temp_holds() == (DATE, "r")
