"""The charges of one key: the source rows of one kind, and their sum.

A key is month, org_id, business_unit, commercial_offer and currency (docs/tables.md, "The rules").
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

KINDS = ("subscription", "overage", "service", "register")
"""The kinds of charges, as main's columns name them: ``subscription_charge`` and so on."""

ZERO = Decimal("0.0000")


@dataclass(frozen=True)
class SourceRow:
    """One source row. None stands for NULL."""

    details: tuple[str | None, str | None, str | None]
    """Up to three columns that identify the row, such as invoice number, line and date.

    None where its kind has no such column.
    """

    billable_subs: int | None
    """How many subscriptions it counts; 0 for a kind that counts none."""

    amount: Decimal | None
    """In the row's own currency, with 4 decimals."""


@dataclass(frozen=True)
class Charges:
    """All source rows of one kind of charge."""

    rows: int = 0
    """How many there are."""

    sum: Decimal = ZERO
    """What they add up to, in the key's currency, with 4 decimals."""

    billable_subs: int = 0
    """How many subscriptions they count together."""

    largest: tuple[SourceRow, ...] = ()
    """The rows with the largest amounts, whatever their sign, the largest first."""
