"""Each condition of the totals' checks, alone: all else is right, and exactly its own line is said."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.schema import CHARGES
from ciss_luigi.billing.totals import (
    Amounts,
    Build,
    Key,
    MonthTotals,
    SourceTotals,
    SummaryTotals,
    check_rows,
    compare_months,
    compare_sources,
    month_totals,
)
from ciss_luigi.queries.totalsread import month_differences
from ciss_luigi.state.markers import Marker, Step

MONTH = Month(2017, 1)
KEY: Key = ("2017-01", "GBP")
BUILD = Build("run-1", "2017-01-03")
CHARGED = dict(zip(CHARGES, map(Decimal, ("10.0000", "20.0000", "30.0000", "40.0000")), strict=True))
SOURCE = SourceTotals(3, 4, CHARGED)
SUMMARY = SummaryTotals(
    rows=2,
    source_rows=3,
    billable_subs=4,
    charges=CHARGED,
    total_charge=Decimal("100.0000"),
    total_charge_usd=Decimal("125.0000"),
    rows_with_null=0,
    rows_with_wrong_sum=0,
    rows_with_wrong_usd=0,
    rate_months=("2017-01", "2017-01"),
    rates=(Decimal("1.25000000"), Decimal("1.25000000")),
    as_of_dates=(BUILD.as_of_date, BUILD.as_of_date),
    run_ids=(BUILD.run_id, BUILD.run_id),
)
(EXPECTED,) = month_totals({KEY: SUMMARY}, [MONTH])


def with_charge(name: str) -> dict[str, Any]:
    """One charge and the total are one more: the row's own sum is right."""
    charges = {**CHARGED, name: CHARGED[name] + 1}
    return {"charges": charges, "total_charge": sum(charges.values(), Decimal())}


# --- sources and temp ------------------------------------------------------------------------------------


def test_what_agrees_is_not_spoken_of() -> None:
    assert compare_sources({KEY: SOURCE}, {KEY: SUMMARY}, BUILD) == []
    assert compare_months([EXPECTED], [EXPECTED], ("temp", "main")) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"source_rows": 4}, "source_rows is 3 in sources, 4 in temp"),
        ({"source_rows": None}, "source_rows is 3 in sources, None in temp"),
        ({"billable_subs": 5}, "billable_subs is 4 in sources, 5 in temp"),
        (with_charge("subscription_charge"), "subscription_charge is 10.0000 in sources, 11.0000 in temp"),
        (with_charge("overage_charge"), "overage_charge is 20.0000 in sources, 21.0000 in temp"),
        (with_charge("service_charge"), "service_charge is 30.0000 in sources, 31.0000 in temp"),
        (with_charge("register_charge"), "register_charge is 40.0000 in sources, 41.0000 in temp"),
    ],
)
def test_a_sum_of_temp_is_not_that_of_the_sources(changes: dict[str, Any], line: str) -> None:
    temp = {KEY: replace(SUMMARY, **changes)}
    assert compare_sources({KEY: SOURCE}, temp, BUILD) == [f"2017-01 'GBP': {line}"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"rows_with_null": 1},
            "1 row with NULL in a number column (a number did not fit), rate_month, as_of_date or run_id",
        ),
        ({"rows_with_wrong_sum": 2}, "2 rows with a total_charge that is not the sum of its charges"),
        (
            {"rows_with_wrong_usd": 1},
            "1 row with a total_charge_usd that is not total_charge x conversion_rate",
        ),
        ({"run_ids": ("run-0", "run-1")}, "rows of run run-0 and run-1, not run-1"),
        ({"run_ids": ("run-1", "run-2")}, "rows of run run-1 and run-2, not run-1"),
        ({"run_ids": (None, None)}, "rows of run None, not run-1"),
        (
            {"as_of_dates": ("2017-01-02", "2017-01-03")},
            "rows as of 2017-01-02 and 2017-01-03, not 2017-01-03",
        ),
        (
            {"as_of_dates": ("2017-01-03", "2017-01-04")},
            "rows as of 2017-01-03 and 2017-01-04, not 2017-01-03",
        ),
        ({"as_of_dates": (None, None)}, "rows as of None, not 2017-01-03"),
        ({"total_charge": Decimal("100.0001")}, "total_charge is 100.0001, its charges sum to 100.0000"),
    ],
)
def test_rows_are_wrong_whatever_the_sources_hold(changes: dict[str, Any], line: str) -> None:
    row = replace(SUMMARY, **changes)
    assert check_rows(KEY, row, BUILD) == [f"2017-01 'GBP': {line}"]
    assert compare_sources({KEY: SOURCE}, {KEY: row}, BUILD) == [f"2017-01 'GBP': {line}"]


def test_a_currency_that_only_one_side_has_is_named() -> None:
    assert compare_sources({KEY: SOURCE}, {}, BUILD) == ["2017-01 'GBP': sources hold 3 rows, temp none"]
    lines = compare_sources({}, {KEY: SUMMARY}, BUILD)
    assert lines[:2] == [
        "2017-01 'GBP': source_rows is 0 in sources, 3 in temp",
        "2017-01 'GBP': billable_subs is 0 in sources, 4 in temp",
    ]
    assert len(lines) == 6


@pytest.mark.parametrize("key", [("2017-01", None), ("2017-01", ""), (None, "GBP"), (None, None)])
def test_rows_without_a_month_or_a_currency_are_a_difference_like_any(key: Any) -> None:
    lines = compare_sources({KEY: SOURCE}, {KEY: SUMMARY, key: SUMMARY}, BUILD)
    assert len(lines) == 6
    assert all(line.startswith(f"{key[0]} {key[1]!r}: ") for line in lines)


# --- temp and main, or a marker --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rows", "source_rows"])
def test_a_month_has_another_number_of_rows(name: str) -> None:
    seven: dict[str, Any] = {name: 7}
    found = replace(EXPECTED, **seven)
    line = f"2017-01: {name} is {getattr(EXPECTED, name)} in temp, 7 in main"
    assert compare_months([EXPECTED], [found], ("temp", "main")) == [line]


@pytest.mark.parametrize("name", Amounts._fields)
def test_a_currency_has_another_sum(name: str) -> None:
    seven: dict[str, Any] = {name: 7}
    found = replace(EXPECTED, totals={"GBP": EXPECTED.totals["GBP"]._replace(**seven)})
    (line,) = compare_months([EXPECTED], [found], ("temp", "main"))
    assert line.startswith(f"2017-01 'GBP': {name} is ")
    assert line.endswith(" in temp, 7 in main")


def test_a_month_or_a_currency_is_not_there() -> None:
    empty = MonthTotals("2017-01", 2, 3, {})
    assert compare_months([EXPECTED], [empty], ("temp", "main")) == [
        "2017-01 'GBP': only temp holds this currency"
    ]
    assert compare_months([empty], [EXPECTED], ("temp", "main")) == [
        "2017-01 'GBP': only main holds this currency"
    ]
    assert len(compare_months([EXPECTED], [], ("temp", "main"))) == 3


def test_a_lost_currency_is_not_one_that_is_called_none() -> None:
    (called,) = month_totals({("2017-01", "None"): SUMMARY}, [MONTH])
    (lost,) = month_totals({("2017-01", None): SUMMARY}, [MONTH])
    assert compare_months([called], [lost], ("temp", "main")) == [
        "2017-01 '': only main holds this currency",
        "2017-01 'None': only temp holds this currency",
    ]


def test_a_month_that_nobody_expected_is_named() -> None:
    marker = Marker(
        Step.BUILD,
        RunDate.parse(BUILD.as_of_date),
        BUILD.run_id,
        dt.datetime.now(dt.UTC),
        months=(EXPECTED,),
    )
    found = {KEY: SUMMARY, ("2016-12", "GBP"): SUMMARY}
    lines = month_differences(marker, marker.months, found, ("BuildTemp's marker", "temp"))
    assert lines == ["2016-12: BuildTemp's marker does not have this month"]
    assert month_differences(marker, marker.months, {KEY: SUMMARY}, ("a", "b")) == []
