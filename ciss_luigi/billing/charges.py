"""One key's charges of one kind: the rows that make a sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

KINDS = ("subscription", "overage", "service", "register")
"""The kinds of charges, as main's columns name them: ``subscription_charge`` and so on."""

ZERO = Decimal("0.0000")


@dataclass(frozen=True)
class SourceRow:
    """One source row: three texts that name it, its count of subscriptions, its amount; None is NULL."""

    details: tuple[str | None, str | None, str | None]
    billable_subs: int | None
    amount: Decimal | None


@dataclass(frozen=True)
class Charges:
    """All source rows of one kind: how many, their sum, their subscriptions; the largest rows themselves."""

    rows: int = 0
    sum: Decimal = ZERO
    billable_subs: int = 0
    largest: tuple[SourceRow, ...] = ()
