"""Odd rows: source rows that belong to no month, and mapping rows that no run uses (docs/tables.md).

They are in no estimate. So every run counts them, warns of them, and keeps what it found in its marker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.billing.totals import in_digits
from ciss_luigi.counting import counted
from ciss_luigi.plaintext import printable

_COLUMNS = {
    schema.REGISTER.role: "invoice_date",
    schema.RATES.role: "cal_month",
    schema.MAPPING.role: "co_mapping_start_date or co_mapping_end_date",
}
_FATE = {
    schema.RATES.role: ("is never used", "are never used"),
    schema.MAPPING.role: ("is not used", "are not used"),
}
_IN_NO_ESTIMATE = ("is in no estimate", "are in no estimate")
_EXAMPLE_CHARACTERS = 40


@dataclass(frozen=True)
class OddRows:
    """The odd rows of one source table: how many, what they sum to, and the value of one of them."""

    role: str
    """The table's role, as ``schema.Table`` names it."""

    table: str
    """The table's name with its database."""

    rows: int
    amounts: Mapping[str, Decimal]
    """The sum for each currency, with 4 decimals, a NULL currency as ''.

    Empty for rates and mapping, which have no amounts.
    """

    example: str | None
    """The value that makes one of them odd; None for NULL."""

    def __str__(self) -> str:
        """One sentence: what is odd, how much of it, and what becomes of it."""
        one = self.rows == 1
        fate = _FATE.get(self.role, _IN_NO_ESTIMATE)[not one]
        sums = ", ".join(
            f"{in_digits(amount)} '{printable(currency)}'" for currency, amount in self.amounts.items()
        )
        return (
            f"{self.table}: {counted(self.rows, 'row')} {'has' if one else 'have'} an invalid "
            f"{self.column} ({'' if one else 'such as '}{self._shown}) and {fate}"
            + (f": {sums}" if sums else "")
        )

    @property
    def column(self) -> str:
        """The column that makes them odd."""
        return _COLUMNS.get(self.role, "partition_date")

    @property
    def _shown(self) -> str:
        if self.example is None:
            return "NULL"
        return f"'{printable(self.example[:_EXAMPLE_CHARACTERS])}'"

    def to_json(self) -> dict[str, Any]:
        """The form that a marker keeps; decimals as strings."""
        amounts = {currency: in_digits(amount) for currency, amount in self.amounts.items()}
        return {
            "source": self.role, "table": self.table, "rows": self.rows, "amounts": amounts,
            "example": self.example,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OddRows:
        """Read what ``to_json`` wrote; further keys are ignored.

        Raises ValueError, KeyError, TypeError or ArithmeticError for anything else.
        """
        amounts = {currency: Decimal(amount) for currency, amount in values["amounts"].items()}
        found = cls(values["source"], values["table"], values["rows"], amounts, values["example"])
        texts = (found.role, found.table, found.example or "", *values["amounts"].values())
        if type(found.rows) is not int or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"{values!r} are not odd rows")
        # written again it must be the same text: 1E+3 is a decimal, but no marker of ours has it so
        if any(values[key] != value for key, value in found.to_json().items()):
            raise ValueError(f"{values!r} are not odd rows")
        return found


@dataclass(frozen=True)
class OddPart:
    """Odd rows of one source and currency, as an engine counts them.

    ``amount`` is their sum in that currency, with 4 decimals; it is 0 for rates and mapping, which have no
    amounts. ``example`` is the value that makes one of them odd.
    """

    role: str
    currency: str | None
    rows: int
    amount: Decimal
    example: str | None


def by_table(parts: Iterable[OddPart], names: Mapping[str, str]) -> tuple[OddRows, ...]:
    """The odd rows of each table that has any, in the order of ``schema.SOURCES``.

    ``names`` are the tables' names by role.
    """
    listed = [part for part in parts if part.rows]
    roles = [table.role for table in schema.SOURCES if any(part.role == table.role for part in listed)]
    return tuple(_together(role, names[role], [p for p in listed if p.role == role]) for role in roles)


def _together(role: str, table: str, parts: Sequence[OddPart]) -> OddRows:
    amounts: dict[str, Decimal] = {}
    if role not in _FATE:
        for part in sorted(parts, key=lambda part: part.currency or ""):
            currency = part.currency or ""
            amounts[currency] = amounts.get(currency, Decimal("0.0000")) + part.amount
    examples = sorted(part.example for part in parts if part.example is not None)
    return OddRows(role, table, sum(part.rows for part in parts), amounts, examples[0] if examples else None)
