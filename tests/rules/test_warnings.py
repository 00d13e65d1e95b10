"""What a successful night did not do is a warning, so that cron mails it; what is usual is none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.reference import Tables
from tests.rules.harness import Bench
from tests.rules.telling import mapping
from tests.strategies import charge, rate

KEY = ("org", "unit", "offer")
OVERAGE = "mnaas.usage_overage_charge"
Warnings = Callable[[], list[str]]


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Warnings:
    """The warnings so far, which are forgotten then."""
    caplog.set_level(logging.INFO, logger="luigi-interface.ciss_luigi")

    def take() -> list[str]:
        found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        caplog.clear()
        return found

    return take


def sources(billable: tuple[str, ...], overage: tuple[str, ...] = ()) -> Tables:
    """Rows of these months in two sources."""
    return Tables(
        billable=[charge("billable", month, KEY, "USD", "1", count="1") for month in billable],
        overage=[charge("overage", month, KEY, "USD", "1") for month in overage],
        rate=[rate("2016-11", "GBP", "1.25000000")],
        mapping=[mapping(KEY, "group", "name", None, None)],
    )


def test_a_source_that_had_rows_in_the_month_before(shared_bench: Bench, warned: Warnings) -> None:
    shared_bench.fill(sources(("2016-11", "2016-12"), overage=("2016-10",)))
    shared_bench.run("2016-11-20")
    assert warned() == [
        f"2016-11-20: {OVERAGE} has no row for 2016-11, though it has rows for 2016-10; "
        "2016-11 is built without it"
    ]
    shared_bench.run("2016-12-20")
    assert warned() == []
    assert f"2016-12-20: {OVERAGE} has no row for 2016-12" in shared_bench.told


def test_a_source_that_lost_all_its_rows_after_an_earlier_run(shared_bench: Bench, warned: Warnings) -> None:
    shared_bench.fill(sources(("2016-11", "2016-12"), overage=("2016-11",)))
    shared_bench.run("2016-11-20")
    assert warned() == []
    shared_bench.change_sources(sources(("2016-11", "2016-12", "2017-01")))
    run = "the run of 2016-11-20 had such charges for 2016-11"
    text = f"{OVERAGE} has no row for {{0}}, though {run}; {{0}} is built"
    shared_bench.run("2016-11-21")
    assert warned() == [f"2016-11-21: {text.format('2016-11')} without it"]
    shared_bench.run("2016-12-20")
    assert warned() == [f"2016-12-20: {text.format('2016-12')} without it"]
    shared_bench.run("2017-01-20")
    assert warned() == [], "it may be that there is no such charge any more"


def test_a_mapping_without_any_row(shared_bench: Bench, warned: Warnings) -> None:
    shared_bench.fill(replace(sources(("2016-11",), overage=("2016-11",)), mapping=()))
    shared_bench.run("2016-11-20")
    words = "mnaas.bl_cust_bu_co_cogrp_mapping has no row: every customer is unmapped, and has no name"
    assert warned() == [f"2016-11-20: {words}"]


def test_of_two_months_the_first_is_the_month_before(shared_bench: Bench, warned: Warnings) -> None:
    shared_bench.fill(sources(("2016-11", "2016-12"), overage=("2016-11",)))
    shared_bench.run("2016-12-03")
    assert warned() == [
        f"2016-12-03: {OVERAGE} has no row for 2016-12, though it has rows for 2016-11; "
        "2016-12 is built without it"
    ]


def test_a_month_that_is_left_out(shared_bench: Bench, warned: Warnings) -> None:
    shared_bench.fill(sources(("2016-11",)))
    shared_bench.run("2016-12-03")
    assert warned() == [
        "2016-12-03: 2016-12 is not built: mnaas.billable_sub_with_charge_and_limit has no row for 2016-12, "
        "and main holds no row of it"
    ]


def test_a_month_of_which_main_has_a_newer_estimate(shared_bench: Bench, warned: Warnings) -> None:
    shared_bench.fill(sources(("2016-11", "2016-12")))
    shared_bench.run("2016-12-03")
    assert warned() == []
    shared_bench.run("2016-11-22")
    (words,) = warned()
    assert words == "2016-11-22: 2016-11 is not published: main has a newer estimate of it than 2016-11-22"
