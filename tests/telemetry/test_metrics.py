"""The file for node_exporter, judged by Prometheus' own promtool."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.operator import metricsfile, monitored
from ciss_luigi.state.ledger import Outcome
from ciss_luigi.state.markers import Step
from tests.command import Place
from tests.helpers import ciss, run, running, typed
from tests.servers import needs

DATE = "2016-11-22"


@pytest.fixture
def textfile(place: Place) -> Path:
    place.configure("[ciss_metrics]\ntextfile = ciss.prom\n")
    return place.folder / "ciss.prom"


def values(path: Path) -> dict[str, float]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_the_figures_are_those_of_ledger_and_markers(place: Place, textfile: Path) -> None:
    run(place.folder, DATE)
    here = site.load({}, place.folder)
    with running(place.folder, "2016-11-23", Step.BUILD):
        assert metricsfile.write(here, textfile) == ""
        assert values(textfile)['ciss_failures{step="BuildTemp"}'] == 0, "what runs has not failed"
    assert metricsfile.write(here, textfile) == ""
    found, marker = values(textfile), place.read_marker(DATE, "MergeMain")
    (month,) = marker["months"]
    assert found['ciss_rows{month="2016-11"}'] == month["rows"]
    assert found['ciss_source_rows{month="2016-11"}'] == month["source_rows"]
    usd = sum(float(one["total_charge_usd"]) for one in month["totals"].values())
    assert found['ciss_total_charge_usd{month="2016-11"}'] == pytest.approx(usd)
    assert found["ciss_last_success_timestamp_seconds"] == monitored.look(here).last_success
    assert found['ciss_failures{step="BuildTemp"}'] == 1
    assert found['ciss_failures{step="MergeMain"}'] == 0
    assert found['ciss_step_duration_seconds{step="MergeMain"}'] > 0
    assert found["ciss_last_success_run_date_seconds"] == 1479772800
    assert found["ciss_alerts_waiting"] == 0


def test_a_merge_is_remembered_after_many_nights_that_failed(place: Place, textfile: Path) -> None:
    run(place.folder, "2016-10-20")
    here = site.load({}, place.folder)
    merged = monitored.look(here).last_success
    for number in range(2 * monitored.DATES):
        date = RunDate(dt.date(2016, 11, 1) + dt.timedelta(days=number))
        here.ledger.end(date, here.ledger.start(date, "BuildTemp"), Outcome.FAILED, "no rate")
    found = monitored.look(here)
    assert merged is not None
    assert found.last_success == pytest.approx(merged, abs=1)
    assert list(found.months) == ["2016-10"]
    assert found.failures["BuildTemp"] == monitored.DATES


def test_a_merge_of_an_old_date_is_the_last_one_too(place: Place) -> None:
    here = site.load({}, place.folder)
    for number in range(monitored.DATES):
        here.ledger.start(RunDate(dt.date(2017, 11, 1) + dt.timedelta(days=number)), "TruncateTemp")
    run(place.folder, "2016-10-20")
    ended = dt.datetime.fromisoformat(place.attempts("2016-10-20")[-1].ended_at).timestamp()
    assert monitored.look(here).last_success == pytest.approx(ended, abs=1)


def test_after_a_roll_back_the_figures_are_those_of_main(place: Place) -> None:
    run(place.folder, "2016-11-21")
    old = monitored.look(site.load({}, place.folder)).months
    place.query("UPDATE mnaas.usage_overage_charge SET charge = charge + 1 WHERE currency = 'USD'")
    run(place.folder, "2016-11-22")
    assert monitored.look(site.load({}, place.folder)).months != old
    typed(place.folder, "reset", "--date", "2016-11-21", "--roll-back").expect(0)
    run(place.folder, "2016-11-21")
    assert monitored.look(site.load({}, place.folder)).months == old


def test_a_time_that_somebody_else_wrote_into_the_ledger_costs_one_figure(
    place: Place, textfile: Path
) -> None:
    run(place.folder, DATE)
    here = site.load({}, place.folder)
    before = monitored.look(here).last_attempt
    start = {"event": "start", "attempt": "x", "step": "MergeMain", "host": "h", "pid": 1, "command": "x"}
    with (place.state / "ledger" / f"{DATE}.jsonl").open("a") as ledger:
        ledger.write(json.dumps({"at": "yesterday", **start}) + "\n")
    assert metricsfile.write(here, textfile) == ""
    assert monitored.look(here).last_attempt == before


def test_promtool_has_nothing_to_say(place: Place, textfile: Path) -> None:
    needs.require([needs.PROMTOOL])
    run(place.folder, DATE)
    metricsfile.write(site.load({}, place.folder), textfile)
    judged = subprocess.run(
        [needs.program(needs.PROMTOOL), "check", "metrics"],
        input=textfile.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, b"", b"")


def test_the_file_is_readable_by_all_whatever_the_umask(place: Place, textfile: Path) -> None:
    before = os.umask(0o077)
    try:
        metricsfile.write(site.load({}, place.folder), textfile)
    finally:
        os.umask(before)
    assert textfile.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in textfile.parent.glob("*.prom*")] == ["ciss.prom"]


def test_a_site_without_a_night_has_figures_too(place: Place, textfile: Path) -> None:
    metricsfile.write(site.load({}, place.folder), textfile)
    found = values(textfile)
    assert "ciss_last_success_timestamp_seconds" not in found
    assert found['ciss_failures{step="MergeMain"}'] == 0


def test_without_the_extra_it_is_a_warning(
    place: Place, textfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("prometheus_client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert "pip install 'ciss-luigi[metrics]'" in metricsfile.write(site.load({}, place.folder), textfile)


@pytest.mark.slow
def test_command_and_watch_write_it(place: Place, textfile: Path) -> None:
    place.merge(DATE).explained(0)
    first = values(textfile)["ciss_last_success_timestamp_seconds"]
    textfile.unlink()
    ciss(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(0)
    assert values(textfile)["ciss_last_success_timestamp_seconds"] == first


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_a_warning(place: Place, textfile: Path) -> None:
    textfile.mkdir()
    text = place.merge(DATE).expect(40).text
    assert re.search(r"textfile: .* is a folder, and must be a file", text)
