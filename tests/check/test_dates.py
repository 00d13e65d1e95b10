"""What would stop a run of one date."""

from __future__ import annotations

import pytest

from ciss_luigi.operator.checks.findings import Level
from tests.check.looking import ANY, OVERAGE, RATE, REGISTER, count, found, run, texts
from tests.sample import MAIN, Make, change

pytestmark = pytest.mark.whole


def test_a_month_that_is_not_ready_is_a_fault(make: Make) -> None:
    report = found(make(), "2016-12-20")
    assert report.exit_code == 1
    assert texts(report, Level.FAULT) == [
        "not ready: mnaas.billable_sub_with_charge_and_limit has no row for 2016-12"
    ]


def test_a_month_that_would_be_left_out_is_a_warning(make: Make) -> None:
    report = found(make(), "2017-01-03")
    assert report.exit_code == 0
    assert texts(report, Level.WARNING) == [
        "2016-12 would not be built: mnaas.billable_sub_with_charge_and_limit has no row for 2016-12, "
        "and main holds no row of it"
    ]


def test_every_fault_of_currencies_and_rates_is_named(make: Make) -> None:
    here = make(rate_fallback_months=0, **ANY)
    change(
        here,
        f"INSERT INTO {REGISTER} (invoice_date, currency, amount) VALUES ('2017-01-05', 'XYZ', 1)",
        f"INSERT INTO {REGISTER} (invoice_date, currency, amount) VALUES ('2016-12-24', ' ', 1)",
        f"INSERT INTO {RATE} VALUES ('2016-12', 'GBP', 'USD', 1), ('2017-01', 'SEK', 'USD', 0)",
    )
    report = found(here, "2017-01-03")
    faults = "\n".join(texts(report, Level.FAULT))
    assert report.exit_code == 1
    assert "2016-12: two different rates 'GBP' -> USD" in faults
    assert "2016-12: a charge has the blank currency ' '" in faults
    assert "2017-01: the rate 'SEK' -> USD is 0.00000000: zero" in faults
    assert "no XYZ rate for 2017-01; there is none" in faults


def test_a_rate_of_an_earlier_month_is_worth_a_note(make: Make) -> None:
    here = make()
    change(here, f"DELETE FROM {RATE} WHERE cal_month = '2017-01'")
    assert "2017-01: 'GBP' would be converted at the rate of 2016-12" in texts(
        found(here, "2017-01-20"), Level.NOTE
    )


def test_keys_without_a_mapping_are_counted_as_the_build_counts_them(make: Make) -> None:
    here = make()
    change(
        here,
        "DELETE FROM mnaas.bl_cust_bu_co_cogrp_mapping WHERE org_id LIKE 'GB-m%'",
        f"INSERT INTO {OVERAGE} (partition_date, org_id, currency, charge) VALUES ('2017-01', ' ', 'GBP', 1)",
    )
    (note,) = [text for text in texts(found(here, "2017-01-20"), Level.NOTE) if "mapping row" in text]
    run(here, "2017-01-20")
    keys = count(here, f"(SELECT DISTINCT org_id, business_unit, commercial_offer FROM {MAIN}) keys")
    unmapped = count(here, f"{MAIN} WHERE contract_offer_group = 'UNMAPPED' AND org_name = ''")
    assert unmapped > 1
    assert note == f"2017-01: {unmapped} of {keys} keys have no mapping row"


def test_a_newer_estimate_in_main_is_a_warning(make: Make) -> None:
    here = make()
    run(here, "2017-01-20")
    held = "main holds an estimate of 2017-01 as of 2017-01-20, newer than 2017-01-10"
    report = found(here, "2017-01-10")
    assert report.exit_code == 0
    assert texts(report, Level.WARNING) == [f"{held}: a run would leave that month alone"]
    lenient = make(allow_older="true")
    assert texts(found(lenient, "2017-01-10"), Level.WARNING) == [
        f"{held}: allow_older lets this run replace it"
    ]
    assert texts(found(here, "2017-01-20"), Level.WARNING) == []
