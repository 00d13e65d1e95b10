"""Source columns of other types: what they hold beyond the contract's is never rounded away unseen."""

from __future__ import annotations

import pytest

from ciss_luigi.billing.schema import CHARGE_SOURCES
from ciss_luigi.errors import BillingFault, CissError
from tests.rules.harness import Bench
from tests.rules.telling import DATE, EXPECTED

NAMES = {table.role: f"mnaas.{table.default_name}" for table in CHARGE_SOURCES}
COLUMNS = [
    ("billable", "charge"),
    ("billable", "billable_subs"),
    ("overage", "charge"),
    ("service", "charge"),
    ("register", "amount"),
]


def widen(bench: Bench, role: str, column: str, kind: str, addition: str = "0") -> None:
    """Give a column another type, and add a little to each of its numbers."""
    bench.query(f"ALTER TABLE {NAMES[role]} ALTER {column} TYPE {kind}")
    bench.query(f"UPDATE {NAMES[role]} SET {column} = {column} + {addition}")


@pytest.mark.parametrize(("role", "column"), COLUMNS)
@pytest.mark.parametrize("kind", ["DECIMAL(38,6)", "DOUBLE"])
def test_what_would_be_rounded_away_fails_the_run(filled: Bench, role: str, column: str, kind: str) -> None:
    before = filled.rows()
    widen(filled, role, column, kind, "0.000049")

    with pytest.raises(BillingFault, match=f"numbers? of the {role} table would not fit: an amount is a DEC"):
        filled.run(DATE)

    assert filled.rows() == before


@pytest.mark.parametrize(("role", "column"), COLUMNS)
def test_numbers_that_fit_may_stand_in_a_wider_column(filled: Bench, role: str, column: str) -> None:
    widen(filled, role, column, "DECIMAL(38,6)")
    filled.run(DATE)
    assert filled.result() == EXPECTED


@pytest.mark.parametrize(("role", "column"), COLUMNS)
def test_numbers_as_text_fail_the_run(filled: Bench, role: str, column: str) -> None:
    before = filled.rows()
    filled.query(f"ALTER TABLE {NAMES[role]} ALTER {column} TYPE VARCHAR")

    with pytest.raises(CissError):
        filled.run(DATE)

    assert filled.rows() == before
