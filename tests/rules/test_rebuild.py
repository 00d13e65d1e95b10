"""Sources that move between their totals and the build: one rebuild in the same run, then a failure."""

from __future__ import annotations

import pytest

from ciss_luigi.errors import BillingFault, TotalsDiffer
from ciss_luigi.state.markers import STEPS, Step
from tests.rules.harness import Bench
from tests.rules.telling import DATE, EXPECTED, LATE
from tests.rules.watched import BUILDS, interfere


def test_a_row_that_arrives_late_costs_one_rebuild(filled: Bench) -> None:
    watch = interfere(filled, LATE, times=1, words=(BUILDS,), transactions=False)
    filled.run(DATE)
    francs = [row["overage_charge"] for row in filled.rows() if row["currency"] == "CHF"]
    assert francs == ["1.2501"]
    assert watch.count(BUILDS) == 2
    assert filled.marked(DATE) == list(STEPS)


def test_rows_that_keep_arriving_fail_the_run_with_both_sides_shown(filled: Bench) -> None:
    before = filled.rows()
    watch = interfere(filled, LATE, times=5, words=(BUILDS,), transactions=False)
    with pytest.raises(TotalsDiffer) as raised:
        filled.run(DATE)
    lines = str(raised.value).split("\n")
    assert "  - 2017-01 'CHF': source_rows is 2 in sources, 3 in temp" in lines
    assert "  - 2017-01 'CHF': overage_charge is 1.2501 in sources, 2.5001 in temp" in lines
    assert watch.count(BUILDS) == 2
    assert filled.rows() == before
    assert filled.marked(DATE) == [Step.TRUNCATE]


def test_where_the_engine_has_snapshots_a_late_row_waits_for_the_next_run(filled: Bench) -> None:
    watch = interfere(filled, LATE, times=1, words=(BUILDS,))
    filled.run(DATE)
    assert filled.result() == EXPECTED
    assert watch.count(BUILDS) == 1
    filled.run("2017-01-04")
    assert filled.result() != EXPECTED


def test_a_rebuild_that_meets_a_fault_of_the_sources_names_it(filled: Bench) -> None:
    words = (BUILDS,)
    interfere(
        filled, LATE.replace("1.25 AS charge", "' ' AS currency"), times=1, words=words, transactions=False
    )
    with pytest.raises(BillingFault, match="2017-01: a charge has the blank currency ' '"):
        filled.run(DATE)
    assert filled.marked(DATE) == [Step.TRUNCATE]
