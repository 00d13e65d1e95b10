"""What the refusals of the job say: the reasons of the reference, all and no others; which checks spoke."""

from __future__ import annotations

import re

from ciss_luigi.errors import BillingFault, SourcesMissing, StatementFailed, TotalsDiffer
from tests.reference import (
    BLANK_CURRENCY,
    CONTRADICTORY_RATES,
    DOES_NOT_FIT,
    MISSING_RATE,
    NO_SOURCE_ROWS,
    UNUSABLE_RATE,
    ReferenceFault,
)

_WORDS = {
    BLANK_CURRENCY: "{month}: a charge has the blank currency",
    MISSING_RATE: "no {named} rate for {month}",
    CONTRADICTORY_RATES: "{month}: two different rates {currency} -> USD",
    UNUSABLE_RATE: "{month}: the rate {currency} -> USD is ",
}
_NO_NUMBER = (
    "Could not cast",  # a sum or product beyond its DECIMAL: the engine refuses,
    "value is out of range",  # in these words or those
    "with NULL in a number column",  # a count beyond BIGINT: NULL, and so the totals refuse
)


def assert_same_reasons(fault: ReferenceFault, error: BaseException) -> None:
    """The error is of the class, and names every table, month and currency, that the reference names."""
    if fault.kinds == {NO_SOURCE_ROWS}:
        _assert_missing_sources(fault, error)
    elif fault.kinds == {DOES_NOT_FIT}:
        assert isinstance(error, StatementFailed | TotalsDiffer), error
        assert any(words in str(error) for words in _NO_NUMBER), error
    else:
        _assert_billing_faults(fault, error)


def _assert_missing_sources(fault: ReferenceFault, error: BaseException) -> None:
    assert isinstance(error, SourcesMissing), error
    for one in fault.faults:
        table, _, month = one.partition(": ")[2].partition(" in ")
        assert f"mnaas.{table}" in str(error)
        assert month in str(error) or month == "any month"


def _assert_billing_faults(fault: ReferenceFault, error: BaseException) -> None:
    assert isinstance(error, BillingFault), error
    listed = [line.removeprefix("  - ") for line in str(error).split("\n") if line.startswith("  - ")]
    expected = {_words(one) for one in fault.faults if not one.startswith(DOES_NOT_FIT)}
    # Where the only rate is unusable there is none to take: the job may say that too.
    allowed = {_words(one.replace(UNUSABLE_RATE, MISSING_RATE)).partition(" for ")[0] for one in fault.faults}
    for words in expected:
        assert any(line.startswith(words) for line in listed), (words, listed)
    for line in listed:
        assert line.startswith(tuple(expected)) or line.startswith(tuple(allowed)), line


def _words(fault: str) -> str:
    """How the job begins to say a fault of the reference."""
    kind, _, rest = fault.partition(": ")
    currency, _, month = rest.rpartition("in ")
    quoted = currency.strip()
    named = quoted.strip("'") if re.fullmatch("'[A-Za-z0-9]+'", quoted) else quoted
    return _WORDS.get(kind, fault).format(month=month, currency=quoted, named=named)


CHECKS = {
    "missing": r"sources hold [0-9]+ rows?, temp none$",
    "source_rows": r"source_rows is .* in sources, .* in temp$",
    "billable_subs": r"billable_subs is .* in sources, .* in temp$",
    "charges": r"(subscription|overage|service|register)_charge is .* in sources, .* in temp$",
    "nulls": r"[0-9]+ rows? with NULL in a number column .*, rate_month, as_of_date or run_id$",
    "sum": r"[0-9]+ rows? with a total_charge that is not the sum of its charges$",
    "usd": r"[0-9]+ rows? with a total_charge_usd that is not total_charge x conversion_rate$",
    "total": r"total_charge is .*, its charges sum to .*$",
    "rate": r"converted at .*, the rules say .*$",
    "run_id": r"rows of run .*, not .*$",
    "as_of_date": r"rows as of .*, not .*$",
}


def checks_named(error: str) -> set[str]:
    """Which checks speak in an error; a line that none of them says stands for itself."""
    lines = [line.removeprefix("  - ") for line in error.split("\n") if line.startswith("  - ")]
    return {next((name for name, words in CHECKS.items() if re.search(words, line)), line) for line in lines}
