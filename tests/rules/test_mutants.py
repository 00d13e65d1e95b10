"""A control total that cannot fail is worth nothing: mutants of the rules are seen, main is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ciss_luigi.errors import StatementFailed, TotalsDiffer
from ciss_luigi.sql.files import built_in
from ciss_luigi.state.markers import STEPS, Step
from tests.rules.harness import TEMP, Bench
from tests.rules.mutants import CAUGHT, ONLY_A_REFERENCE, Mutant
from tests.rules.telling import BEFORE, DATE, EXPECTED, NEW, TELLING, billable
from tests.rules.verdict import CHECKS, checks_named
from tests.rules.watched import Watch
from tests.strategies import BIGGEST


@pytest.fixture(scope="module")
def untouched(swift_folder: Path) -> Iterator[Bench]:
    """A main that no test is to change."""
    folder = swift_folder / "untouched"
    folder.mkdir()
    bench = Bench(folder)
    bench.fill(TELLING)
    bench.run(BEFORE)
    before = bench.rows()
    yield bench
    assert bench.rows() == before
    bench.warehouse.close()


def run_with(bench: Bench, sql: str) -> None:
    """Run with other rules."""
    folder = bench.folder / "sql"
    folder.mkdir(exist_ok=True)
    (folder / "build.sql").write_text(sql)
    bench.run(DATE, sql_dir="sql")


@pytest.mark.parametrize("doubles", [False, True], ids=["decimal", "double"])
def test_the_built_in_rules_pass_as_a_file_of_the_site(filled: Bench, doubles: bool) -> None:
    filled.change_sources(TELLING, doubles=doubles)
    run_with(filled, built_in("build"))
    assert filled.result() == EXPECTED
    assert filled.marked(DATE) == list(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", CAUGHT, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught_before_main_is_touched(untouched: Bench, mutant: Mutant) -> None:
    before = untouched.rows()
    untouched.reset(DATE)
    with pytest.raises(TotalsDiffer) as raised:
        run_with(untouched, mutant.sql)
    assert checks_named(str(raised.value)) == mutant.caught_by
    assert untouched.rows() == before
    assert untouched.marked(DATE) == [Step.TRUNCATE]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["the mapping multiplies", "the rate is doubled", "another run_id"])
def test_without_transactions_temp_may_hold_a_mutants_rows_and_main_never(filled: Bench, name: str) -> None:
    filled.wrap = Watch(transactions=False).engine
    before = filled.rows()
    with pytest.raises(TotalsDiffer):
        run_with(filled, next(mutant.sql for mutant in CAUGHT if mutant.name == name))
    assert filled.query(f"SELECT COUNT(*) > 0 FROM {TEMP} WHERE run_date = '{DATE}'") == [(True,)]
    assert filled.rows() == before
    filled.run(DATE)
    assert filled.result() == EXPECTED


def test_a_double_that_is_rounded_in_binary_is_caught(filled: Bench) -> None:
    text = "CAST(CAST(avg_conv_rate AS STRING) AS DECIMAL(18,8))"
    mutant = Mutant("binary", text, "CAST(avg_conv_rate AS DECIMAL(18,8))")
    filled.change_sources(TELLING, doubles=True)
    with pytest.raises(TotalsDiffer) as raised:
        run_with(filled, mutant.sql)
    assert checks_named(str(raised.value)) == {"rate"}
    assert "335.39700535 of 2016-12, the rules say 335.39700536 of 2016-12" in str(raised.value)


def test_a_count_that_wraps_is_caught_because_totals_are_decimals(filled: Bench) -> None:
    mutant = Mutant(
        "wraps",
        "THEN CAST(billable_subs AS BIGINT) END",
        "THEN CAST(billable_subs AS BIGINT) "
        "ELSE CAST(billable_subs - CAST(18446744073709551616 AS DECIMAL(38,0)) AS BIGINT) END",
    )
    row = billable(NEW, ("many", "unit", "offer"), "USD", None, str(BIGGEST))
    filled.change_sources(replace(TELLING, billable=[*TELLING.billable, row, row]))
    before = filled.rows()
    with pytest.raises(TotalsDiffer) as raised:
        run_with(filled, mutant.sql)
    assert f"billable_subs is {2 * BIGGEST + 5 * 10**9} in sources, {5 * 10**9 - 2} in temp" in str(
        raised.value
    )
    assert filled.rows() == before


def test_rules_that_the_engine_refuses_leave_main_alone(filled: Bench) -> None:
    mutant = Mutant(
        "no group", "month_year, org_id, business_unit, commercial_offer, currency\n),", "month_year\n),"
    )
    before = filled.rows()
    with pytest.raises(StatementFailed, match="must appear in the GROUP BY"):
        run_with(filled, mutant.sql)
    assert filled.rows() == before
    assert filled.marked(DATE) == [Step.TRUNCATE]


def test_each_check_is_the_only_one_to_see_some_mutant() -> None:
    """But for the sum of the totals, which says in one line what the row-by-row check only counts."""
    alone = {check for mutant in CAUGHT if len(mutant.caught_by) == 1 for check in mutant.caught_by}
    assert alone == set(CHECKS) - {"total"}
    assert set().union(*(mutant.caught_by for mutant in CAUGHT)) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ONLY_A_REFERENCE, ids=lambda mutant: mutant.name)
def test_no_total_sees_these_and_only_a_reference_does(filled: Bench, mutant: Mutant) -> None:
    """The totals say nothing of whom the money stands with; another answer to the same rules does."""
    run_with(filled, mutant.sql)
    assert filled.marked(DATE) == list(STEPS)
    assert filled.result() != EXPECTED


def test_a_wider_product_is_the_same_here(filled: Bench) -> None:
    """Spark and Hive round it twice (there the row-by-row check would see it); DuckDB keeps every digit."""
    mutant = Mutant("wider", "CAST(total_charge AS DECIMAL(19,4)) *", "CAST(total_charge AS DECIMAL(38,4)) *")
    with pytest.raises(StatementFailed, match="Overflow in multiplication"):
        run_with(filled, mutant.sql.replace("DECIMAL(38,4)", "DECIMAL(18,4)"))
    run_with(filled, mutant.sql)
    assert filled.result() == EXPECTED
