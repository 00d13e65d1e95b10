"""Mutants of the billing rules: what is changed in ``build.sql``, and which checks must see it.

``ONLY_A_REFERENCE`` are faults that no total can see, because every sum stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from ciss_luigi.sql.files import built_in


@dataclass(frozen=True)
class Mutant:
    """One change of the text, and the checks that must name it."""

    name: str
    old: str
    new: str
    caught_by: frozenset[str] = frozenset()

    @property
    def sql(self) -> str:
        """The changed rules; fails when the text to change does not stand there exactly once."""
        text = built_in("build")
        assert text.count(self.old) == 1, f"{self.name}: {self.old!r} occurs {text.count(self.old)} times"
        return text.replace(self.old, self.new)


def _mutant(name: str, old: str, new: str, *caught_by: str) -> Mutant:
    return Mutant(name, old, new, frozenset(caught_by))


_USD = "ROUND(CAST(total_charge AS DECIMAL(19,4)) * conversion_rate, 4)"
_CUT_OFF = (
    "CAST(FLOOR(CAST(total_charge AS DECIMAL(19,4)) * conversion_rate * 10000) / 10000 AS DECIMAL(18,4))"
)
_USD_CAST = f"CAST({_USD}\n            AS DECIMAL(18,4)) AS total_charge_usd"
_RATE_TEXT = "MAX(CAST(CAST(avg_conv_rate AS STRING) AS DECIMAL(18,8)))"
_RATES, _MAPPING = (f"(SELECT * FROM ranked_{name} WHERE choice = 1)" for name in ("rates", "mapping"))
_END = "month_year\nFROM priced"
_ZERO = "COALESCE(SUM({0}), CAST(0 AS DECIMAL({1})))"
_WHERE_ZERO = "WHERE org_id = 'zero'"
_SOME = "CASE WHEN org_id <> 'zero' THEN {0} END"

ROWS = (
    _mutant("rates are joined, not left joined", f"LEFT JOIN {_RATES}", f"JOIN {_RATES}",
            "missing"),
    _mutant("the mapping is joined, not left joined", f"LEFT JOIN {_MAPPING}", f"JOIN {_MAPPING}",
            "missing", "source_rows", "charges"),
    _mutant("the mapping multiplies", _MAPPING, "(SELECT * FROM ranked_mapping)",
            "source_rows", "billable_subs", "charges"),
    _mutant("rates multiply", _RATES, "(SELECT * FROM ranked_rates)",
            "source_rows", "billable_subs", "charges", "rate"),
    _mutant("billable is dropped", "FROM {billable}\n    WHERE", "FROM {billable}\n    WHERE 1 = 0 AND",
            "missing", "source_rows", "billable_subs", "charges"),
    _mutant("overage is dropped", "FROM {overage}\n    WHERE", "FROM {overage}\n    WHERE 1 = 0 AND",
            "missing", "source_rows", "charges"),
    _mutant("service is dropped", "FROM {service}\n    WHERE", "FROM {service}\n    WHERE 1 = 0 AND",
            "missing", "source_rows", "charges"),
    _mutant("register is dropped", "FROM {register}\n    WHERE", "FROM {register}\n    WHERE 1 = 0 AND",
            "source_rows", "charges"),
    _mutant("a source counts twice", "FROM {service}\n    WHERE",
            "FROM (SELECT * FROM {service} UNION ALL SELECT * FROM {service}) twice\n    WHERE",
            "source_rows", "charges"),
    _mutant("a NULL key is lost", "    FROM charges\n", "    FROM charges\n    WHERE org_id IS NOT NULL\n",
            "missing"),
    _mutant("UNION, not UNION ALL", "UNION ALL\n    SELECT SUBSTR(invoice_date, 1, 7)",
            "UNION\n    SELECT SUBSTR(invoice_date, 1, 7)",
            "source_rows", "billable_subs", "charges"),
    _mutant("equal rows count once", "keyed AS (\n    SELECT ", "keyed AS (\n    SELECT DISTINCT ",
            "source_rows", "billable_subs", "charges"),
    _mutant("rows without an amount are left out", "FROM {billable}\n    WHERE",
            "FROM {billable}\n    WHERE charge IS NOT NULL AND",
            "source_rows"),
    _mutant("credits are left out", "FROM {service}\n    WHERE", "FROM {service}\n    WHERE charge >= 0 AND",
            "source_rows", "charges"),
    _mutant("a row is dropped", _END, f"{_END}\nWHERE org_id <> 'big'",
            "source_rows", "billable_subs", "charges"),
    _mutant("a row of nothing but zeros is dropped", _END, f"{_END}\nWHERE org_id <> 'zero'",
            "source_rows"),
    _mutant("a row of nothing but zeros is doubled", _END,
            f"month_year\nFROM (SELECT * FROM priced UNION ALL SELECT * FROM priced {_WHERE_ZERO}) twice",
            "source_rows"),
    _mutant("a month is another", _END, "REPLACE(month_year, '17-01', '17-02') AS month_year\nFROM priced",
            "missing", "source_rows", "billable_subs", "charges"),
    _mutant("a row has no month", _END, "NULLIF(month_year, '2017-01') AS month_year\nFROM priced",
            "missing", "source_rows", "billable_subs", "charges"),
    _mutant("currencies are folded", "           currency, billable_subs,\n           subscription_charge",
            "           UPPER(currency) AS currency, billable_subs,\n           subscription_charge",
            "missing", "source_rows", "charges"),
    _mutant("no currency", "       currency,\n       CASE WHEN billable_subs",
            "       NULLIF(currency, 'CHF') AS currency,\n       CASE WHEN billable_subs",
            "missing", "source_rows", "charges"),
)  # fmt: skip
"""Rows lost, multiplied or in the wrong place."""

NUMBERS = (
    _mutant("a charge stands in another's column", "CAST(overage_charge AS DECIMAL(18,4)) AS overage_charge",
            "CAST(service_charge AS DECIMAL(18,4)) AS overage_charge",
            "charges", "sum", "total"),
    _mutant("charges rounded to cents", "CAST(charge AS DECIMAL(18,4)) AS subscription_charge",
            "CAST(ROUND(charge, 2) AS DECIMAL(18,4)) AS subscription_charge",
            "charges"),
    _mutant("two totals are wrong, their sum is not", "+ summed.register_charge AS",
            "+ summed.register_charge + CASE summed.org_id"
            " WHEN 'no amount' THEN 1 WHEN 'no count' THEN -1 ELSE 0 END AS",
            "sum"),
    _mutant("total_charge misses a charge", "+ summed.service_charge + summed.register_charge AS",
            "+ summed.service_charge AS",
            "sum", "total"),
    _mutant("a sum of no amounts is NULL", _ZERO.format("overage_charge", "18,4"), "SUM(overage_charge)",
            "nulls", "sum", "usd"),
    _mutant("a sum of no counts is NULL", _ZERO.format("billable_subs", "19,0"), "SUM(billable_subs)",
            "nulls"),
    _mutant("counts are cut to 32 bits", "THEN CAST(billable_subs AS BIGINT) END",
            "THEN CAST(billable_subs % 4294967296 AS BIGINT) END",
            "billable_subs"),
    _mutant("the rate is doubled", _RATE_TEXT, f"CAST(2 * {_RATE_TEXT} AS DECIMAL(18,8))", "rate"),
    _mutant("the rate is off by its last digit", _RATE_TEXT,
            f"CAST({_RATE_TEXT} + CAST(0.00000001 AS DECIMAL(18,8)) AS DECIMAL(18,8))",
            "rate"),
    _mutant("the oldest rate, not the newest", "ORDER BY known.cal_month DESC", "ORDER BY known.cal_month",
            "rate"),
    _mutant("rates to any currency", "WHERE to_curr = 'USD' AND", "WHERE", "rate"),
    _mutant("a dollar is not a dollar", "THEN CAST(1 AS DECIMAL(18,8))", "THEN CAST(2 AS DECIMAL(18,8))",
            "rate"),
    _mutant("no rate_month", "       rate_month,\n", "       NULL AS rate_month,\n", "nulls", "rate"),
    _mutant("no rate_month on one row", "       rate_month,\n",
            f"       {_SOME.format('rate_month')} AS rate_month,\n",
            "nulls"),
    _mutant("no rate", "       conversion_rate,\n", "       NULL AS conversion_rate,\n",
            "nulls", "usd", "rate"),
    _mutant("dollars rounded to cents", _USD, _USD.replace(", 4)", ", 2)"), "usd"),
    _mutant("dollars cut off", _USD, _CUT_OFF,
            "usd"),
    _mutant("dollars as binary fractions", _USD,
            "ROUND(CAST(total_charge AS DOUBLE) * CAST(conversion_rate AS DOUBLE), 4)",
            "usd"),
    _mutant("the rate is applied twice", _USD, _USD.replace("rate", "rate * conversion_rate"), "usd"),
    _mutant("dollars not converted", _USD, "total_charge", "usd"),
    _mutant("no dollars", _USD_CAST, "CAST(NULL AS DECIMAL(18,4)) AS total_charge_usd", "nulls", "usd"),
    _mutant("no dollars on one row", _USD_CAST,
            _SOME.format(_USD_CAST.removesuffix(" AS total_charge_usd")) + " AS total_charge_usd",
            "nulls", "usd"),
)  # fmt: skip
"""Numbers that are wrong."""

SIGNATURES = (
    _mutant("another run_id", "'{run_id}' AS run_id", "'another' AS run_id", "run_id"),
    _mutant("another run_id on one row", "'{run_id}' AS run_id",
            "CASE WHEN org_id = 'zero' THEN 'another' ELSE '{run_id}' END AS run_id",
            "run_id"),
    _mutant("no run_id on one row", "'{run_id}' AS run_id", _SOME.format("'{run_id}'") + " AS run_id",
            "nulls"),
    _mutant("another as_of_date", "'{run_date}' AS as_of_date", "'2017-01-04' AS as_of_date", "as_of_date"),
    _mutant("no as_of_date", "'{run_date}' AS as_of_date", "NULL AS as_of_date", "nulls", "as_of_date"),
    _mutant("no as_of_date on one row", "'{run_date}' AS as_of_date",
            _SOME.format("'{run_date}'") + " AS as_of_date",
            "nulls"),
)  # fmt: skip
"""Rows that say they are of another run."""

CAUGHT = (*ROWS, *NUMBERS, *SIGNATURES)

ONLY_A_REFERENCE = (
    _mutant("keys are trimmed and folded", "month_year,\n           CASE WHEN org_id >= '!' THEN org_id",
            "month_year,\n           CASE WHEN org_id >= '!' THEN LOWER(TRIM(org_id))"),
    _mutant("money stands with another customer", "SELECT org_id,\n       COALESCE(org_name, '')",
            "SELECT REPLACE(org_id, 'org 1', 'org 2') AS org_id,\n       COALESCE(org_name, '')"),
    _mutant("of several mapping rows the oldest", "mapped.start_date DESC", "mapped.start_date"),
    _mutant("a mapping row that begins on the last day is ignored", "mapped.start_date <= months.last_day",
            "mapped.start_date < months.last_day"),
    _mutant("a mapping row that ends on the first day is ignored", "mapped.end_date >= months.first_day",
            "mapped.end_date > months.first_day"),
    _mutant("a blank group stays blank", "ELSE 'UNMAPPED' END AS contract_offer_group",
            "ELSE contract_offer_group END AS contract_offer_group"),
    _mutant("a name is NULL", "COALESCE(org_name, '') AS org_name", "org_name"),
    _mutant("half of the last digit goes down", _USD,
            f"CASE WHEN currency = 'CHF' THEN {_CUT_OFF} ELSE {_USD} END"),
)  # fmt: skip
"""No sum changes; a half rounded the other way is still within half a digit."""
