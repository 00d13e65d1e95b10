"""``ciss explain --json``: the same facts as a document; amounts are strings, keys are only ever added."""

from __future__ import annotations

from typing import Any

from ciss_luigi.billing.charges import Charges, SourceRow
from ciss_luigi.billing.mapping import MappingRow
from ciss_luigi.billing.totals import in_digits
from ciss_luigi.operator.explain import Explanation
from ciss_luigi.operator.figures import Figure
from ciss_luigi.queries.customer import Customer

FORMAT = 1

DETAILS = {
    "subscription": ("subscription_id", "usage_limit", "limit_unit"),
    "overage": ("usage_date", "", ""),
    "service": ("service_name", "service_date", ""),
    "register": ("invoice_no", "line_no", "invoice_date"),
}
"""The names of the three texts that identify a source row, by kind of charge; empty if it has fewer."""


def document(found: Explanation) -> dict[str, Any]:
    """An explanation as JSON values."""
    return {
        "format": FORMAT,
        "months": [str(month) for month in found.months],
        "own_rules": found.own_rules or None,
        "rows": [_row(found.customer, figure) for figure in found.figures],
    }


def _row(customer: Customer, figure: Figure) -> dict[str, Any]:
    rate, mapping, main = figure.rate, figure.mapping, figure.main
    return {
        "month": figure.key.month,
        "org_id": customer.org_id,
        "business_unit": figure.key.business_unit,
        "commercial_offer": figure.key.commercial_offer,
        "currency": figure.key.currency,
        "charges": {kind: _charges(kind, of) for kind, of in figure.charges.items()},
        "rate": {
            "rate": _number(rate.rate),
            "rate_month": rate.month,
            "why": rate.why,
            "passed_over": [
                {"rate_month": month, "rate": _number(other), "why": why}
                for month, other, why in rate.passed_over
            ],
        },
        "mapping": {
            "contract_offer_group": mapping.group,
            "org_name": mapping.name,
            "chosen": _mapping(mapping.chosen) if mapping.chosen else None,
            "why": mapping.why,
            "passed_over": [{**_mapping(one.row), "why": one.why} for one in mapping.passed_over],
        },
        "arithmetic": {
            "total_charge": in_digits(figure.total_charge),
            "product": _number(figure.product),
            "total_charge_usd": _number(figure.total_charge_usd),
        },
        "now": {
            "agrees": not figure.differences,
            "next_run_fails": figure.next_run_fails,
            "rate_faults": list(figure.rate_faults),
            "as_of_date": main.columns["as_of_date"] if main else None,
            "run_id": main.columns["run_id"] if main else None,
            "differences": [
                {"column": one.column, "main": one.main, "sources": one.sources} for one in figure.differences
            ],
        },
    }


def _charges(kind: str, charges: Charges) -> dict[str, Any]:
    return {
        "sum": in_digits(charges.sum),
        "rows": charges.rows,
        "source_rows": [_source_row(kind, row) for row in charges.largest],
    }


def _source_row(kind: str, row: SourceRow) -> dict[str, Any]:
    named = {name: text for name, text in zip(DETAILS[kind], row.details, strict=True) if name}
    counted = {"billable_subs": row.billable_subs} if kind == "subscription" else {}
    return {**named, **counted, "amount": _number(row.amount)}


def _mapping(row: MappingRow) -> dict[str, Any]:
    return {
        "contract_offer_group": row.group,
        "org_name": row.name,
        "co_mapping_start_date": row.start,
        "co_mapping_end_date": row.end,
    }


def _number(value: Any) -> str | None:
    return None if value is None else in_digits(value)
