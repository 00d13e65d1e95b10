"""``loader = java``: temp is one table for all dates, and no date meets another one in it.

The program is a script in Java's place: it takes the same command line and works on the embedded warehouse.
What the classes leave in main names the date whose rows temp held.
"""

from __future__ import annotations

import json
import signal
import sys

import pytest

from ciss_luigi import site
from ciss_luigi.operator import monitored
from ciss_luigi.telemetry.metrics import _metrics as made
from tests.command import MAIN, TEMP, Place, wait_until
from tests.helpers import typed
from tests.migration.javasite import section

pytestmark = pytest.mark.slow

PROGRAM = """\
#!{python}
import sys, time
from pathlib import Path
import duckdb

name, *given = sys.argv[sys.argv.index("-cp") + 2 :]
folder = Path(given[0]).parent
day = given[1] if name == "made.temp" else given[3]
with (folder / "ran").open("a") as ran:
    ran.write(name + " " + day + "\\n")
if (folder / ("fails-" + name)).exists():
    sys.exit(7)
while True:
    try:
        warehouse = duckdb.connect(str(folder / "warehouse.duckdb"))
        break
    except duckdb.IOException:
        time.sleep(0.05)
if name == "made.temp":
    warehouse.execute("INSERT INTO mnaas.{temp} VALUES (?, '')", [day])
else:
    month = given[1][:7]
    warehouse.execute("DELETE FROM mnaas.{main} WHERE month_year = ?", [month])
    warehouse.execute("INSERT INTO mnaas.{main} SELECT org_id, ? FROM mnaas.{temp}", [month])
"""
STOPPED_BEFORE_MERGE = """
import os, signal
from ciss_luigi import tasks
original = tasks.StepTask.run
def run(self):
    original(self)
    if self.step == "BuildTemp":
        os.kill(os.getpid(), signal.SIGSTOP)
tasks.StepTask.run = run
"""
"""A prelude: the command stops (SIGSTOP) after BuildTemp, before MergeMain has begun."""


@pytest.fixture
def old(place: Place) -> Place:
    """A site of the old job."""
    for table in (TEMP, MAIN):
        place.query(f"CREATE TABLE mnaas.{table} (org_id VARCHAR, month_year VARCHAR)")
    (place.folder / "old.properties").write_text("")
    program = place.folder / "java"
    program.write_text(PROGRAM.format(python=sys.executable, temp=TEMP, main=MAIN))
    program.chmod(0o755)
    place.configure(section("classes", java=str(program)), loader="java")
    return place


def ran(old: Place) -> list[str]:
    """The classes that ran, each with its day of the month."""
    file = old.folder / "ran"
    return [line.removeprefix("made.") for line in file.read_text().splitlines()] if file.exists() else []


def held(old: Place) -> list[tuple[str, str]]:
    """Main's months, and whose rows they hold."""
    return sorted((month, day) for month, day in old.query(f"SELECT month_year, org_id FROM mnaas.{MAIN}"))


def test_no_date_gets_into_temp_between_the_steps_of_another(old: Place) -> None:
    first = old.merging("2016-11-22", prelude=STOPPED_BEFORE_MERGE)
    first.wait_for_stop()
    second = old.merging("2016-12-23")
    wait_until(lambda: "waiting for it" in second.text or second.process.poll() is not None)
    assert ran(old) == ["temp 22"], second.text
    assert (old.state / "alive" / "2016-12-23").exists(), "ciss watch would take it for one that hangs"
    first.send(signal.SIGCONT)
    first.finish().explained(0)
    second.finish().explained(0, "2016-12-23: mnaas.customer_invoice_summary_estimated_temp is in use by")
    assert ran(old) == ["temp 22", "merge 22", "temp 23", "merge 23"]
    assert held(old) == [("2016-11", "22"), ("2016-12", "23")]


def test_the_workers_of_a_range_do_not_meet_in_temp(old: Place) -> None:
    old.range("2016-12-21", "2016-12-25", "--workers", "2").explained(0)
    found = ran(old)
    assert sorted(one for one in found if one.startswith("temp")) == [f"temp {day}" for day in range(21, 25)]
    for place, one in enumerate(found):
        if one.startswith("merge"):
            assert found[place - 1] == one.replace("merge", "temp"), found
    assert held(old) == [("2016-12", "24")]


def test_a_build_counts_no_more_once_another_date_has_built(old: Place) -> None:
    failing = old.folder / "fails-made.merge"
    failing.touch()
    old.merge("2016-11-22").explained(30, "made.merge ended with exit code 7")
    failing.unlink()
    old.merge("2016-12-23").explained(0)
    done = old.merge("2016-11-22").explained(0)
    assert "Building temp again" not in done.text
    assert [attempt.step for attempt in old.attempts("2016-11-22")[-2:]] == ["BuildTemp", "MergeMain"]
    assert ran(old)[-2:] == ["temp 22", "merge 22"]
    assert held(old) == [("2016-11", "22"), ("2016-12", "23")]


def test_a_build_counts_as_long_as_nobody_else_has_emptied_temp(old: Place) -> None:
    failing = old.folder / "fails-made.merge"
    failing.touch()
    old.merge("2016-11-22").explained(30)
    failing.unlink()
    old.merge("2016-11-22").explained(0)
    assert ran(old) == ["temp 22", "merge 22", "merge 22"]


def test_another_dates_failed_build_has_emptied_temp_too(old: Place) -> None:
    failing = old.folder / "fails-made.merge"
    failing.touch()
    old.merge("2016-11-22").explained(30)
    failing.rename(old.folder / "fails-made.temp")
    old.merge("2016-12-23").explained(30)
    (old.folder / "fails-made.temp").unlink()
    done = old.merge("2016-11-22").explained(0)
    assert "Building temp again" not in done.text
    assert ran(old)[-2:] == ["temp 22", "merge 22"]


def test_a_date_that_stays_merged_is_not_run_for_temps_sake(old: Place) -> None:
    old.merge("2016-11-22").explained(0)
    old.merge("2016-12-23").explained(0)
    before = ran(old)
    old.merge("2016-11-22").explained(0, "MergeMain of 2016-11-22 is done already")
    assert ran(old) == before


def test_the_next_date_need_not_wait_after_buildtemp_alone(old: Place) -> None:
    old.luigi("BuildTemp", "--date", "2016-11-22", "--local-scheduler").explained(0)
    done = old.merge("2016-12-23").explained(0)
    assert "waiting for it" not in done.text


def test_amounts_that_nobody_has_counted_are_not_called_zero(old: Place) -> None:
    old.merge("2016-11-22").explained(0)
    old.merge("2016-11-23").explained(0)

    history = typed(old.folder, "history").expect(0, "1 row, amounts not known")
    assert "0.00 USD" not in history.out
    months = json.loads(typed(old.folder, "history", "--json").expect(0).out)["months"]
    assert [(one["rows"], one["total_charge_usd"], one["change_usd"]) for one in months] == [
        (1, None, None)
    ] * 2
    both = typed(old.folder, "status", "--from", "2016-11-22", "--to", "2016-11-23")
    assert "not known" in both.expect(0).out
    metrics = "\n".join(str(one) for one in made(monitored.look(site.load({}, old.folder))))
    assert "ciss_rows" in metrics
    assert "Sample(name='ciss_total_charge_usd'" not in metrics


@pytest.mark.parametrize("superseded", [False, True])
def test_a_date_that_was_built_under_other_grace_days_is_merged(old: Place, *, superseded: bool) -> None:
    def configure(grace_days: int) -> None:
        program = str(old.folder / "java")
        old.configure(section("classes", java=program), loader="java", grace_days=grace_days)

    if superseded:
        configure(5)
        old.merge("2016-12-04").explained(0)
    configure(0)
    old.luigi("BuildTemp", "--date", "2016-12-03", "--local-scheduler").explained(0)
    configure(5)
    old.merge("2016-12-03").explained(0)
    old.merge("2016-12-03").explained(0, "is done already")
    assert ran(old)[-2:] == (["temp 03", "merge 03"] if not superseded else ["merge 04", "temp 03"])
