"""The questions to the source tables, as SQL text: are they ready, their totals, rates and odd rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ciss_luigi.billing import rates, schema
from ciss_luigi.billing.rundate import Month
from ciss_luigi.queries.named import named
from ciss_luigi.queries.names import Names, literals
from ciss_luigi.sql.files import built_in, fill

# Added to the scan of the register that its totals need anyway: a separate scan would cost twice as much
_OR_NO_MONTH = """
   OR CASE WHEN TRANSLATE(SUBSTR(invoice_date, 1, 7), '123456789', '000000000') = '0000-00'
            AND SUBSTR(invoice_date, 6, 2) >= '01' AND SUBSTR(invoice_date, 6, 2) <= '12'
           THEN 0 ELSE 1 END = 1"""


@dataclass(frozen=True)
class SourceQuestions(Names):
    """The questions of one run date on one engine: SQL text that only reads."""

    @named
    def readiness(self, months: Sequence[Month]) -> list[str]:
        """Ask which sources have a row for each month, one statement a month."""
        return [self._own("readiness", {"month": str(month), **self._sources}) for month in months]

    @named
    def source_totals(self, months: Sequence[Month], *, odd: bool = False) -> list[str]:
        """Ask for the control totals of the charge sources, one statement a month.

        ``odd``: also for the register's rows that belong to no month; in the first statement only, or they
        would be counted once for each month.
        """
        return [
            self._own("source_totals", {"month": str(month), "or_no_month": extra, **self._sources})
            for month, extra in zip(months, [_OR_NO_MONTH if odd else "", *[""] * len(months)], strict=False)
        ]

    @named
    def odd_rows(self) -> str:
        """Ask for the odd rows of all sources but the register (docs/tables.md, "Odd rows")."""
        return self._own("odd_rows", self._sources)

    @named
    def rates(self, months: Sequence[Month]) -> str:
        """Ask for the rates that the run could use, and their faults."""
        return self._own("rates", self._rate_values(months))

    @named
    def rates_and_odd_rows(self, months: Sequence[Month]) -> str:
        """Ask in one statement for ``rates`` and ``odd_rows``, and for any rate and any mapping row."""
        parts = {name: fill(built_in(name), self._rate_values(months)) for name in ("rates", "odd_rows")}
        return self._own("rates_and_odd_rows", {**self._sources, **parts})

    def rate_months(self, months: Sequence[Month]) -> list[Month]:
        """The months whose rates the run could use, in order: those built, and their fallback months."""
        return rates.months_used(months, self.settings.rate_fallback_months)

    @named
    def unmapped(self, months: Sequence[Month]) -> str:
        """Ask how many keys of each month's charges have no mapping row."""
        month_rows = {"months": literals(months), "month_rows": self._month_rows(months)}
        return self._own("check_unmapped", {**month_rows, **self._sources})

    @named
    def months_held(self, table: schema.Table) -> str:
        """Ask for the rows and amounts of a charge source by month; NULL stands for no month."""
        register = table is schema.REGISTER
        values = {
            "source": self.source(table.role),
            "month": "SUBSTR(invoice_date, 1, 7)" if register else "partition_date",
            "amount": "amount" if register else "charge",
            "value": "invoice_date" if register else "partition_date",
        }
        return self._own("check_months", values)

    @named
    def rates_held(self) -> str:
        """Ask which rates to USD there are, by currency and month."""
        return self._own("check_rates", self._sources)

    def _rate_values(self, months: Sequence[Month]) -> dict[str, str]:
        return {"rate_months": literals(self.rate_months(months)), **self._sources}

    def _month_rows(self, months: Sequence[Month]) -> str:
        back = self.settings.rate_fallback_months
        return "\n    UNION ALL\n    ".join(
            f"SELECT '{month}' AS month_year, '{month.first_day}' AS first_day, "
            f"'{month.last_day}' AS last_day, '{month.minus(back)}' AS oldest_rate_month"
            for month in months
        )
