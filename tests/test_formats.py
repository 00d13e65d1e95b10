"""What any released version wrote into ``state_dir`` stays readable: an upgrade must not run a year again.

``tests/formats/<version>/<site>`` holds what that version wrote (never edit it): markers, ledgers, alerts. A
format that a later version writes gets a folder of its own; what it adds has a default for the older ones.
"""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.alerts.failure import Sent, What
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.state.commandledger import CommandLedger
from ciss_luigi.state.ledger import Ledger, Outcome
from ciss_luigi.state.markers import Markers, Place, Step
from ciss_luigi.version import VERSION
from tools import keepformat

FORMATS = Path(__file__).with_name("formats")
KEPT = sorted(path for path in FORMATS.glob("*/*/markers/*/*.json") if path.stem in set(Step))
SITES = sorted(FORMATS.glob("*/*"))
DUCKDB = FORMATS / "0.1.0" / "duckdb"
NEWER = FORMATS / "0.2.0"
PLACE = ("warehouse", "database", "main_table", "temp_table")
DAY = RunDate.parse("2016-10-21")


def name(path: Path) -> str:
    return "-".join(path.relative_to(FORMATS).parts)


def read(path: Path) -> Any:
    """A kept marker, as the job reads it for the warehouse that it was made for."""
    values = json.loads(path.read_text())
    place = Place(*(values[key] for key in PLACE))
    here = Markers(path.parents[1], place, values["engine"])
    return here.read(RunDate.parse(path.parent.name), Step(path.stem))


@pytest.mark.parametrize("path", KEPT, ids=name)
def test_a_marker_of_a_released_version_counts_with_all_that_it_says(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = json.loads(path.read_text())
    with caplog.at_level(logging.WARNING):
        marker = read(path)
    assert marker is not None, caplog.text
    assert caplog.text == ""
    assert [month.to_json() for month in marker.months] == values["months"]
    for key in ("run_id", "superseded", "left_out", "empty_sources"):
        told = getattr(marker, key)
        assert (told if isinstance(told, str) else list(told)) == values[key]
    assert [one.to_json() for one in marker.odd_rows] == values.get("odd_rows", [])
    assert marker.unmapped_customers == values.get("unmapped_customers")
    assert (marker.loader, list(marker.checks)) == (values.get("loader", "sql"), values.get("checks", []))


def test_every_released_version_has_its_formats_kept() -> None:
    changes = (FORMATS.parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\S+) \(\d{4}-\d\d-\d\d\)$", changes, re.MULTILINE)
    kept = {path.name for path in FORMATS.iterdir() if path.is_dir()}
    assert "0.1.0" in released
    assert set(released) <= kept, "python -m tools.keepformat, before the release"


@pytest.mark.slow
def test_the_tool_keeps_what_this_version_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keepformat, "FORMATS", tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "dwh01")
    keepformat.main()
    made = sorted(tmp_path.glob("*/*/markers/*/*.json"))
    made = [path for path in made if path.stem in set(Step)]
    newest = FORMATS / max(os.listdir(FORMATS), key=lambda version: [*map(int, version.split("."))])
    kept = {path.relative_to(newest) for path in KEPT if path.is_relative_to(newest)}
    assert {path.relative_to(tmp_path / VERSION) for path in made} >= kept
    caplog.clear()
    assert all(read(path) is not None for path in made), caplog.text
    values = [json.loads(path.read_text()) for path in made]
    assert any(one["odd_rows"] for one in values)
    assert Ledger(tmp_path / VERSION / "duckdb" / "ledger").attempts(DAY)[0].result is not None


def test_each_kind_of_marker_is_kept() -> None:
    kept = [json.loads(path.read_text()) for path in KEPT]
    assert {one["task"] for one in kept} == set(Step)
    assert any(one["superseded"] and one["months"] for one in kept)
    assert any(one["superseded"] and not one["months"] for one in kept)
    assert any(one["left_out"] for one in kept)
    assert any(one["empty_sources"] for one in kept)
    assert any(len(month["totals"]) > 1 for one in kept for month in one["months"])
    assert any(not one["warehouse"].isascii() for one in kept)
    assert any(one["warehouse"].startswith("hive ") for one in kept)
    assert any(one.get("odd_rows") for one in kept)
    assert any(one.get("unmapped_customers") for one in kept)
    assert {one["task"] for one in kept if one.get("loader") == "java"} == set(Step)
    assert any(one.get("checks") for one in kept)
    assert any("adopted_at" in one for one in kept)


@pytest.mark.parametrize("site", SITES, ids=name)
def test_a_merged_date_of_a_released_version_is_merged(site: Path) -> None:
    merged = sorted(site.glob("markers/*/MergeMain.json"))
    for path in merged:
        values = json.loads(path.read_text())
        place = Place(*(values[key] for key in PLACE))
        assert Markers(site / "markers", place, values["engine"]).is_merged(RunDate.parse(path.parent.name))
    assert merged


def test_a_ledger_of_a_released_version_tells_each_attempt() -> None:
    ledger = Ledger(DUCKDB / "ledger")
    told = [(one.step, one.outcome) for one in ledger.attempts(RunDate.parse("2016-10-21"))]
    assert told == [
        ("TruncateTemp", Outcome.DONE),
        ("BuildTemp", Outcome.FAILED),
        ("BuildTemp", Outcome.STOPPED),
        ("BuildTemp", None),
    ]
    assert ledger.has_rebuilt(RunDate.parse("2016-10-21"), "f" * 32)
    (truncated, built, merged) = ledger.attempts(RunDate.parse("2016-11-05"))
    assert [truncated.host, built.command, merged.result] == ["dwh01", "", None]
    assert len(ledger.dates()) == 8


def test_a_roll_back_of_a_released_version_still_permits_what_it_says() -> None:
    (path,) = NEWER.glob("*/markers/*/roll-back.json")
    built = read(path.with_name("BuildTemp.json"))
    date = RunDate.parse(path.parent.name)
    place = Place(*(json.loads(path.with_name("BuildTemp.json").read_text())[key] for key in PLACE))
    markers = Markers(path.parents[1], place, "duckdb")
    free = markers.free_to_replace(date, built.run_id)
    assert set(free) == {Month.parse("2016-10"), Month.parse("2016-11")}
    assert all(of > "2016-12-31" for of in free.values()), "it named no date up to which it permits"
    assert markers.free_to_replace(date, "f" * 32) == {}


def test_a_ledger_of_commands_of_a_released_version_tells_each_command() -> None:
    well, failed, killed = CommandLedger(NEWER / "duckdb" / "ledger" / "commands").commands()
    assert [one.exit_code for one in (well, failed, killed)] == [0, 30, None]
    assert failed.reasons == ("BuildTemp of 2016-11-05: 2 faults", "MergeMain was not reached")
    assert failed.arguments[-2:] == ("--password", "***")
    assert [well.host, well.id, killed.ended_at] == ["dwh01", "a" * 32, ""]
    assert well.pid
    assert well.born
    assert well.began_at <= well.ended_at


def test_alerts_of_a_released_version_are_known_again(caplog: pytest.LogCaptureFixture) -> None:
    """Else each failure that is open would be told again, after an upgrade, as if it were new."""
    records = Records(NEWER / "duckdb" / "alerts")
    (waits,), (over,) = records.open(), records.closed()
    assert caplog.text == ""
    assert (waits.step, waits.exit_code, waits.dates) == ("MergeMain", 35, ("2016-11-22", "2016-11-23"))
    assert (waits.error, waits.engine, waits.log) == ("Zürich does not answer", "hive", "the last line")
    assert (waits.number, waits.count, waits.closed_at) == (1, 1, "")
    assert (over.healed, over.dates, over.request, over.number) == (("2016-11-21",), (), "4711", 2)
    assert over.sent == (Sent("2016-11-23T03:30:00+00:00", "desk", "failure", 1),)
    entries = Outbox(NEWER / "duckdb" / "alerts").entries("mail")
    assert sorted((entry.failure, entry.what) for entry in entries) == sorted(
        [(over.id, What.FAILURE), (over.id, What.RECOVERY), (waits.id, What.FAILURE)]
    )
    assert all(entry.subject and entry.text for entry in entries)
