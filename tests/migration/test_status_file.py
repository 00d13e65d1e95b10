"""The old process-status file beside the literal command: true at every moment, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ciss_luigi.migration.statusfile import KEYS, StatusFile, old_script
from tests.alerts.relay import relaying
from tests.command import Place, Running, free_port, slow_sql, wait_until
from tests.helpers import in_use, typed
from tests.migration.oldsite import JOB, STATUS

DATE = "2016-11-03"
HOURS = 1_000_000
DASHBOARD = """\
while :; do
  s=$(grep -E '^MNAAS_(Daily_ProcessStatusFlag|Script_Process_Id|job_status)=' "$1" | cut -d= -f2)
  s=$(echo $s)
  pid=$(grep '^MNAAS_Script_Process_Id=' "$1" | cut -d= -f2)
  alive=-; [ -n "$pid" ] && { kill -0 "$pid" 2>/dev/null && alive=yes || alive=no; }
  echo "$s| $(wc -l < "$1") $alive" >> "$2"
  sleep 0.1
done
"""


@pytest.fixture
def status(place: Place) -> Path:
    """The status file of a site that runs the job."""
    file = place.folder / "status"
    file.write_text(STATUS + "# kept by the operators\nOTHER=left alone\n")
    configure(place)
    return file


def configure(place: Place, **ciss: object) -> None:
    place.configure("[ciss_legacy]\nstatus_file = status", **ciss)


def values(file: Path) -> dict[str, str]:
    return StatusFile(file).read()


def told(file: Path) -> tuple[str, str, str, str]:
    """Flag, process id, job status, and whether a failure was told."""
    found = values(file)
    return found[KEYS[0]], found[KEYS[2]], found[KEYS[3]], found[KEYS[4]]


@contextmanager
def dashboard(place: Place, file: Path) -> Iterator[Path]:
    """A dashboard that greps the file ten times a second; what it saw, a line each time."""
    seen = place.folder / "seen"
    seen.touch()
    script = place.folder / "dashboard.sh"
    script.write_text(DASHBOARD)
    looking = subprocess.Popen(["/bin/sh", str(script), str(file), str(seen)])
    try:
        wait_until(lambda: seen.stat().st_size)
        yield seen
        size = seen.stat().st_size
        wait_until(lambda: seen.stat().st_size > size)
    finally:
        looking.kill()
        looking.wait()


@pytest.mark.slow
def test_the_file_follows_a_run_and_keeps_what_is_not_ours(place: Place, status: Path) -> None:
    status.chmod(0o640)
    before = status.stat()
    place.merge(DATE).explained(0)
    assert told(status) == ("0", "", "Success", "No")
    lines = status.read_text().splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        *(line.partition("=")[0] for line in STATUS.splitlines()), "# kept by the operators", "OTHER",
    ]  # fmt: skip
    assert values(status)["MNAAS_job_ran_time"] > "2026"
    assert (status.stat().st_mode, status.stat().st_uid) == (before.st_mode, before.st_uid)
    assert list(place.folder.glob(".status*")) == []
    after = status.stat().st_mtime_ns
    place.merge(DATE).explained(0)
    assert status.stat().st_mtime_ns == after, "a run that does nothing changes nothing"


@pytest.mark.slow
def test_sources_that_are_missing_leave_flag_status_and_told_as_they_were(place: Place, status: Path) -> None:
    StatusFile(status).write({KEYS[0]: "2", KEYS[3]: "Failure", KEYS[4]: "Yes"})
    place.merge("2018-03-03").explained(20)
    assert told(status) == ("2", "", "Failure", "Yes")


@pytest.mark.slow
def test_a_file_that_is_not_there_is_made_and_one_that_cannot_be_written_is_a_warning(
    place: Place, status: Path
) -> None:
    status.unlink()
    place.merge(DATE).explained(0)
    assert set(values(status)) == set(KEYS)
    place.configure("[ciss_legacy]\nstatus_file = nowhere/status")
    (place.folder / "nowhere").write_text("no folder")
    done = place.merge("2016-12-22").explained(0, "[ciss_legacy] status_file: ")
    assert done.text.count("cannot be written") == 1
    assert done.text.count("WARNING") >= 1


def old_job(place: Place, *, name: str = f"{JOB}.sh") -> subprocess.Popen[bytes]:
    """The old script, which sleeps."""
    script = place.folder / name
    script.write_text("sleep 600 & wait\n")
    return subprocess.Popen(["/bin/sh", str(script)], start_new_session=True)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["script", "loader"])
def test_the_old_job_that_runs_is_named_and_nothing_is_touched(place: Place, status: Path, how: str) -> None:
    if how == "script":
        old = old_job(place)
    else:  # its Java loader, after the script itself was killed
        command = ["/bin/sh", "-c", "sleep 600 & wait", "java", f"-Dname={JOB}"]
        old = subprocess.Popen(command, start_new_session=True)
    try:
        StatusFile(status).write({KEYS[2]: str(old.pid), KEYS[3]: "Running", KEYS[0]: "1"})
        before = status.read_bytes()
        place.merge(DATE).explained(10, f"the old script is running, pid {old.pid}", JOB)
        place.range("2016-11-03", "2016-11-05").explained(10, "the old script is running")
        assert status.read_bytes() == before
        assert place.marked(DATE) == []
    finally:
        os.killpg(old.pid, signal.SIGKILL)
        old.wait()
    place.merge(DATE).explained(0)
    assert told(status) == ("0", "", "Success", "No")


def test_another_program_with_the_old_ones_number_stops_nobody(tmp_path: Path) -> None:
    me = {"MNAAS_Daily_ProcessName": JOB, "MNAAS_Script_Process_Id": str(os.getpid())}
    assert old_script(me) == ""
    for pid in ("", "0", "-1", "999999999", "abc", "٣", "1" * 40):
        assert old_script({**me, "MNAAS_Script_Process_Id": pid}) == ""


@pytest.fixture
def slow(place: Place, status: Path, tmp_path: Path) -> Place:
    """A site whose BuildTemp would run for hours, and its status file."""
    configure(place, sql_dir=slow_sql(tmp_path / "sql", HOURS))
    return place


def building(place: Place, *options: str) -> Running:
    running = place.merging(DATE, *options)
    place.wait_for_step(DATE, "BuildTemp")
    return running


@pytest.mark.slow
def test_a_stopped_run_says_failure_and_where_to_resume(slow: Place, status: Path) -> None:
    running = building(slow, "--workers", "2")
    assert told(status) == ("1", str(running.pid), "Running", "No")
    running.send(signal.SIGTERM)
    running.finish().explained(30)
    assert told(status) == ("1", "", "Failure", "No")


@pytest.mark.slow
@pytest.mark.parametrize("relay_is_there", [True, False])
def test_a_failure_counts_as_told_once_the_relay_took_it(
    place: Place, status: Path, *, relay_is_there: bool
) -> None:
    legacy = "[ciss_legacy]\nstatus_file = status\n[ciss_alerts]\nmail_to = ops@example.com\n"
    with relaying() as relay:
        smtp = relay.smtp_section(no_tls=True)
        if not relay_is_there:
            smtp = "[smtp]\nhost = 127.0.0.1\nport = 1\n"
        place.configure(legacy + smtp)
        place.query("UPDATE mnaas.usage_overage_charge SET currency = 'XXX'")
        place.merge(DATE).explained(30)
        assert told(status) == ("1", "", "Failure", "Yes" if relay_is_there else "No")
        place.merge("2018-03-03").explained(20)
        assert told(status)[3] == ("Yes" if relay_is_there else "No")
        place.query("UPDATE mnaas.usage_overage_charge SET currency = 'GBP'")
        place.merge(DATE).explained(0)
        assert told(status) == ("0", "", "Success", "No")


@pytest.mark.slow
def test_a_night_that_is_lost_before_its_first_step_is_a_failure(place: Place, status: Path) -> None:
    place.merge(DATE).explained(0)
    ran = values(status)["MNAAS_job_ran_time"]
    place.merge("2016-11-04", "--scheduler-port", str(free_port())).explained(40, "luigid does not answer")
    assert told(status) == ("0", "", "Failure", "No")
    place.merge("2016-11-04").explained(0)
    assert told(status)[2] == "Success"
    for number, state in ((signal.SIGINT, "Success"), (signal.SIGTERM, "Failure")):
        with in_use(place.warehouse):
            running = place.merging("2016-11-05")
            running.wait_for("waiting for it")
            running.send(number)
            running.finish().explained(128 + number)
        assert told(status) == ("0", "", state, "No")
    assert values(status)["MNAAS_job_ran_time"] >= ran
    place.merge("2018-31-12").explained(40)
    assert told(status)[2] == "Failure"


@pytest.mark.slow
def test_a_failure_that_the_watch_delivers_counts_as_told(place: Place, status: Path) -> None:
    alerts = "[ciss_legacy]\nstatus_file = status\n[ciss_alerts]\nmail_to = ops@example.com\n"
    place.configure(f"{alerts}[smtp]\nhost = 127.0.0.1\nport = 1\n")
    place.query("UPDATE mnaas.usage_overage_charge SET currency = 'XXX'")
    place.merge(DATE).explained(30)
    assert told(status) == ("1", "", "Failure", "No")
    with relaying() as relay:
        place.configure(alerts + relay.smtp_section(no_tls=True))
        for entry in (place.state / "alerts" / "outbox").glob("*.json"):
            waiting = json.loads(entry.read_text())
            entry.write_text(json.dumps({**waiting, "not_before": ""}))
        typed(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(1)
        assert relay.post
    assert told(status) == ("1", "", "Failure", "Yes")


@pytest.mark.slow
def test_a_killed_run_is_told_by_the_next_command(slow: Place, status: Path) -> None:
    running = building(slow)
    running.send_group(signal.SIGKILL)
    running.finish()
    assert told(status)[:3] == ("1", str(running.pid), "Running")
    slow.merge("2018-03-03").explained(20)
    assert told(status) == ("1", "", "Failure", "No")
    configure(slow)
    slow.merge(DATE).explained(0)
    assert told(status) == ("0", "", "Success", "No")


@pytest.mark.slow
def test_the_old_script_leaves_the_new_job_alone(slow: Place, status: Path) -> None:
    """Its guard: another process whose number stands in the file is alive."""
    running = building(slow)
    guard = f'pid=$(sed -n "s/^MNAAS_Script_Process_Id=//p" {status}); kill -0 $pid && exit 3; exit 0'
    assert subprocess.run(["/bin/sh", "-c", guard], check=False).returncode == 3
    running.end()


@pytest.mark.slow
def test_a_dashboard_sees_nothing_but_the_truth(place: Place, status: Path, tmp_path: Path) -> None:
    """A run, a failure, a kill and a backfill with two workers, while it greps ten times a second."""
    count = len(status.read_text().splitlines())
    with dashboard(place, status) as seen:
        place.merge(DATE).explained(0)
        configure(place, sql_dir=slow_sql(tmp_path / "sql", HOURS))
        running = building_of(place, "2016-11-04")
        running.send_group(signal.SIGKILL)
        running.finish()
        configure(place, statement_deadline_minutes=0.01, sql_dir=tmp_path / "sql")
        place.merge("2016-11-04").explained(30)
        assert told(status)[0] == "1"
        assert told(status)[2] == "Failure"
        configure(place)
        place.range("2016-11-04", "2016-11-12", "--workers", "2").explained(0)
    lines = seen.read_text().splitlines()
    assert {line.split()[-2] for line in lines} == {str(count)}, "a torn or empty file was seen"
    running_lines = [line for line in lines if "Running" in line]
    assert running_lines
    assert all(len(line.partition("|")[0].split()) == 3 for line in running_lines), "Running without a number"
    states = {tuple(line.partition("|")[0].split()) for line in lines}
    assert {state[-1] for state in states} == {"Success", "Running", "Failure"}
    assert told(status) == ("0", "", "Success", "No")


def building_of(place: Place, date: str) -> Running:
    running = place.merging(date)
    place.wait_for_step(date, "BuildTemp")
    return running


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "MNAAS_job_status\n", "MNAAS_job_status=Success", "MNAAS_job_status=a=b=c\r\nX=1\r\n",
        "MNAAS_job_status=1\nMNAAS_job_status=2\n", " MNAAS_job_status=indented\n", "\udcff=\udcfe\n",
        "x" * 100_000,
        "MNAAS_job_status=\\1 \\g<0>\n",
    ],
)  # fmt: skip
def test_whatever_stands_in_the_file_stays_there(tmp_path: Path, text: str) -> None:
    file = StatusFile(tmp_path / "status")
    file.path.write_bytes(os.fsencode(text))
    file.write({KEYS[3]: "Running"})
    assert file.read()[KEYS[3]] == "Running"
    before = [line for line in os.fsencode(text).splitlines() if not line.startswith(b"MNAAS_job_status=")]
    after = [
        line for line in file.path.read_bytes().splitlines() if not line.startswith(b"MNAAS_job_status=")
    ]
    assert after == before


def test_a_link_stays_a_link_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text(STATUS)
    (tmp_path / "link").symlink_to(real)
    StatusFile(tmp_path / "link").write({KEYS[0]: "1"})
    assert (tmp_path / "link").is_symlink()
    assert StatusFile(real).read()[KEYS[0]] == "1"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        StatusFile(tmp_path / "pipe").write({KEYS[0]: "1"})
