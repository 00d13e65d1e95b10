"""``ciss explain`` on generated sites: what it shows adds up to main, and it names the rules that decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from ciss_luigi.billing.mapping import Choice
from ciss_luigi.billing.rundate import Month
from ciss_luigi.operator.explain import Explanation, explain
from ciss_luigi.operator.figures import Figure
from ciss_luigi.queries.customer import Customer
from tests import reference
from tests.reference import Key, MappingRow, ReferenceFault, Tables
from tests.rules.generated import ONE_MONTH, QUICK, TWO_MONTHS, Case, cases
from tests.rules.harness import Bench
from tests.rules.telling import mapping
from tests.rules.watched import Watch
from tests.strategies import ODD_TEXTS, charge, rate

KINDS = dict(zip(("subscription", "overage", "service", "register"), reference.CHARGE_ROLES, strict=True))
OUT: dict[str, Callable[[Any, str], bool]] = {
    "its start is not a date": lambda row, month: row.start is None,
    "its end is not a date": lambda row, month: row.end is None,
    "it ends before it starts": lambda row, month: row.end < row.start,
    "it ended before the month began": lambda row, month: row.end < f"{month}-01",
    "it starts after the month's end": lambda row, month: row.start > reference.last_day(month),
}
LOST = ("starts earlier", "ends earlier", "a smaller offer group", "a smaller name", "says the same")


def check(bench: Bench, case: Case) -> None:
    """Explain every customer of main after a run, and hold it against the reference."""
    bench.fill(case.tables, doubles=case.doubles)
    try:
        ready, _ = reference.readiness(case.tables, case.months, [], case.required)
        built = reference.build(case.tables, ready, case.fallback)
    except ReferenceFault:
        return
    bench.run(case.date, **case.keys)
    for org_id in {row.org_id for row in built}:
        found, _ = explained(bench, Customer(org_id), ready, case.keys)
        rows = [row for row in built if row.org_id == org_id]
        assert len(found.figures) == len(rows)
        by_key = {figure.key: figure for figure in found.figures}
        for row in rows:
            key = (row.month_year, row.business_unit, row.commercial_offer, row.currency)
            assert_adds_up(by_key[key], row, case.tables)  # type: ignore[index]
            assert_rules(by_key[key].mapping, row, case.tables)  # type: ignore[index]


def explained(
    bench: Bench,
    customer: Customer,
    months: Sequence[str],
    keys: Mapping[str, str] | None = None,
    *,
    everything: bool = True,
) -> tuple[Explanation, list[str]]:
    """What there is to say of a customer, and the statements that it took."""
    found, watch = watched(bench, customer, months, keys, everything=everything)
    return found, watch.sent


def watched(
    bench: Bench,
    customer: Customer,
    months: Sequence[str],
    keys: Mapping[str, str] | None = None,
    *,
    everything: bool = True,
) -> tuple[Explanation, Watch]:
    """What there is to say of a customer, and what was asked for it."""
    watch, before = Watch(), bench.wrap
    bench.wrap = watch.engine
    try:
        which = [Month.parse(month) for month in months]
        return explain(bench.site(**keys or {}), customer, which, everything=everything), watch
    finally:
        bench.wrap = before


def assert_adds_up(figure: Figure, row: reference.Row, tables: Tables) -> None:
    """The source rows shown are those of the key, and come to what main says; the arithmetic is exact."""
    assert figure.differences == ()
    for kind, role in KINDS.items():
        charges = figure.charges[kind]
        amounts = [one.amount or Decimal(0) for one in charges.largest]
        mine = [
            one.amount
            for one in reference.all_charges(tables)
            if one.role == role and one.month == row.month_year and one.currency == row.currency
            and one.key == Key(row.org_id, row.business_unit, row.commercial_offer)
        ]  # fmt: skip
        assert sorted(amounts) == sorted(mine)
        assert [abs(one) for one in amounts] == sorted(map(abs, amounts), reverse=True)
        assert sum(amounts) == charges.sum == getattr(row, f"{kind}_charge")
        assert charges.rows == len(mine)
    assert (figure.rate.month, figure.rate.rate) == (row.rate_month, row.conversion_rate)
    assert figure.total_charge == row.total_charge
    assert figure.product == reference.EXACT.multiply(row.total_charge, row.conversion_rate)
    assert figure.total_charge_usd == row.total_charge_usd


def assert_rules(choice: Choice, row: reference.Row, tables: Tables) -> None:
    """Every mapping row of the key either counts or is passed over by a rule that is true of it."""
    assert (choice.group, choice.name) == (row.contract_offer_group, row.org_name)
    key = Key(row.org_id, row.business_unit, row.commercial_offer)
    mine = [one for one in map(MappingRow.of, tables.mapping) if one.key == key]
    assert len(mine) == len(choice.passed_over) + bool(choice.chosen)
    chosen = as_reference(key, choice.chosen) if choice.chosen else None
    assert (chosen is not None) == any(one.touches(row.month_year) for one in mine)
    for passed in choice.passed_over:
        one = as_reference(key, passed.row)
        if not one.touches(row.month_year):
            assert OUT[passed.why](one, row.month_year), passed
            continue
        assert chosen is not None
        pairs = zip(chosen.precedence, one.precedence, strict=True)
        place = next((index for index, (a, b) in enumerate(pairs) if a != b), len(LOST) - 1)
        assert chosen.precedence >= one.precedence
        assert LOST[place] in passed.why


def as_reference(key: Key, row: object) -> MappingRow:
    """A mapping row as the reference reads it."""
    start, end, group, name = (getattr(row, part) for part in ("start", "end", "group", "name"))
    cells = {"co_mapping_start_date": start, "co_mapping_end_date": end}
    return MappingRow.of({**key._asdict(), **cells, "contract_offer_group": group, "org_name": name})


@pytest.mark.slow
@given(case=cases(ONE_MONTH, doubles=False))
@settings(QUICK, max_examples=25)
def test_one_month_is_explained_as_the_reference_has_it(shared_bench: Bench, case: Case) -> None:
    check(shared_bench, case)


@pytest.mark.slow
@given(case=cases(TWO_MONTHS, doubles=True))
@settings(QUICK, max_examples=25)
def test_two_months_with_double_rates_are_too(shared_bench: Bench, case: Case) -> None:
    check(shared_bench, case)


@pytest.mark.long
@given(case=cases(TWO_MONTHS, doubles=False))
@settings(QUICK, max_examples=600)
def test_many_more_sites(shared_bench: Bench, case: Case) -> None:
    check(shared_bench, case)


def test_every_odd_text_can_be_asked_for(shared_bench: Bench) -> None:
    made = Tables(
        overage=[charge("overage", "2016-11", (text, text, text), "GBP", "1.5") for text in ODD_TEXTS],
        rate=[rate("2016-11", "GBP", "1.10000000")],
        mapping=[mapping((text, text, text), text, text, None, None) for text in ODD_TEXTS],
    )
    shared_bench.fill(made)
    shared_bench.run(ONE_MONTH, required_sources="overage")
    for text in ODD_TEXTS[::4]:
        found, _ = explained(shared_bench, Customer(text, text, text, "GBP"), ["2016-11"])
        assert [figure.mapping.group for figure in found.figures] == [text]
        assert found.figures[0].differences == ()


def test_as_many_statements_whatever_a_customer_has_and_no_more_rows_than_asked_for(
    shared_bench: Bench,
) -> None:
    counts, fetched = [], []
    for many in (1, 500, 5000):
        made = Tables(
            overage=[
                charge("overage", "2016-11", ("A", f"unit {number % 7}", "B"), "GBP", str(number))
                for number in range(many)
            ],
            rate=[rate("2016-11", "GBP", "1.10000000")],
        )
        shared_bench.fill(made)
        shared_bench.run(ONE_MONTH, required_sources="overage")
        found, watch = watched(shared_bench, Customer("A"), ["2016-11"], everything=False)
        counts.append(len(watch.sent))
        fetched.append(max(watch.fetched))
        assert all(len(figure.charges["overage"].largest) <= 20 for figure in found.figures)
        assert sum(figure.charges["overage"].rows for figure in found.figures) == many
    assert counts == [5, 5, 5], "beside the list of tables"
    assert fetched == [1, 7 * 20, 7 * 20], "the engine finds the largest rows, not the client"


def test_source_rows_that_are_alike_are_each_shown(shared_bench: Bench) -> None:
    amounts = [*["2"] * 30, "3", "1", "-4"]
    rows = [charge("overage", "2016-11", ("A", "B", "C"), "USD", amount) for amount in amounts]
    shared_bench.fill(Tables(overage=rows, rate=[rate("2016-11", "GBP", "1.10000000")]))
    shared_bench.run(ONE_MONTH, required_sources="overage")
    shown = {}
    for everything in (False, True):
        found, _ = explained(shared_bench, Customer("A"), ["2016-11"], everything=everything)
        (figure,) = found.figures
        assert (figure.charges["overage"].rows, figure.differences) == (len(amounts), ())
        shown[everything] = [int(row.amount or 0) for row in figure.charges["overage"].largest]
    assert shown == {False: [-4, 3, *[2] * 18], True: [-4, 3, *[2] * 30, 1]}
