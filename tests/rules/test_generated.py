"""Generated tables: main equals the reference, or the run fails for the right reasons, main untouched."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings

from ciss_luigi.billing.totals import in_digits
from ciss_luigi.errors import CissError
from ciss_luigi.state.markers import Step
from tests import reference
from tests.reference import ReferenceFault, Tables
from tests.rules.generated import ONE_MONTH, QUICK, TWO_MONTHS, Case, cases
from tests.rules.harness import Bench, in_order
from tests.rules.telling import mapping
from tests.rules.verdict import assert_same_reasons
from tests.strategies import ODD_TEXTS, charge, rate


def check(bench: Bench, case: Case) -> None:
    """Run, and judge what came out."""
    bench.fill(case.tables, doubles=case.doubles)
    if case.held:
        bench.put_main(case.held)
    before = bench.rows()
    try:
        held = [row["month_year"] or "" for row in case.held]
        ready, left_out = reference.readiness(case.tables, case.months, held, case.required)
        built = reference.build(case.tables, ready, case.fallback)
    except ReferenceFault as fault:
        event("refused: " + ", ".join(sorted(fault.kinds)))
        with pytest.raises(CissError) as raised:
            bench.run(case.date, **case.keys)
        assert_same_reasons(fault, raised.value)
        assert bench.rows() == before
        assert bench.marked(case.date) in ([], [Step.TRUNCATE])
    else:
        event(f"built {len(ready)} of {len(case.months)} months")
        bench.run(case.date, **case.keys)
        assert_published(bench, case, built)
        assert_marked(bench, case, built, left_out)


def assert_published(bench: Bench, case: Case, built: list[reference.Row]) -> None:
    """Main holds what was built, and of the other months what it held."""
    marker = bench.marker(case.date)
    assert marker is not None
    told = {"as_of_date": case.date, "run_id": marker.run_id}
    months = {row.month_year for row in built if not case.keeps(row.month_year)}
    new = [{**row.texts(), **told} for row in built if row.month_year in months]
    assert bench.rows() == in_order([*new, *(row for row in case.held if row["month_year"] not in months)])


def assert_marked(bench: Bench, case: Case, built: list[reference.Row], left_out: list[str]) -> None:
    """BuildTemp's marker holds the totals of all that was built, MergeMain's says what was not merged."""
    marker, merged = bench.marker(case.date), bench.marker(case.date, Step.MERGE)
    assert marker is not None
    assert merged is not None
    found = {
        (month.month, currency): list(amounts.to_json().values())
        for month in marker.months
        for currency, amounts in month.totals.items()
    }
    expected = {
        part: [in_digits(value) for value in list(vars(totals).values())[2:]]
        for part, totals in reference.totals(built).items()
    }
    assert found == expected
    assert [month.rows for month in marker.months] == [
        sum(row.month_year == month.month for row in built) for month in marker.months
    ]
    assert list(marker.left_out) == left_out
    assert {one.role: (one.rows, one.amounts) for one in marker.odd_rows} == reference.odd_rows(case.tables)
    unmapped = [
        row for row in built if row.contract_offer_group == "UNMAPPED" and not case.keeps(row.month_year)
    ]
    assert merged.unmapped_customers == len({row.org_id for row in unmapped})
    assert list(merged.superseded) == sorted({row.month_year for row in built if case.keeps(row.month_year)})


THOROUGH = settings(QUICK, max_examples=1500)


def test_every_odd_text_comes_back_byte_for_byte(shared_bench: Bench) -> None:
    """As key, currency, group and name: quotes, percent signs, newlines, backslashes, NUL, look-alikes."""
    made = Tables(
        overage=[charge("overage", "2016-11", (text, text, text), text, "1.5") for text in ODD_TEXTS],
        rate=[rate("2016-11", text, "1.10000000") for text in ODD_TEXTS],
        mapping=[mapping((text, text, text), text, text, None, None) for text in ODD_TEXTS],
    )
    shared_bench.fill(made)
    shared_bench.run(ONE_MONTH, required_sources="overage")
    assert shared_bench.result() == in_order(row.texts() for row in reference.build(made, ["2016-11"], 1))
    assert {row["org_id"] for row in shared_bench.rows()} == set(ODD_TEXTS)
    assert "a\x00" in ODD_TEXTS


@pytest.mark.core
@pytest.mark.slow
@given(case=cases(ONE_MONTH, doubles=False))
@QUICK
def test_one_month_equals_the_reference(shared_bench: Bench, case: Case) -> None:
    check(shared_bench, case)


@pytest.mark.core
@pytest.mark.slow
@given(case=cases(TWO_MONTHS, doubles=False))
@QUICK
def test_two_months_equal_the_reference(shared_bench: Bench, case: Case) -> None:
    check(shared_bench, case)


@pytest.mark.slow
@given(case=cases(TWO_MONTHS, doubles=True))
@QUICK
def test_two_months_with_double_rates_equal_the_reference(shared_bench: Bench, case: Case) -> None:
    check(shared_bench, case)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("doubles", [False, True], ids=["decimal", "double"])
@pytest.mark.parametrize("date", [ONE_MONTH, TWO_MONTHS])
def test_many_more_equal_the_reference(shared_bench: Bench, date: str, doubles: bool) -> None:
    @given(case=cases(date, doubles=doubles))
    @THOROUGH
    def examples(case: Case) -> None:
        check(shared_bench, case)

    examples()
