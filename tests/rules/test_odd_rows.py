"""Rows that no estimate holds: counted and summed on every run, told, kept in the marker, or refused."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.errors import BillingFault
from ciss_luigi.state.markers import Step
from tests import reference
from tests.reference import Tables
from tests.rules.harness import Bench, in_order
from tests.rules.telling import DATE, MONTHS, PLAIN, TELLING, mapping
from tests.strategies import NO_MONTHS, charge, rate

LOST = Tables(
    billable=[charge("billable", "2016-13", PLAIN, "GBP", "3.0000", count="1")],
    overage=[charge("overage", "2016-11-01", PLAIN, None, "0.2500")],
    register=[
        charge("register", None, PLAIN, "GBP", "12.5000", date="22/11/2016"),
        charge("register", None, PLAIN, "GBP", "1.0000", date="23/11/2016"),
        charge("register", None, PLAIN, "EUR", None),
    ],
    rate=[rate("2016-1", "GBP", "9.0")],
    mapping=[mapping(PLAIN, "lost", "lost", "01/01/2010", "31/12/2099")],
)
SENTENCES = [
    "mnaas.billable_sub_with_charge_and_limit: 1 row has an invalid partition_date ('2016-13') "
    "and is in no estimate: 3.0000 'GBP'",
    "mnaas.usage_overage_charge: 1 row has an invalid partition_date ('2016-11-01') "
    "and is in no estimate: 0.2500 ''",
    "mnaas.sebs_chn_dtl_invce_reg: 3 rows have an invalid invoice_date (such as '22/11/2016') "
    "and are in no estimate: 0.0000 'EUR', 13.5000 'GBP'",
    "mnaas.gbs_curr_avgconv_rate: 1 row has an invalid cal_month ('2016-1') and is never used",
    "mnaas.bl_cust_bu_co_cogrp_mapping: 1 row has an invalid co_mapping_start_date or co_mapping_end_date "
    "('01/01/2010') and is not used",
]


def with_lost() -> Tables:
    more = {role: [*TELLING.of(role), *LOST.of(role)] for role in reference.TABLE_OF}
    return replace(TELLING, **more)


def test_every_odd_row_is_counted_summed_and_told(
    shared_bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    shared_bench.fill(with_lost())
    with caplog.at_level(logging.WARNING):
        shared_bench.run(DATE)
    assert [record.message for record in caplog.records] == [f"{DATE}: {text}" for text in SENTENCES]
    for step in (Step.BUILD, Step.MERGE):
        marker = shared_bench.marker(DATE, step)
        assert marker is not None
        assert [str(one) for one in marker.odd_rows] == SENTENCES
    expected = reference.build(TELLING, MONTHS, 1)
    assert shared_bench.result() == in_order(row.texts() for row in expected)


def test_without_odd_rows_nothing_is_said(shared_bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    shared_bench.fill(TELLING)
    with caplog.at_level(logging.WARNING):
        shared_bench.run(DATE)
    marker = shared_bench.marker(DATE)
    assert marker is not None
    assert marker.odd_rows == ()
    assert caplog.records == []


def test_odd_rows_refuse_the_run_where_a_site_wants_that(shared_bench: Bench) -> None:
    shared_bench.fill(with_lost())
    with pytest.raises(BillingFault) as raised:
        shared_bench.run(DATE, odd_rows="fail")
    error = raised.value
    assert error.exit_code == 30
    assert "the source data has errors; nothing was published:" in error.what
    for sentence in SENTENCES:
        assert f"  - {sentence} (odd_rows = fail)" in error.what.split("\n")
    assert error.state == "main was not touched; temp holds nothing of this attempt"
    assert shared_bench.rows() == []
    assert shared_bench.marked(DATE) == [Step.TRUNCATE]
    shared_bench.fill(TELLING)
    shared_bench.run(DATE, odd_rows="fail")


@pytest.mark.parametrize(
    "text", [*NO_MONTHS, "2016-11 ", " 2016-11", "\uff12\uff1016-11", "2016_11", "2016-11\n"]
)
def test_what_is_no_month_is_odd_in_every_table(shared_bench: Bench, text: str | None) -> None:
    lost = Tables(
        service=[charge("service", text, PLAIN, "GBP", "2.5000")],
        register=[charge("register", None, PLAIN, "GBP", "1.5000", date=text)],
        rate=[*TELLING.rate, rate(text or "x", "GBP", "1.0")],
    )
    made = replace(TELLING, service=lost.service, register=lost.register, rate=lost.rate)
    shared_bench.fill(made)
    shared_bench.run(DATE)
    marker = shared_bench.marker(DATE)
    assert marker is not None
    odd = {one.role: (one.rows, one.amounts) for one in marker.odd_rows}
    assert odd == reference.odd_rows(made)
    assert odd["service"] == (1, {"GBP": Decimal("2.5000")})


def test_one_and_many_are_told_as_such() -> None:
    one = OddRows("rate", "t", 1, {}, None)
    assert str(one) == "t: 1 row has an invalid cal_month (NULL) and is never used"
    many = OddRows("service", "t", 1234, {"G\x1b": Decimal("0E-4")}, "\x1b[2J" + "x" * 100)
    assert str(many) == (
        "t: 1,234 rows have an invalid partition_date (such as '\\x1b[2J" + "x" * 36 + "') "
        "and are in no estimate: 0.0000 'G\\x1b'"
    )
