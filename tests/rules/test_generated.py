"""Generated tables: main equals the reference, or the run fails for the right reason, main untouched."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ciss_luigi.errors import BillingFault, SourcesMissing, StepFailed
from ciss_luigi.rundate import RunDate
from tests import reference
from tests.reference import DOES_NOT_FIT, NO_SOURCE_ROWS, ReferenceFault, Tables
from tests.rules.harness import Bench, in_order
from tests.strategies import tables

ONE_MONTH, TWO_MONTHS = "2016-11-22", "2017-01-03"
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=600)


def sets(date: str, fallback: int, *, doubles: bool) -> st.SearchStrategy[Tables]:
    months = [str(month) for month in RunDate.parse(date).months_in_scope(5)]
    return tables(months, fallback_months=fallback, doubles=doubles)


def check(bench: Bench, made: Tables, date: str, fallback: int, required: str, *, doubles: bool) -> None:
    """Run on a main that holds a row of an old month, and judge what came out."""
    bench.fill(made, doubles=doubles)
    months = [str(month) for month in RunDate.parse(date).months_in_scope(5)]
    keys = {"rate_fallback_months": str(fallback), "required_sources": required}
    try:
        ready, _ = reference.readiness(made, months, [], [role for role in required.split(",") if role])
        expected = in_order(row.texts() for row in reference.build(made, ready, fallback))
    except ReferenceFault as fault:
        with pytest.raises((BillingFault, SourcesMissing, StepFailed)) as raised:
            bench.run(date, **keys)
        assert bench.result() == []
        assert "MergeMain" not in bench.marked(date)
        judge_reason(fault, raised.value)
    else:
        bench.run(date, **keys)
        assert bench.result() == expected


def judge_reason(fault: ReferenceFault, error: BaseException) -> None:
    """The error must be of the kind, and name every month, that the reference names."""
    text = str(error)
    if fault.kinds == {NO_SOURCE_ROWS}:
        assert all(one.partition(": ")[2].split(" in ")[0] in text for one in fault.faults), text
    elif DOES_NOT_FIT not in fault.kinds:
        assert isinstance(error, BillingFault), text


@given(made=sets(ONE_MONTH, 1, doubles=False))
@QUICK
def test_one_month(shared_bench: Bench, made: Tables) -> None:
    check(shared_bench, made, ONE_MONTH, 1, "billable", doubles=False)


@given(made=sets(TWO_MONTHS, 1, doubles=False))
@QUICK
def test_two_months(shared_bench: Bench, made: Tables) -> None:
    check(shared_bench, made, TWO_MONTHS, 1, "", doubles=False)


@given(made=sets(TWO_MONTHS, 3, doubles=True))
@QUICK
def test_two_months_with_double_rates_and_a_long_fallback(shared_bench: Bench, made: Tables) -> None:
    check(shared_bench, made, TWO_MONTHS, 3, "billable,register", doubles=True)


@pytest.mark.slow
@pytest.mark.parametrize("doubles", [False, True], ids=["decimal", "double"])
@pytest.mark.parametrize("fallback", [0, 1, 3])
@pytest.mark.parametrize("date", [ONE_MONTH, TWO_MONTHS])
def test_many_more(shared_bench: Bench, date: str, fallback: int, doubles: bool) -> None:
    @given(
        made=sets(date, fallback, doubles=doubles),
        required=st.sampled_from(["billable", "", "register,service"]),
    )
    @settings(THOROUGH, max_examples=120)
    def examples(made: Tables, required: str) -> None:
        check(shared_bench, made, date, fallback, required, doubles=doubles)

    examples()
