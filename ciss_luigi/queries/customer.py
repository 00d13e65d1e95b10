"""The queries about one customer, as SQL text. Their number does not depend on how much the customer has.

The names of customers are the only texts from outside that become part of a statement; each engine's dialect
quotes them (``Dialect.text``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import Statements
from ciss_luigi.sql.files import built_in, fill


@dataclass(frozen=True)
class Customer:
    """Whom a question is about; a part that is None stands for all."""

    org_id: str
    business_unit: str | None = None
    commercial_offer: str | None = None
    currency: str | None = None


@dataclass(frozen=True)
class CustomerStatements:
    """The statements about one customer in some months, as SQL text."""

    names: Statements
    customer: Customer
    months: Sequence[Month]

    def main(self) -> str:
        """Ask for the customer's rows of main."""
        return self._asked("customer_main", {**self._main, **self._who("currency")})

    def known(self) -> str:
        """Ask for all customers of main: needed when the one that was asked for is not among them."""
        return self._asked("customer_names", self._main)

    def charges(self, largest: int | None) -> str:
        """Ask for the customer's charges: of each key and kind at least the ``largest`` rows; None: all.

        Identical rows are returned once, with their number.
        """
        limit = "" if largest is None else f"\nWHERE place <= {largest}"
        return self._asked("customer_charges", {**self._who("currency"), **self._sources, "limit": limit})

    def sums(self) -> str:
        """Ask for the sums of the customer's charges, by kind and key."""
        return self._asked("customer_sums", {**self._who("currency"), **self._sources})

    def mapping(self) -> str:
        """Ask for the customer's mapping rows."""
        return self._asked("customer_mapping", {**self._who(), **self._sources})

    @property
    def _main(self) -> dict[str, str]:
        return {"main": self.names.main, "month_column": self.names.month_column}

    @property
    def _sources(self) -> dict[str, str]:
        return {table.role: self.names.source(table.role) for table in schema.SOURCES}

    def _who(self, *more: str) -> dict[str, str]:
        """SQL for the customer's id, and for the conditions that narrow it down."""
        names = ("business_unit", "commercial_offer", *more)
        parts = {name: getattr(self.customer, name) for name in names}
        text = self.names.dialect.text
        narrower = [f" AND {name} = {text(value)}" for name, value in parts.items() if value is not None]
        return {"org": text(self.customer.org_id), "more": "".join(narrower)}

    def _asked(self, name: str, values: dict[str, str]) -> str:
        months = ", ".join(f"'{month}'" for month in self.months)
        return tagged(fill(built_in(name), {"months": months, **values}), "explain")
