"""Tests of the reference itself: by hand, by properties, and against an answer written by another hand."""

from __future__ import annotations

import csv
import importlib.util
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from tests.reference import (
    BLANK_CURRENCY,
    COLUMNS,
    CONTRADICTORY_RATES,
    DOES_NOT_FIT,
    MISSING_RATE,
    MONEY_COLUMNS,
    TABLE_OF,
    UNUSABLE_RATE,
    Cell,
    Key,
    ReferenceFault,
    Row,
    SourceRow,
    Tables,
    all_charges,
    build,
    earlier,
    exact_sum,
    read_tables,
    readiness,
    totals,
)
from tests.strategies import BIGGEST, MONEY_UNITS, SMALLEST, charge, money, rate, tables, valid_tables

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "realdata"
SHARED = Path(__file__).parents[2] / "shared"
SAMPLE_MONTHS = ("2010-12", "2011-01", "2011-02", "2016-11", "2016-12", "2017-01", "2017-02")
DATA_MONTHS = (
    *("2010-12", "2011-01", "2011-02", "2013-04", "2016-04", "2016-05", "2016-06"),
    *("2016-07", "2016-08", "2016-09", "2016-10", "2016-11", "2016-12"),
    *("2017-01", "2017-02", "2017-03", "2017-04", "2017-05", "2017-06"),
)
MONTH = "2016-11"
KEY = ("org", "unit", "offer")

generated = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def overage(
    amount: Cell, currency: Cell = "USD", key: Sequence[Cell] = KEY, month: Cell = MONTH
) -> SourceRow:
    """One overage row: the plainest of the four."""
    return charge("overage", month, key, currency, amount)


def only(made: Tables, months: Sequence[str] = (MONTH,), fallback_months: int = 1) -> Row:
    """The one row that these tables come to."""
    (row,) = build(made, months, fallback_months)
    return row


def fault(made: Tables, months: Sequence[str] = (MONTH,), fallback_months: int = 1) -> ReferenceFault:
    """The fault that these tables must raise."""
    with pytest.raises(ReferenceFault) as raised:
        build(made, months, fallback_months)
    return raised.value


# ------------------------------------------------------------------------- the rules, one by one


@pytest.mark.parametrize(
    ("total", "conversion", "usd"),
    [
        ("0.0001", "0.5", "0.0001"),
        ("-0.0001", "0.5", "-0.0001"),
        ("0.0003", "0.5", "0.0002"),
        ("0.0001", "0.49999999", "0.0000"),
        ("-0.0001", "0.49999999", "0.0000"),
        ("12.3450", "1.23456789", "15.2407"),
        ("79999999999999.9999", "1.25000000", "99999999999999.9999"),
    ],
)
def test_usd_is_rounded_once_half_away_from_zero(total: str, conversion: str, usd: str) -> None:
    made = Tables(overage=[overage(total, "GBP")], rate=[rate(MONTH, "GBP", conversion)])
    assert only(made).texts()["total_charge_usd"] == usd


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("1.234567885", "1.23456789"),
        ("1.2345678849999999", "1.23456788"),
        ("335.397005355", "335.39700536"),
        ("5e-09", "0.00000001"),
    ],
)
def test_a_rate_is_taken_through_its_text_to_eight_decimals(text: str, taken: str) -> None:
    made = Tables(overage=[overage("1", "GBP")], rate=[rate(MONTH, "GBP", text)])
    assert only(made).texts()["conversion_rate"] == taken


def test_the_four_sources_meet_in_one_row() -> None:
    made = Tables(
        billable=[charge("billable", MONTH, KEY, "USD", "1.0001", count="5")] * 2,
        overage=[overage("-10")],
        service=[charge("service", MONTH, KEY, "USD", None)],
        register=[charge("register", MONTH, KEY, "USD", "0.5", date="2016-11-30")],
    )
    row = only(made)
    assert (row.billable_subs, row.source_rows) == (10, 5)
    charges = [row.texts()[column] for column in MONEY_COLUMNS]
    assert charges == ["2.0002", "-10.0000", "0.0000", "0.5000", "-7.4998", "-7.4998"]


@pytest.mark.parametrize("blank", [None, "", " ", "   ", "UNKNOWN"])
def test_blank_keys_and_a_literal_unknown_are_one(blank: Cell) -> None:
    made = Tables(overage=[overage("1", key=(blank, blank, blank)), overage("2", key=("UNKNOWN", "", None))])
    row = only(made)
    assert (row.org_id, row.business_unit, row.commercial_offer) == ("UNKNOWN", "UNKNOWN", "UNKNOWN")
    assert row.total_charge == 3


@pytest.mark.parametrize("other", ["a ", " a", "A", "\u00a0", "\u2003", "\t", "a\u0301", "\u00e1"])
def test_other_keys_are_compared_byte_for_byte(other: str) -> None:
    made = Tables(overage=[overage("1", key=("a", "", "")), overage("2", key=(other, "", ""))])
    assert sorted(row.org_id for row in build(made, [MONTH], 1)) == sorted(["a", other])


def test_currencies_are_compared_byte_for_byte() -> None:
    assert fault(Tables(overage=[overage("1", "USD ")])).kinds == {MISSING_RATE}
    made = Tables(overage=[overage("1", "USD ")], rate=[rate(MONTH, "USD ", "2")])
    assert only(made).texts()["total_charge_usd"] == "2.0000"


def test_rows_of_other_months_and_of_no_month_count_nowhere() -> None:
    elsewhere = [
        overage("7", None, month=month) for month in (None, "2016-13", "2016-10", "2016-11 ", "2016-1")
    ]
    dated = charge("register", None, KEY, None, "7", date="05/11/2016")
    assert only(Tables(overage=[overage("1"), *elsewhere], register=[dated])).total_charge == 1


def test_the_month_of_a_register_row_is_the_first_seven_characters() -> None:
    dates = ("2016-11-05", "2016-11", "2016-11-31", "2016-11x")
    made = Tables(register=[charge("register", MONTH, KEY, "USD", "1", date=when) for when in dates])
    assert only(made).source_rows == len(dates)


# ----------------------------------------------------------------------------------------- rates


def test_usd_is_one_whatever_the_table_says() -> None:
    made = Tables(overage=[overage("3")], rate=[rate(MONTH, "USD", "0"), rate(MONTH, "USD", "2")])
    assert only(made).texts()["conversion_rate"] == "1.00000000"
    assert only(made).rate_month == MONTH


@pytest.mark.parametrize(
    ("fallback_months", "rates", "expected"),
    [
        (1, {"2016-11": "2", "2016-10": "3"}, ("2016-11", "2.00000000")),
        (1, {"2016-11": None, "2016-10": "3"}, ("2016-10", "3.00000000")),
        (3, {"2016-09": "4", "2016-08": "5"}, ("2016-09", "4.00000000")),
        (0, {"2016-11": "2"}, ("2016-11", "2.00000000")),
    ],
)
def test_a_missing_rate_is_taken_from_the_newest_month_before(
    fallback_months: int, rates: dict[str, Cell], expected: tuple[str, str]
) -> None:
    listed = [rate(month, "GBP", value) for month, value in rates.items()]
    row = only(Tables(overage=[overage("1", "GBP")], rate=listed), fallback_months=fallback_months)
    assert (row.rate_month, row.texts()["conversion_rate"]) == expected


def test_a_fallback_crosses_the_year() -> None:
    made = Tables(overage=[overage("1", "GBP", month="2017-01")], rate=[rate("2016-12", "GBP", "2")])
    assert only(made, ["2017-01"]).rate_month == "2016-12"


@pytest.mark.parametrize(
    ("rates", "kinds"),
    [
        ([], {MISSING_RATE}),
        ([rate(MONTH, "GBP", None)], {MISSING_RATE}),
        ([rate("2016-09", "GBP", "2")], {MISSING_RATE}),
        ([rate("2016-12", "GBP", "2")], {MISSING_RATE}),
        ([rate(MONTH, "GBP", "2", to="EUR")], {MISSING_RATE}),
        ([rate(MONTH, "gbp", "2")], {MISSING_RATE}),
        ([rate(MONTH, "GBP", "2"), rate(MONTH, "GBP", "2.00000001")], {CONTRADICTORY_RATES}),
        ([rate(MONTH, "GBP", "2"), rate("2016-10", "GBP", "0")], {UNUSABLE_RATE}),
        ([rate(MONTH, "GBP", "2"), rate("2016-10", "EUR", "-1")], {UNUSABLE_RATE}),
        ([rate(MONTH, "GBP", "4e-9")], {UNUSABLE_RATE}),
        ([rate(MONTH, "GBP", "nan")], {UNUSABLE_RATE}),
        ([rate(MONTH, "GBP", "1e300")], {UNUSABLE_RATE}),
        ([rate(MONTH, "GBP", "9999999999.999999995")], {UNUSABLE_RATE}),
    ],
)
def test_rates_that_stop_a_run(rates: list[SourceRow], kinds: set[str]) -> None:
    assert fault(Tables(overage=[overage("0", "GBP")], rate=rates)).kinds == kinds


@pytest.mark.parametrize(
    "more",
    [
        rate(MONTH, "GBP", "2.0"),
        rate(MONTH, "GBP", None),
        rate(MONTH, "GBP", "2.000000001"),
        rate("2016-09", "GBP", "0"),
        rate("2016-12", "GBP", "-1"),
        rate(MONTH, "GBP", "0", to="EUR"),
    ],
)
def test_rates_that_do_not_stop_it(more: SourceRow) -> None:
    made = Tables(overage=[overage("1", "GBP")], rate=[rate(MONTH, "GBP", "2"), more])
    assert only(made).texts()["total_charge_usd"] == "2.0000"


@pytest.mark.parametrize("currency", [None, "", "  "])
def test_a_blank_currency_stops_a_run(currency: Cell) -> None:
    assert fault(Tables(overage=[overage("0", currency)])).kinds == {BLANK_CURRENCY}


def test_all_faults_are_named_at_once() -> None:
    made = Tables(
        overage=[overage("1", "GBP"), overage("1", ""), *[overage(money(MONEY_UNITS))] * 2],
        rate=[rate(MONTH, "EUR", "0"), rate(MONTH, "SEK", "1"), rate(MONTH, "SEK", "2")],
    )
    everything = {BLANK_CURRENCY, MISSING_RATE, CONTRADICTORY_RATES, UNUSABLE_RATE, DOES_NOT_FIT}
    assert fault(made).kinds == everything


# ---------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_sum_may_reach_the_limit_and_not_pass_it(sign: str) -> None:
    most, least = sign + money(MONEY_UNITS), sign + money(1)
    assert only(Tables(overage=[overage(most)])).texts()["total_charge_usd"] == f"{sign}99999999999999.9999"
    assert fault(Tables(overage=[overage(most), overage(least)])).kinds == {DOES_NOT_FIT}
    service = [charge("service", MONTH, KEY, "USD", least)]
    assert "total_charge" in fault(Tables(overage=[overage(most)], service=service)).faults[0]


def test_a_conversion_may_not_pass_the_limit() -> None:
    made = Tables(overage=[overage(money(MONEY_UNITS), "GBP")], rate=[rate(MONTH, "GBP", "1.00000001")])
    (reason,) = fault(made).faults
    assert "total_charge_usd" in reason


@pytest.mark.parametrize(("count", "step"), [(BIGGEST, 1), (SMALLEST, -1)])
def test_counts_may_reach_the_limit_and_not_pass_it(count: int, step: int) -> None:
    def counted(*parts: int) -> Tables:
        rows = [charge("billable", MONTH, KEY, "USD", "0", count=str(part)) for part in parts]
        return Tables(billable=rows)

    assert only(counted(count, step, -step)).billable_subs == count
    assert fault(counted(count, step)).kinds == {DOES_NOT_FIT}


# --------------------------------------------------------------------------------------- mapping


def mapped(start: Cell, end: Cell, group: Cell, name: Cell = "name") -> SourceRow:
    """A mapping row of the one key."""
    org_id, business_unit, commercial_offer = KEY
    return {
        "org_id": org_id,
        "org_name": name,
        "business_unit": business_unit,
        "commercial_offer": commercial_offer,
        "contract_offer_group": group,
        "co_mapping_start_date": start,
        "co_mapping_end_date": end,
    }


@pytest.mark.parametrize(
    ("rows", "group", "name"),
    [
        ([], "UNMAPPED", ""),
        ([mapped(None, "", "g")], "g", "name"),
        ([mapped("2016-11-30", "2016-11-30", "g")], "g", "name"),
        ([mapped("2016-12-01", None, "g")], "UNMAPPED", ""),
        ([mapped(None, "2016-10-31", "g")], "UNMAPPED", ""),
        ([mapped(None, "2016-11-01", "g")], "g", "name"),
        ([mapped("2016-11-20", "2016-11-10", "g")], "UNMAPPED", ""),
        ([mapped("", None, "old"), mapped("2016-11-02", "2016-11-03", "new")], "new", "name"),
        (
            [mapped("2016-11-02", "2016-11-20", "long"), mapped("2016-11-02", "2016-11-03", "x")],
            "long",
            "name",
        ),
        ([mapped("2016-11-02", " ", "open"), mapped("2016-11-02", "9999-12-30", "x")], "open", "name"),
        ([mapped(None, None, "a", "z"), mapped(None, "9999-12-31", "b", "a")], "b", "a"),
        ([mapped(None, None, "\uffff"), mapped(None, None, "\U0001f642")], "\U0001f642", "name"),
        ([mapped(None, None, "g", "n"), mapped(None, None, "g", "N"), mapped(None, None, "g", "")], "g", "n"),
        ([mapped(None, None, " "), mapped("2016-01-01", "2016-10-31", "past")], "UNMAPPED", "name"),
        ([mapped(None, None, "g", "  ")], "g", ""),
        ([mapped(None, None, " g ", " n ")], " g ", " n "),
        ([mapped("2016-11-02", None, None, "n"), mapped(None, None, "g", "m")], "UNMAPPED", "n"),
    ],
)
def test_which_mapping_row_is_taken(rows: list[SourceRow], group: str, name: str) -> None:
    for order in (rows, rows[::-1]):
        row = only(Tables(overage=[overage("1")], mapping=order))
        assert (row.contract_offer_group, row.org_name, row.source_rows) == (group, name, 1)


def test_blank_keys_of_the_mapping_are_unknown_too() -> None:
    row = {**mapped(None, None, "g"), "org_id": " ", "business_unit": None, "commercial_offer": "UNKNOWN"}
    made = Tables(overage=[overage("1", key=("", "UNKNOWN", None))], mapping=[row])
    assert only(made).contract_offer_group == "g"


# ------------------------------------------------------------------------------ readiness, totals

SCOPE = ("2016-10", "2016-11")
SOME_RATE = [rate(MONTH, "GBP", "1")]


def ready_in(*months: str) -> Tables:
    """Tables with an overage row in each of these months."""
    return Tables(overage=[overage("1", month=month) for month in months], rate=SOME_RATE)


@pytest.mark.parametrize("required", [("overage",), ()])
def test_months_that_are_ready_and_left_out(required: Sequence[str]) -> None:
    assert readiness(ready_in(*SCOPE), SCOPE, [], required) == (list(SCOPE), [])
    assert readiness(ready_in("2016-10"), SCOPE, ["2016-10"], required) == (["2016-10"], ["2016-11"])
    assert readiness(ready_in("2016-11"), SCOPE, [], required) == (["2016-11"], ["2016-10"])


@pytest.mark.parametrize(
    ("made", "scope", "main_months", "named"),
    [
        (ready_in("2016-11"), SCOPE, ["2016-10"], ["usage_overage_charge in 2016-10"]),
        (ready_in(), SCOPE, [], [f"usage_overage_charge in {month}" for month in SCOPE]),
        (ready_in("2016-10"), SCOPE[1:], [], ["usage_overage_charge in 2016-11"]),
        (replace(ready_in(*SCOPE), rate=[]), SCOPE, [], ["gbs_curr_avgconv_rate in any month"]),
    ],
)
def test_a_run_that_must_wait(
    made: Tables, scope: Sequence[str], main_months: list[str], named: list[str]
) -> None:
    with pytest.raises(ReferenceFault) as raised:
        readiness(made, scope, main_months, ["overage"])
    assert raised.value.faults == tuple(f"no source rows: {table}" for table in named)


def test_every_required_table_must_have_a_row() -> None:
    with pytest.raises(ReferenceFault, match=r"billable_sub_with_charge_and_limit in 2016-11$"):
        readiness(ready_in(MONTH), [MONTH], [], ["billable", "overage"])


def test_totals_are_per_month_and_currency() -> None:
    rows = build(
        Tables(
            overage=[overage("1", "GBP"), overage("2", "GBP", key=("a", "b", "c")), overage("4")],
            rate=[rate(MONTH, "GBP", "1.5")],
        ),
        [MONTH],
        1,
    )
    found = totals(rows)
    assert set(found) == {(MONTH, "GBP"), (MONTH, "USD")}
    assert (found[MONTH, "GBP"].rows, found[MONTH, "GBP"].source_rows) == (2, 2)
    assert found[MONTH, "GBP"].total_charge_usd == Decimal("4.5")


# -------------------------------------------------------------------------------- generated tables

MONTHS = ("2016-12", "2017-01")


@generated
@given(valid_tables(MONTHS))
def test_valid_tables_are_valid_and_nothing_is_lost(made: Tables) -> None:
    rows = build(made, MONTHS, 1)
    charges = [one for one in all_charges(made) if one.month in MONTHS]
    assert sum(row.source_rows for row in rows) == len(charges)
    assert sum(row.billable_subs for row in rows) == sum(one.count for one in charges)
    assert exact_sum(row.total_charge for row in rows) == exact_sum(one.amount for one in charges)
    keys = {
        (row.month_year, row.org_id, row.business_unit, row.commercial_offer, row.currency) for row in rows
    }
    assert len(keys) == len(rows)


@pytest.mark.slow
@generated
@given(valid_tables(MONTHS, fallback_months=2, doubles=True))
def test_valid_tables_are_valid_with_doubles_and_any_fallback(made: Tables) -> None:
    charges = [one for one in all_charges(made) if one.month in MONTHS]
    assert sum(row.source_rows for row in build(made, MONTHS, 2)) == len(charges)


@pytest.mark.slow
@generated
@given(valid_tables(MONTHS), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(made: Tables, chance: random.Random) -> None:
    shuffled = Tables(**{role: chance.sample(made.of(role), len(made.of(role))) for role in TABLE_OF})
    assert build(shuffled, MONTHS, 1) == build(made, MONTHS, 1)


def _rows_or_kinds(made: Tables, months: Sequence[str]) -> list[dict[str, str]] | frozenset[str]:
    try:
        return [row.texts() for row in build(made, months, 1)]
    except ReferenceFault as raised:
        return raised.kinds


def _kinds(made: Tables) -> frozenset[str]:
    answer = _rows_or_kinds(made, MONTHS)
    return frozenset() if isinstance(answer, list) else answer


KINDS = (BLANK_CURRENCY, MISSING_RATE, CONTRADICTORY_RATES, UNUSABLE_RATE, DOES_NOT_FIT)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_tables_come_with_every_kind_of_fault(kind: str) -> None:
    patient = settings(max_examples=5000, derandomize=True, database=None, phases=[Phase.generate])
    found = find(tables(MONTHS), lambda made: kind in _kinds(made), settings=patient)
    assert kind in _kinds(found)


# ----------------------------------------------------------------------------------- sample tables


@pytest.mark.parametrize("table", COLUMNS)
def test_the_sample_has_the_columns_and_only_open_rows(table: str) -> None:
    with (SAMPLE / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, strict=True)
    assert tuple(header) == COLUMNS[table]
    assert rows
    assert all(len(row) == len(header) for row in rows)
    if "org_id" in header:
        owners = {row[header.index("org_id")] for row in rows}
        assert all(owner == "" or owner.startswith(("GB-", "UCI-")) for owner in owners)
    assert not any(cell.startswith("US-") for row in rows for cell in row)


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.csv")) < 250_000


def test_the_sample_maps_only_its_own_keys() -> None:
    sample = read_tables(SAMPLE)
    charged = {one.key for one in all_charges(sample)}
    assert {Key.of(row) for row in sample.mapping} <= charged


def test_the_sample_shows_every_rule_worth_showing() -> None:
    rows = build(read_tables(SAMPLE), SAMPLE_MONTHS, 1)
    assert {row.month_year for row in rows} == set(SAMPLE_MONTHS)
    shown: dict[str, Callable[[Row], bool]] = {
        "unknown": lambda row: row.org_id == "UNKNOWN",
        "unmapped with a name": lambda row: row.contract_offer_group == "UNMAPPED" and row.org_name != "",
        "unmapped without": lambda row: row.contract_offer_group == "UNMAPPED" and row.org_name == "",
        "credit": lambda row: row.total_charge < 0,
        "converted": lambda row: row.conversion_rate != 1,
    }
    assert [rule for rule, shows in shown.items() if not any(map(shows, rows))] == []
    for column in MONEY_COLUMNS[:4]:
        assert any(getattr(row, column) != 0 for row in rows), column


# -------------------------------------------------------------------------------- another's answer

needs_shared = pytest.mark.skipif(
    not (SHARED / "oracle.py").exists(),
    reason=f"needs {SHARED / 'oracle.py'}, which is not part of the project",
)


@cache
def _oracle() -> Any:
    spec = importlib.util.spec_from_file_location("oracle", SHARED / "oracle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _data() -> Tables:
    return read_tables(SHARED / "data")


def _texts(rows: Sequence[dict[str, object]]) -> list[dict[str, str]]:
    return [{column: str(value) for column, value in row.items()} for row in rows]


def _scope(when: date) -> list[str]:
    month = f"{when:%Y-%m}"
    return [earlier(month, 1), month] if when.day <= 5 else [month]


@needs_shared
def test_the_months_compared_are_all_there_are() -> None:
    assert {one.month for one in all_charges(_data())} == set(DATA_MONTHS)


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("day", [3, 20])
@pytest.mark.parametrize("month", DATA_MONTHS)
def test_real_tables_come_to_the_same_by_another_hand(month: str, day: int) -> None:
    when = date.fromisoformat(f"{month}-{day:02d}")
    expected = _texts(_oracle().expected(SHARED / "data", when))
    assert [row.texts() for row in build(_data(), _scope(when), 1)] == expected


@needs_shared
@pytest.mark.parametrize("day", [3, 20])
@pytest.mark.parametrize("month", SAMPLE_MONTHS)
def test_the_sample_comes_to_the_same_by_another_hand(month: str, day: int) -> None:
    when = date.fromisoformat(f"{month}-{day:02d}")
    expected = _texts(_oracle().expected(SAMPLE, when))
    assert [row.texts() for row in build(read_tables(SAMPLE), _scope(when), 1)] == expected


def _write(made: Tables, folder: Path) -> None:
    """A file cannot tell '' from NULL; no rule does either."""
    for role, table in TABLE_OF.items():
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS[table])
            writer.writeheader()
            writer.writerows(made.of(role))


def _another_answer(folder: Path) -> list[dict[str, str]] | None:
    try:
        return _texts(_oracle().expected(folder, date(2017, 1, 3)))
    except _oracle().Fault:
        return None


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("doubles", [False, True])
def test_generated_tables_come_to_the_same_by_another_hand(
    doubles: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tables")

    @settings(generated, max_examples=150)
    @given(tables(MONTHS, doubles=doubles))
    def compare(made: Tables) -> None:
        _write(made, folder)
        months = sorted({str(one.month) for one in all_charges(made)} & set(MONTHS))
        answer = _rows_or_kinds(made, months)
        assert (answer if isinstance(answer, list) else None) == _another_answer(folder)

    compare()


@needs_shared
def test_the_sample_is_a_part_of_the_real_tables() -> None:
    for role in TABLE_OF:
        real = Counter(tuple(row.items()) for row in _data().of(role))
        sample = Counter(tuple(row.items()) for row in read_tables(SAMPLE).of(role))
        assert sample <= real
