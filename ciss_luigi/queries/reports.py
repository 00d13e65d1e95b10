"""The queries of the report on a month, as SQL text. Their number does not depend on how much main holds."""

from __future__ import annotations

from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import MONTH, TEMP_PARTITION, Statements
from ciss_luigi.sql.files import built_in, fill

COLUMNS = (
    *("org_id", "org_name", "business_unit", "commercial_offer", "contract_offer_group", "currency"),
    *("billable_subs", "source_rows"),
    *("subscription_charge", "overage_charge", "service_charge", "register_charge", "total_charge"),
    *("rate_month", "conversion_rate", "total_charge_usd", "as_of_date", "run_id"),
)
"""The columns of ``report_rows.sql``, in order."""


@dataclass(frozen=True)
class ReportStatements:
    """The statements of a report on a month, as SQL text."""

    names: Statements
    month: Month

    def rows(self) -> str:
        """Ask for main's rows of the month."""
        values = {"main": self.names.main, "month_column": self.names.month_column, "month": str(self.month)}
        return tagged(fill(built_in("report_rows"), values), "report")

    def customers(self, month: Month) -> str:
        """Ask for a month's totals in main, by customer."""
        return self._customers(self.names.main, f"{self.names.month_column} = '{month}'")

    def customers_of_run(self, run_date: str, run_id: str) -> str:
        """Ask for the month's totals by customer in an earlier run; no rows if temp no longer holds it."""
        is_run = f"run_id = {self.names.dialect.text(run_id)}"
        where = f"{TEMP_PARTITION} = '{run_date}' AND {MONTH} = '{self.month}' AND {is_run}"
        return self._customers(self.names.temp, where)

    def _customers(self, table: str, where: str) -> str:
        return tagged(fill(built_in("report_customers"), {"table": table, "where": where}), "report")
