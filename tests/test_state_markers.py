"""Markers: what counts as a proof, and what does not."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.billing.totals import Amounts, MonthTotals
from ciss_luigi.state.markers import Marker, Markers, Place, Step
from tests.oddfiles import make_odd

DATE = RunDate.parse("2016-11-03")
AT = dt.datetime(2016, 11, 3, 4, 5, 6, tzinfo=dt.UTC)
PLACE = Place("duckdb /srv/w.duckdb", "mnaas", "main", "temp")
AMOUNTS = Amounts(12, *map(Decimal, ("1.2500", "-0.5000", "0.0000", "99999999999999.9999", "0.75", "0.9")))
MONTHS = (MonthTotals("2016-10", 2, 9, {"GBP": AMOUNTS}), MonthTotals("2016-11", 1, 1, {"USD": AMOUNTS}))
ODD_ROWS = (
    OddRows("register", "mnaas.reg", 2, {"": Decimal("0.0000"), "GBP": Decimal("12.5000")}, "22/11/2016"),
    OddRows("mapping", "mnaas.map", 1, {}, None),
)
RUN_ID = "2016-11-03-20161103T040506-0badc0de"

NOTHING_TOLD: dict[str, Any] = {
    "months": [],
    "superseded": [],
    "left_out": [],
    "empty_sources": [],
    "odd_rows": [],
}

Change = Callable[[dict[str, Any]], object]


def markers(folder: Path, place: Place = PLACE) -> Markers:
    return Markers(folder / "markers", place, place.warehouse)


def marker(step: Step = Step.MERGE, run_id: str = RUN_ID, date: RunDate = DATE) -> Marker:
    """A marker as a step writes it; of MergeMain one that left a month alone."""
    if step is Step.MERGE:
        return Marker(step, date, run_id, AT, MONTHS[:1], ("2016-11",), (), ("service",), AT, ODD_ROWS)
    return Marker(
        step, date, run_id, AT, MONTHS, empty_sources=("service",), finished_at=AT, odd_rows=ODD_ROWS
    )


def changed(folder: Path, change: Change, step: Step = Step.MERGE) -> Markers:
    """Markers of which one has been changed by hand."""
    here = markers(folder)
    here.write(marker(step))
    path = here.path(DATE, step)
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    return here


def test_a_marker_reads_back_as_it_was_written(tmp_path: Path) -> None:
    here = markers(tmp_path)
    for step in Step:
        here.write(marker(step))
        assert here.read(DATE, step) == marker(step)


def test_a_marker_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    here = markers(tmp_path)
    here.write(marker())
    values = json.loads((tmp_path / "markers" / "2016-11-03" / "MergeMain.json").read_text())
    assert set(values) == {
        *("task", "date", "run_id", "months", "superseded", "left_out", "empty_sources", "odd_rows"),
        *("warehouse", "database", "main_table", "temp_table", "engine"),
        *("host", "pid", "started_at", "finished_at", "version"),
    }
    assert values["months"][0]["totals"]["GBP"]["register_charge"] == "99999999999999.9999"
    assert values["started_at"] == "2016-11-03T04:05:06+00:00"


@pytest.mark.parametrize("part", [0, 1, 17, 400, -2])
def test_a_truncated_marker_is_ignored_with_a_warning(
    tmp_path: Path, part: int, caplog: pytest.LogCaptureFixture
) -> None:
    here = markers(tmp_path)
    here.write(marker())
    path = here.path(DATE, Step.MERGE)
    path.write_bytes(path.read_bytes()[:part])
    with caplog.at_level(logging.WARNING):
        assert here.read(DATE, Step.MERGE) is None
    assert f"{path} is ignored: it cannot be read" in caplog.text


@pytest.mark.parametrize("text", ["null", "[]", '"text"', "1", "{}", "\0", "[" * 100_000, '{"months": {}}'])
def test_other_json_is_ignored(tmp_path: Path, text: str) -> None:
    here = markers(tmp_path)
    here.write(marker())
    here.path(DATE, Step.MERGE).write_text(text)
    assert here.read(DATE, Step.MERGE) is None


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("task", "BuildTemp", "task: made for BuildTemp, wanted is MergeMain"),
        ("date", "2016-11-04", "date: made for 2016-11-04, wanted is 2016-11-03"),
        (
            "warehouse",
            "duckdb /old.duckdb",
            "made for duckdb /old.duckdb, configured is duckdb /srv/w.duckdb",
        ),
        ("database", "test", "made for database test, configured is mnaas"),
        ("main_table", "other", "made for main_table other, configured is main"),
        ("temp_table", "oth\ner", "made for temp_table oth\\ner, configured is temp"),
    ],
)
def test_a_marker_about_something_else_is_ignored_with_a_warning(
    tmp_path: Path, key: str, value: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    here = changed(tmp_path, lambda values: values.update({key: value}))
    with caplog.at_level(logging.WARNING):
        assert here.read(DATE, Step.MERGE) is None
    assert f"MergeMain.json is ignored: {words}" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.pop("run_id"),
        lambda values: values.pop("temp_table"),
        lambda values: values.update(run_id=None),
        lambda values: values.update(task="NoSuchStep"),
        lambda values: values.update(date="2016-13-01"),
        lambda values: values.update(months=None),
        lambda values: values.update(months={}),
        lambda values: values.update(superseded=[1]),
        lambda values: values.update(superseded="2016-11"),
        lambda values: values.update(left_out="2016-11"),
        lambda values: values.update(empty_sources="service"),
        lambda values: values.update(run_id=""),
        lambda values: values.update(months=[], superseded=[], left_out=[]),
        lambda values: values["months"].append(values["months"][0]),
        lambda values: values.update(NOTHING_TOLD, left_out=["2016-10", "2016-11"]),
        lambda values: values.update(NOTHING_TOLD, left_out=["2016-11"]),
        lambda values: values.update(superseded=["2016-11"], left_out=["2016-11"]),
        lambda values: values.update(left_out=["2016-09"]),
        lambda values: values.update(superseded=["2016-09", "2016-11"], months=[]),
        lambda values: values.update(superseded=["2016-10"], months=[]),
        lambda values: values.update(superseded=["soon"]),
        lambda values: values.update(left_out=["2016-11\n2016-12 done"]),
        lambda values: values["months"][0].update(rows=0),
        lambda values: values["months"][0].update(source_rows=0),
        lambda values: values["months"][0].update(totals={}),
        lambda values: values["months"][0]["totals"].update({"": values["months"][0]["totals"]["GBP"]}),
        lambda values: values.update(started_at="then"),
        lambda values: values.update(finished_at="9999-12-31T23:59:59-23:59"),
        lambda values: values.update(started_at="0001-01-01T00:00:00+23:59"),
        lambda values: values["months"][0].pop("rows"),
        lambda values: values["months"][0].update(rows="many"),
        lambda values: values["months"][0].update(rows="38"),
        lambda values: values["months"][0].update(rows=38.7),
        lambda values: values["months"][0].update(rows=True),
        lambda values: values["months"][0].update(source_rows=-1),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="much"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="NaN"),
        lambda values: values["months"][0]["totals"]["GBP"].update(billable_subs="1.5"),
        lambda values: values["months"][0]["totals"]["GBP"].update(billable_subs="9" * 5000),
        lambda values: values["months"][0]["totals"]["GBP"].update(billable_subs="-0"),
        lambda values: values["months"][0]["totals"]["GBP"].update(billable_subs=7),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="9" * 5000),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="1E2"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="1_000"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="+1"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="007"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge=".5"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="1\n2"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge="\u0663"),
        lambda values: values["months"][0]["totals"]["GBP"].update(total_charge=1.25),
        lambda values: values["months"][0]["totals"].update(GBP=None),
    ],
)
def test_a_marker_with_a_wrong_value_is_ignored_with_a_warning(
    tmp_path: Path, change: Change, caplog: pytest.LogCaptureFixture
) -> None:
    for step in (Step.BUILD, Step.MERGE):
        with caplog.at_level(logging.WARNING):
            assert changed(tmp_path, change, step).read(DATE, step) is None
        assert f"{step}.json is ignored: " in caplog.text


def test_a_truncated_temp_has_neither_run_id_nor_months(tmp_path: Path) -> None:
    here = changed(tmp_path, lambda values: values.update(NOTHING_TOLD, run_id=""), Step.TRUNCATE)
    assert here.read(DATE, Step.TRUNCATE) == Marker(Step.TRUNCATE, DATE, "", AT, finished_at=AT)


def test_a_merge_of_which_every_month_is_superseded_counts(tmp_path: Path) -> None:
    superseded = ["2016-10", "2016-11"]
    here = changed(tmp_path, lambda values: values.update(NOTHING_TOLD, superseded=superseded))
    assert here.is_merged(DATE)


def test_a_changed_grace_days_voids_no_marker(tmp_path: Path) -> None:
    here = changed(tmp_path, lambda values: values.update(NOTHING_TOLD, superseded=["2016-11"]))
    assert here.is_merged(DATE)


def test_a_month_that_was_left_out_counts_beside_one_that_was_built(tmp_path: Path) -> None:
    for step in (Step.BUILD, Step.MERGE):
        here = changed(
            tmp_path,
            lambda values: values.update(months=values["months"][:1], superseded=[], left_out=["2016-11"]),
            step,
        )
    assert here.is_merged(DATE)


def test_a_merge_names_only_months_that_its_build_has(tmp_path: Path) -> None:
    here = markers(tmp_path)
    here.write(replace(marker(Step.BUILD), months=MONTHS[1:]))
    here.write(replace(marker(), months=MONTHS[1:], superseded=()))
    assert here.is_merged(DATE)
    here.write(marker())
    assert not here.is_merged(DATE)


@pytest.mark.parametrize("odd", ["pipe", "sparse", "folder", "socket"])
def test_an_odd_file_in_the_place_of_a_marker_is_ignored_at_once(
    odd: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = markers(tmp_path)
    path = here.path(DATE, Step.MERGE)
    path.parent.mkdir(parents=True)
    make_odd(path, odd)
    with caplog.at_level(logging.WARNING):
        assert here.read(DATE, Step.MERGE) is None
    assert f"{path} is ignored: it cannot be read" in caplog.text


def test_the_newest_date_that_rows_are_known_of(tmp_path: Path) -> None:
    here = markers(tmp_path)
    assert here.newest() is None
    here.write(marker())
    here.write(replace(marker(Step.TRUNCATE), date=RunDate.parse("2016-11-09"), months=()))
    assert here.newest() == DATE


def test_a_marker_of_a_newer_version_counts(tmp_path: Path) -> None:
    def newer(values: dict[str, Any]) -> None:
        values.update(version="99.0", colour="green", more={"a": [1]})
        values["months"][0]["weight"] = 3
        values["months"][0]["totals"]["GBP"]["extra_charge"] = "1.0000"

    assert changed(tmp_path, newer).read(DATE, Step.MERGE) == marker()


def test_a_merge_rests_on_its_build(tmp_path: Path) -> None:
    here = markers(tmp_path)
    assert not here.is_merged(DATE)
    here.write(marker())
    assert here.is_merged(DATE)
    here.write(marker(Step.BUILD))
    assert here.is_merged(DATE)
    here.write(marker(Step.BUILD, run_id="another"))
    assert not here.is_merged(DATE)


def test_markers_are_removed_from_a_step_on(tmp_path: Path) -> None:
    here = markers(tmp_path)
    for step in Step:
        here.write(marker(step))
    assert here.remove_from(DATE, Step.BUILD) == [Step.MERGE, Step.BUILD]
    assert here.read(DATE, Step.TRUNCATE) is not None
    assert here.remove_from(DATE, Step.TRUNCATE) == [Step.TRUNCATE]


def test_only_folders_of_dates_are_dates(tmp_path: Path) -> None:
    here = markers(tmp_path)
    assert here.dates() == []
    for date in ("2017-01-02", "2016-11-03"):
        here.write(marker(date=RunDate.parse(date)))
    (tmp_path / "markers" / "lost+found").mkdir()
    assert list(map(str, here.dates())) == ["2016-11-03", "2017-01-02"]


def test_a_marker_from_before_odd_rows_were_kept_is_valid(tmp_path: Path) -> None:
    here = changed(tmp_path, lambda values: values.pop("odd_rows"))
    assert here.read(DATE, Step.MERGE) == replace(marker(), odd_rows=())


def test_how_many_customers_are_unmapped_is_kept(tmp_path: Path) -> None:
    here = markers(tmp_path)
    here.write(replace(marker(), unmapped_customers=0))
    assert here.read(DATE, Step.MERGE) == replace(marker(), unmapped_customers=0)
    for wrong in ("2", -1, True, None):
        assert (
            changed(tmp_path, lambda values: values.update(unmapped_customers=wrong)).read(  # noqa: B023
                DATE, Step.MERGE
            )
            is None
        )


@pytest.mark.parametrize(
    "odd", [None, {}, [1], [{"source": "register"}], [{**ODD_ROWS[0].to_json(), "amounts": {"GBP": "much"}}]]
)
def test_odd_rows_that_no_step_writes_count_as_absent(tmp_path: Path, odd: object) -> None:
    here = changed(tmp_path, lambda values: values.update(odd_rows=odd))
    assert here.read(DATE, Step.MERGE) is None
