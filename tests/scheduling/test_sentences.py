"""What luigid's page says of a step that is done, in sentences."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.billing.totals import Amounts, MonthTotals
from ciss_luigi.scheduling.sentences import begun, done
from ciss_luigi.state.markers import Marker, Step

DATE = RunDate.parse("2017-01-03")


def amounts(usd: str) -> Amounts:
    zero = Decimal("0.0000")
    return Amounts(1, zero, zero, zero, zero, zero, Decimal(usd))


MONTHS = (
    MonthTotals("2016-12", 4100, 9, {"GBP": amounts("6000000.0000"), "EUR": amounts("834000.3651")}),
    MonthTotals("2017-01", 30, 9, {"GBP": amounts("213.0049")}),
)
MERGED = Marker(Step.MERGE, DATE, "run", dt.datetime(2017, 1, 3, tzinfo=dt.UTC), MONTHS)


def test_months_rows_dollars_and_unmapped_customers_are_one_sentence() -> None:
    told = done(replace(MERGED, unmapped_customers=2))
    assert told == "2016-12, 2017-01: 4,130 rows, 6,834,213.37 USD, 2 customers unmapped"


@pytest.mark.parametrize(
    ("unmapped", "words"),
    [(1, ", 1 customer unmapped"), (4130, ", 4,130 customers unmapped"), (0, ""), (None, "")],
)
def test_unmapped_customers_are_told_where_there_are_any(unmapped: int | None, words: str) -> None:
    assert done(replace(MERGED, unmapped_customers=unmapped)).partition(" USD")[2] == words


def test_what_is_not_published_follows() -> None:
    marker = replace(MERGED, months=MONTHS[1:], superseded=("2016-12",), unmapped_customers=1)
    assert done(marker) == (
        "2017-01: 30 rows, 213.00 USD, 1 customer unmapped; 2016-12 left alone, a newer estimate is published"
    )
    assert done(replace(MERGED, months=(), superseded=("2017-01",))).startswith("2017-01 left alone")


def test_one_row_is_a_row() -> None:
    assert done(replace(MERGED, months=(replace(MONTHS[1], rows=1),))) == "2017-01: 1 row, 213.00 USD"


@pytest.mark.parametrize("step", [Step.BUILD, Step.MERGE])
def test_of_the_old_jobs_classes_no_amount_is_told_that_nobody_knows(step: Step) -> None:
    """Their totals are not known, and BuildTemp's rows are those of both months together."""
    months = tuple(replace(month, rows=7, totals={}) for month in MONTHS)
    told = done(replace(MERGED, step=step, months=months, loader="java"))
    words = {Step.BUILD: "built", Step.MERGE: "published"}
    assert told == f"2016-12, 2017-01: {words[step]} by the old job's classes"


def test_each_step_says_what_it_is_about_to_do() -> None:
    assert len({begun(DATE, step) for step in Step}) == len(Step)
    assert all(begun(DATE, step).startswith("2017-01-03: ") for step in Step)
