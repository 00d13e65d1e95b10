"""The tables of the job: names, columns, types (docs/tables.md).

Types are written in a way that all engines accept (``STRING`` is DuckDB's alias of ``VARCHAR``).
"""

from __future__ import annotations

from dataclasses import dataclass

MONEY = "DECIMAL(18,4)"
RATE = "DECIMAL(18,8)"
COUNT = "BIGINT"
TEXT = "STRING"


@dataclass(frozen=True)
class Column:
    """One column: its name and its SQL type."""

    name: str
    type: str = TEXT


@dataclass(frozen=True)
class Table:
    """One table. ``role`` is what the code and the settings call it, whatever name a site gives it."""

    role: str
    default_name: str
    columns: tuple[Column, ...]
    partitions: tuple[Column, ...] = ()

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Its columns in the order that ``SELECT *`` gives: the partition columns come last."""
        return self.columns + self.partitions


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


_KEY = _text("org_id", "business_unit", "commercial_offer")

BILLABLE = Table(
    "billable",
    "billable_sub_with_charge_and_limit",
    (
        *_KEY,
        *_text("subscription_id", "currency"),
        Column("billable_subs", COUNT),
        Column("charge", MONEY),
        *_text("usage_limit", "limit_unit"),
    ),
    _text("partition_date"),
)
OVERAGE = Table(
    "overage",
    "usage_overage_charge",
    (*_KEY, *_text("usage_date", "currency"), Column("charge", MONEY)),
    _text("partition_date"),
)
SERVICE = Table(
    "service",
    "service_based_charges",
    (*_KEY, *_text("service_name", "service_date", "currency"), Column("charge", MONEY)),
    _text("partition_date"),
)
REGISTER = Table(
    "register",
    "sebs_chn_dtl_invce_reg",
    (*_text("invoice_no", "line_no", "invoice_date"), *_KEY, *_text("currency"), Column("amount", MONEY)),
)
RATES = Table(
    "rate",
    "gbs_curr_avgconv_rate",
    (*_text("cal_month", "from_curr", "to_curr"), Column("avg_conv_rate", RATE)),
)
MAPPING = Table(
    "mapping",
    "bl_cust_bu_co_cogrp_mapping",
    _text(
        "org_id",
        "org_name",
        "business_unit",
        "commercial_offer",
        "contract_offer_group",
        "co_mapping_start_date",
        "co_mapping_end_date",
    ),
)

CHARGE_SOURCES = (BILLABLE, OVERAGE, SERVICE, REGISTER)
SOURCES = (*CHARGE_SOURCES, RATES, MAPPING)

CHARGES = ("subscription_charge", "overage_charge", "service_charge", "register_charge")
"""Main's columns of charges, in the order of ``CHARGE_SOURCES``: they are paired by position."""

SUMMARY_COLUMNS = (
    *_text("org_id", "org_name", "business_unit", "commercial_offer", "contract_offer_group", "currency"),
    Column("billable_subs", COUNT),
    Column("source_rows", COUNT),
    *(Column(name, MONEY) for name in CHARGES),
    Column("total_charge", MONEY),
    Column("rate_month"),
    Column("conversion_rate", RATE),
    Column("total_charge_usd", MONEY),
    *_text("as_of_date", "run_id"),
)
