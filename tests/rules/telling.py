"""A few rows on which every mutant of the SQL shows: each key, amount and rate is there for one of them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.reference import Cell, SourceRow, Tables, build
from tests.rules.harness import in_order
from tests.strategies import charge, rate

BEFORE, DATE = "2017-01-02", "2017-01-03"
OLD, NEW = MONTHS = ("2016-12", "2017-01")

PLAIN = ("org 1", "unit", "offer")
ODD = ("Org 1 ", "unit", "offer")  # another customer, unless keys are trimmed and folded
NAMELESS = (None, "unit", "offer")
ONLY_OVERAGE = ("org 2", "unit", "offer")
ZERO = ("zero", "unit", "offer")
UNKNOWN_COUNT, UNKNOWN_AMOUNT = ("no count", "unit", "offer"), ("no amount", "unit", "offer")
BIG = ("big", "unit", "offer")


def billable(month: str, key: Sequence[Cell], currency: str, amount: Cell, count: Cell) -> SourceRow:
    """A billable row."""
    return charge("billable", month, key, currency, amount, count=count)


def mapping(key: Sequence[Cell], group: Cell, name: Cell, start: Cell, end: Cell) -> SourceRow:
    """A mapping row."""
    org_id, business_unit, commercial_offer = key
    return {
        "org_id": org_id,
        "org_name": name,
        "business_unit": business_unit,
        "commercial_offer": commercial_offer,
        "contract_offer_group": group,
        "co_mapping_start_date": start,
        "co_mapping_end_date": end,
    }


TELLING = Tables(
    billable=[
        billable(NEW, PLAIN, "GBP", "100.1234", "3"),
        billable(NEW, PLAIN, "GBP", "100.1234", "3"),  # the same again counts again
        billable(NEW, ODD, "GBP", "7.7777", "1"),
        billable(NEW, PLAIN, "USD", "19.9900", str(5 * 10**9)),  # more than 32 bits hold
        billable(NEW, PLAIN, "USD", None, None),
        billable(NEW, ZERO, "GBP", "0.0000", "0"),
        billable(NEW, UNKNOWN_COUNT, "GBP", "1.0000", None),
        billable(NEW, BIG, "GBP", "12345678901234.1234", "1"),  # more digits than a DOUBLE has
        billable(OLD, PLAIN, "GBP", "55.5555", "2"),
        billable(OLD, NAMELESS, "EUR", "-3.3333", "4"),
        billable(OLD, PLAIN, "JPY", "1000.0000", "1"),
        billable(OLD, ZERO, "GBP", "0.0000", "0"),
    ],
    overage=[
        charge("overage", NEW, PLAIN, "GBP", "1.0001"),
        charge("overage", NEW, PLAIN, "gbp", "3.0000"),
        charge("overage", NEW, PLAIN, "CHF", "0.0001"),  # x 0.5: half of the last digit
        charge("overage", NEW, UNKNOWN_AMOUNT, "GBP", None),
        charge("overage", OLD, ONLY_OVERAGE, "USD", "0.5000"),
    ],
    service=[
        charge("service", NEW, PLAIN, "EUR", "12.3456"),  # at the rate of the month before
        charge("service", OLD, PLAIN, "GBP", "-4.4444"),
    ],
    register=[
        charge("register", NEW, PLAIN, "GBP", "9.8765"),
        charge("register", OLD, NAMELESS, "EUR", "2.5000"),
    ],
    rate=[
        rate(NEW, "GBP", "1.23456789"),
        rate(OLD, "GBP", "1.11111111"),
        rate(NEW, "GBP", "3.00000000", to="EUR"),
        rate(OLD, "EUR", "0.98765432"),
        rate(NEW, "CHF", "0.50000000"),
        rate(NEW, "gbp", "0.70000000"),
        rate(NEW, "USD", "2.00000000"),
        rate(OLD, "JPY", "335.397005355"),  # as a DOUBLE: a 5 in the ninth decimal, in binary a little less
    ],
    mapping=[
        mapping(PLAIN, "old group", "old name", "2000-01-01", None),
        mapping(PLAIN, "new group", "new name", "2016-06-01", None),
        mapping(ODD, "last day", "odd", f"{NEW}-31", f"{NEW}-31"),
        mapping(BIG, None, "big", None, f"{NEW}-01"),
    ],
)

EXPECTED = in_order(row.texts() for row in build(TELLING, MONTHS, 1))
"""What main must hold of it, but for the columns that name the run."""

LATE = (
    "INSERT INTO mnaas.usage_overage_charge BY NAME SELECT * REPLACE (1.25 AS charge) "
    "FROM mnaas.usage_overage_charge WHERE currency = 'CHF' LIMIT 1"
)
"""A row that arrives while the job is at work."""
