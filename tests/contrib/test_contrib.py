"""Each file of contrib with the real program, where Debian has it."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.operator import monitored
from ciss_luigi.state.markers import Step
from tests.command import LUIGI, Place, wait_until
from tests.helpers import run
from tests.servers import needs

CONTRIB = Path(__file__).parents[2] / "contrib"
UNITS = ("luigid.service", "ciss.service", "ciss.timer", "ciss-watch.service", "ciss-watch.timer")


def call(*command: str | Path, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload, no-any-return]


def text(name: str) -> str:
    return (CONTRIB / name).read_text(encoding="utf-8")


def test_the_page_lists_every_file() -> None:
    files = {str(path.relative_to(CONTRIB)) for path in CONTRIB.rglob("*") if path.is_file()} - {"README.md"}
    assert set(re.findall(r"\]\(([^)]+)\)", text("README.md"))) == files


# --- systemd ------------------------------------------------------------------------------------------


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, for a folder whose programs are there."""
    needs.require([needs.SYSTEMD])
    programs = tmp_path / "srv" / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("luigi", "luigid", "ciss"):
        program = programs / name
        program.write_text('#!/bin/sh\necho "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    (tmp_path / "srv" / "docs").mkdir()
    for name in UNITS:
        content = text(f"systemd/{name}").replace("/srv/ciss", str(tmp_path / "srv")).replace("User=ciss", "")
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.mark.slow
def test_systemd_has_nothing_to_say_of_the_units(units: Path) -> None:
    paths = [units / name for name in UNITS]
    judged = call(
        "systemd-analyze", "verify", "--man=no", *paths, env={"SYSTEMD_LOG_LEVEL": "warning", **os.environ}
    )
    mine = [line for line in judged.stderr.splitlines() if any(name in line for name in UNITS)]
    assert (judged.returncode, mine) == (0, [])


@pytest.mark.parametrize("name", ["ciss.timer", "ciss-watch.timer"])
def test_systemd_reads_the_times(name: str) -> None:
    needs.require([needs.SYSTEMD])
    (when,) = re.findall(r"^OnCalendar=(.*)$", text(f"systemd/{name}"), re.MULTILINE)
    assert call("systemd-analyze", "calendar", when).returncode == 0


def test_the_unit_asks_for_todays_date(units: Path) -> None:
    """As systemd reads it: %% is a %, $$ is a $."""
    (line,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", (units / "ciss.service").read_text(), re.MULTILINE)
    said = call("/bin/sh", "-c", line.replace("%%", "%").replace("$$", "$")).stdout
    today = call("date", "+%F").stdout.strip()
    assert said == f"--module ciss_luigi MergeMain --date {today} --local-scheduler\n"


# --- cron ---------------------------------------------------------------------------------------------


def test_cron_reads_the_table() -> None:
    needs.require([needs.CRON])
    assert call("crontab", "-n", CONTRIB / "crontab").returncode == 0
    broken = text("crontab").replace("15 2 * * *", "15 25 * * *")
    assert call("crontab", "-n", "-", input=broken).returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("secrets", ["", "HIVE_PASSWORD=x\n"])
def test_the_lines_of_cron_do_what_they_say(place: Place, secrets: str) -> None:
    """As cron does: nothing in the environment but the table's own, a shell, ``\\%`` for a ``%``."""
    if secrets:
        (place.folder / "secrets").write_text(secrets)
    table = (
        text("crontab")
        .replace("/srv/ciss/.venv/bin", str(LUIGI.parent))
        .replace("/srv/ciss", str(place.folder))
    )
    environment = dict(re.findall(r"^(\w+)=(.*)$", table, re.MULTILINE))
    job, watch = re.findall(r"^[\d,]+ [\d-]+ \* \* \*  (.*)$", table, re.MULTILINE)

    def as_cron(line: str) -> subprocess.CompletedProcess[str]:
        shell, home = environment["SHELL"], {"HOME": str(place.folder)}
        return call(shell, "-c", line.replace("\\%", "%"), env=environment | home, cwd="/")

    assert as_cron(job).returncode == 20, "there are no sources of this month"
    assert as_cron(watch).returncode in (0, 1)
    run(place.folder, "2016-11-22")
    fixed = job.replace("$(date +\\%F)", "2016-11-22")
    done = as_cron(fixed)
    assert (done.returncode, place.marked("2016-11-22")[-1]) == (0, "MergeMain"), done.stderr


# Everything that cron looks at is put in its place for the daemon alone; sendmail keeps what it is given.
AS_CRONS_OWN = """
set -e
folder=$1 table=$2
cp /usr/sbin/cron "$folder/cron"
for one in /usr/sbin /run /etc/cron.d /var/spool/cron; do mount -t tmpfs none $one; done
mount --bind /dev/null /etc/crontab
printf '#!/bin/sh\\ncat >> "%s/mail"\\n' "$folder" > /usr/sbin/sendmail
chmod 755 /usr/sbin/sendmail
mkdir -m 1730 /var/spool/cron/crontabs
cp "$table" /var/spool/cron/crontabs/root
chmod 600 /var/spool/cron/crontabs/root
exec "$folder/cron" -f
"""


@contextmanager
def cron(folder: Path, table: Path) -> Iterator[None]:
    """Cron's own daemon with one table, in mounts and processes of its own: it sees no other."""
    how = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
    daemon = subprocess.Popen([*how, "sh", "-c", AS_CRONS_OWN, "sh", str(folder), str(table)])
    try:
        yield
    finally:
        daemon.kill()  # and with it all that it has started
        daemon.wait()


@pytest.mark.slow
@pytest.mark.usefixtures("mounts")
def test_crons_daemon_runs_both_lines_and_mails_what_they_say(place: Place) -> None:
    """Each minute instead of at their times, for a date that has sources; the environment is cron's own."""
    needs.require([needs.CRON])
    place.configure("[ciss_log]\nfile = ciss.log\nterminal = quiet\n")
    (place.folder / "secrets").write_text("HIVE_PASSWORD='a $b #c'\n")
    table = place.folder / "table"
    lines = (
        text("crontab")
        .replace("/srv/ciss/.venv/bin", str(LUIGI.parent))
        .replace("/srv/ciss", str(place.folder))
        .replace("--by 06:00", "--by 00:00 --date 2016-11-30")
        .replace("$(date +\\%F)", "$(date --date '2016-11-22' +\\%F)")
    )
    table.write_text(re.sub(r"^[\d,]+ [\d-]+ (?=\* \* \*)", "* * ", lines, flags=re.MULTILINE))
    with cron(place.folder, table):
        wait_until(lambda: place.marker("2016-11-22", "MergeMain").exists(), 150)
        wait_until(lambda: "2016-11-30 is not merged by 00:00" in mails(place))
        wait_until(lambda: 'action="command-end"' in (place.folder / "ciss.log").read_text())
    subjects = re.findall(r"^Subject: Cron <.*?> (.*)$", mails(place), re.MULTILINE)
    assert subjects
    assert all("ciss watch" in subject for subject in subjects), "a good night says nothing"
    assert "To: ops@example.com" in mails(place)


def mails(place: Place) -> str:
    """What cron has mailed so far."""
    path = place.folder / "mail"
    return path.read_text() if path.exists() else ""


# --- logrotate ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_logrotate_turns_a_log_that_the_job_writes(place: Place) -> None:
    needs.require([needs.LOGROTATE])
    place.configure("[ciss_log]\nfile = ciss.log\nrotate_mb = 0\n")
    table = place.folder / "logrotate"
    content = text("logrotate").replace("/var/log/ciss/ciss.log", str(place.folder / "ciss.log"))
    table.write_text(content.replace("    su ciss ciss\n", ""))
    table.chmod(0o644)
    place.folder.chmod(0o755)
    program, state = needs.program(needs.LOGROTATE), str(place.folder / "logrotate.state")
    tried = call(program, "-d", "-s", state, str(table))
    assert (tried.returncode, "error" in tried.stderr) == (0, False), tried.stderr
    place.merge("2016-11-21").explained(0)
    before = (place.folder / "ciss.log").read_text()
    turned = call(program, "-f", "-s", state, str(table))
    assert turned.returncode == 0, turned.stderr
    (old,) = place.folder.glob("ciss.log-*")
    assert old.read_text() == before
    place.merge("2016-11-22").explained(0)
    assert 'action="command-end"' in (place.folder / "ciss.log").read_text()


# --- Prometheus and Grafana ---------------------------------------------------------------------------


@pytest.fixture
def promtool() -> str:
    needs.require([needs.PROMTOOL])
    return needs.program(needs.PROMTOOL)


def test_promtool_reads_the_rules(promtool: str) -> None:
    judged = call(promtool, "check", "rules", CONTRIB / "prometheus-rules.yml")
    assert judged.returncode == 0, judged.stdout + judged.stderr


FIRING = """
rule_files: [rules.yml]
evaluation_interval: 15m
tests:
  - interval: 15m
    input_series:
      - {series: ciss_last_success_timestamp_seconds, values: "0x200"}
      - {series: 'ciss_failures{step="BuildTemp"}', values: "0x200"}
      - {series: ciss_alerts_open, values: "0x4 1x200"}
      - {series: ciss_alerts_waiting, values: "0x200"}
    alert_rule_test:
      - {eval_time: 29h, alertname: CissNotMerged, exp_alerts: []}
      - eval_time: 31h
        alertname: CissNotMerged
        exp_alerts: [{exp_labels: {severity: page},
          exp_annotations: {summary: "Main was not merged for 1d 7h 0m 0s",
          description: "ciss status on the job's host says why; docs/runbook.md says what to type."}}]
      - {eval_time: 2h, alertname: CissFailureOpen, exp_alerts: []}
      - eval_time: 4h
        alertname: CissFailureOpen
        exp_alerts: [{exp_labels: {severity: ticket},
          exp_annotations: {summary: "1 failures of the nightly job are open for two hours",
          description: "ciss alerts lists them."}}]
      - {eval_time: 4h, alertname: CissNobodyHears, exp_alerts: []}
      - {eval_time: 4h, alertname: CissFiguresGone, exp_alerts: []}
"""


def test_the_rules_fire_when_they_should(promtool: str, tmp_path: Path) -> None:
    shutil.copy(CONTRIB / "prometheus-rules.yml", tmp_path / "rules.yml")
    (tmp_path / "test.yml").write_text(FIRING)
    judged = call(promtool, "test", "rules", tmp_path / "test.yml")
    assert judged.returncode == 0, judged.stdout + judged.stderr


def written_names(place: Place) -> set[str]:
    """The names of all figures that the job writes."""
    from prometheus_client.parser import text_string_to_metric_families

    from ciss_luigi.telemetry import metrics

    run(place.folder, "2016-11-22", Step.MERGE)
    metrics.write(place.folder / "ciss.prom", monitored.look(site.load({}, place.folder)))
    families = text_string_to_metric_families((place.folder / "ciss.prom").read_text())
    return {family.name for family in families}


def test_rules_and_dashboard_use_names_that_the_job_writes(place: Place) -> None:
    used = set(re.findall(r"ciss_\w+", text("prometheus-rules.yml") + text("grafana-dashboard.json")))
    names = written_names(place)
    assert used - {"ciss_metrics"} - names == set()
    assert names - used - {"ciss_last_attempt_timestamp_seconds"} == set()


def test_the_dashboards_expressions_are_promql(promtool: str, tmp_path: Path) -> None:
    """As rules: promtool checks no query by itself without a server."""
    panels = json.loads(text("grafana-dashboard.json"))["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(expressions) == 10
    rules = [{"record": f"checked:panel_{number}", "expr": expr} for number, expr in enumerate(expressions)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    judged = call(promtool, "check", "rules", tmp_path / "rules.yml")
    assert judged.returncode == 0, judged.stdout + judged.stderr
