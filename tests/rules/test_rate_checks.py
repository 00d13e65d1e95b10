"""Each condition of the checks of rates and currencies, alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ciss_luigi.billing.rates import Rate, choose_rate, faults, wrong_rates
from ciss_luigi.billing.totals import Key, SourceTotals
from tests.rules.test_totals_checks import KEY, MONTH, SUMMARY


def rate(value: str, highest: str | None = None, *, unusable: int = 0) -> Rate:
    """A rate as ``rates.sql`` tells it."""
    return Rate(Decimal(value), Decimal(highest or value), unusable, "0" if unusable else None)


def using(*keys: Key) -> dict[Key, SourceTotals]:
    """Sources that hold a row of each month and currency."""
    return {key: SourceTotals(1, 0, {}) for key in keys}


RATES: Mapping[tuple[str, str], Rate] = {
    ("2017-01", "GBP"): rate("1.25000000"),
    ("2016-12", "GBP"): rate("1.20000000"),
    ("2016-12", "EUR"): rate("1.05000000"),
}
NONE = Rate(None, None, 1, "NaN")


@pytest.mark.parametrize(
    "changes",
    [
        {"rates": (Decimal("1.24999999"), Decimal("1.25000000"))},
        {"rates": (Decimal("1.25000000"), Decimal("1.25000001"))},
        {"rates": (None, None)},
        {"rate_months": ("2016-12", "2017-01")},
        {"rate_months": ("2017-01", "2017-02")},
        {"rate_months": (None, None)},
    ],
)
def test_a_row_was_converted_at_another_rate_or_of_another_month(changes: dict[str, Any]) -> None:
    (line,) = wrong_rates({KEY: replace(SUMMARY, **changes)}, RATES, [MONTH], 1)
    assert line.startswith("2017-01 'GBP': converted at ")
    assert line.endswith(", the rules say 1.25000000 of 2017-01")


def test_the_right_rate_is_not_spoken_of() -> None:
    one = (Decimal("1.00000000"), Decimal("1.00000000"))
    fallen = replace(
        SUMMARY, rates=(Decimal("1.05"), Decimal("1.05000000")), rate_months=("2016-12", "2016-12")
    )
    temp = {KEY: SUMMARY, ("2017-01", "USD"): replace(SUMMARY, rates=one), ("2017-01", "EUR"): fallen}
    assert wrong_rates(temp, RATES, [MONTH], 1) == []
    assert len(wrong_rates({("2017-01", "USD"): SUMMARY}, RATES, [MONTH], 1)) == 1


@pytest.mark.parametrize(
    ("currency", "fallback_months", "chosen"),
    [
        ("GBP", 1, ("2017-01", Decimal("1.25"))),
        ("EUR", 1, ("2016-12", Decimal("1.05"))),
        ("EUR", 0, None),
        ("USD", 0, ("2017-01", Decimal(1))),
        ("gbp", 1, None),
        ("SEK", 9, None),
    ],
)
def test_the_rate_of_the_month_else_the_newest_within_reach(
    currency: str, fallback_months: int, chosen: tuple[str, Decimal] | None
) -> None:
    assert choose_rate(RATES, MONTH, currency, fallback_months) == chosen


def test_an_unusable_rate_is_passed_over_for_an_older_one() -> None:
    rates = {**RATES, ("2017-01", "EUR"): NONE}
    assert choose_rate(rates, MONTH, "EUR", 1) == ("2016-12", Decimal("1.05"))


@pytest.mark.parametrize("currency", [None, "", " ", "   "])
def test_a_blank_currency_is_a_fault(currency: str | None) -> None:
    assert faults(using(("2017-01", currency)), RATES, 1) == [
        f"2017-01: a charge has the blank currency {currency!r}"
    ]


@pytest.mark.parametrize("currency", ["\u00a0", "\t", "gbp", "GBP "])
def test_a_currency_without_a_rate_is_a_fault(currency: str) -> None:
    named = currency if currency == "gbp" else repr(currency)
    line = f"no {named} rate for 2017-01 or 2016-12; there is none"
    assert faults(using(("2017-01", currency)), RATES, 1) == [line]


@pytest.mark.parametrize(
    ("fallback_months", "held", "words"),
    [
        (0, ["2016-08", "2016-07", "2016-13", ""], "for 2017-01; the newest is 2016-08"),
        (1, ["2018-02", "2017-02"], "for 2017-01 or 2016-12; the first is 2017-02"),
        (2, [], "for 2017-01, 2016-12 or 2016-11; there is none"),
        (120, ["1999-12"], "for 2017-01 or the 120 months before; the newest is 1999-12"),
    ],
)
def test_a_missing_rate_says_where_it_was_looked_for_and_what_comes_nearest(
    fallback_months: int, held: list[str], words: str
) -> None:
    found = faults(using(("2017-01", "NOK")), {}, fallback_months, lambda: {"NOK": held, "SEK": ["2016-12"]})
    assert found == [f"no NOK rate {words}"]


def test_the_months_of_all_rates_are_asked_for_once_and_only_if_one_is_missing() -> None:
    asked: list[str] = []

    def held() -> dict[str, list[str]]:
        asked.append("held")
        return {}

    assert faults({}, {}, 0, held) == []
    assert asked == []
    assert len(faults(using(("2017-01", "NOK"), ("2017-01", "DKK"), ("2016-12", "NOK")), {}, 0, held)) == 3
    assert asked == ["held"]


@pytest.mark.parametrize(
    ("wrong", "lines"),
    [
        (rate("1", "2"), ["2016-12: two different rates 'SEK' -> USD, 1 and 2"]),
        (
            NONE,
            ["2016-12: the rate 'SEK' -> USD is NaN: zero, negative, not a number or beyond DECIMAL(18,8)"],
        ),
        (
            rate("1", "2", unusable=1),
            [
                "2016-12: the rate 'SEK' -> USD is 0: zero, negative, not a number or beyond DECIMAL(18,8)",
                "2016-12: two different rates 'SEK' -> USD, 1 and 2",
            ],
        ),
    ],
)
def test_a_rate_that_a_run_could_use_is_a_fault_if_nobody_uses_it(wrong: Rate, lines: list[str]) -> None:
    assert faults(using(KEY), {**RATES, ("2016-12", "SEK"): wrong}, 1) == lines


def test_all_faults_are_named_at_once() -> None:
    used: list[Key] = [("2017-01", "SEK"), ("2017-01", None), ("2016-12", " "), KEY]
    rates = {**RATES, ("2016-11", "EUR"): NONE, ("2016-12", "GBP"): rate("1", "2")}
    assert len(faults(using(*used), rates, 1)) == 5
    assert faults(using(KEY, ("2017-01", "USD"), ("2017-01", "EUR")), RATES, 1) == []
