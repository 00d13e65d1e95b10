"""A made-up warehouse of any size, the same every time.

Two months of N billable rows each, of which the run builds the second; a tenth as many rows of each other
charge source. Among the keys are NULL and blank ones, among the amounts NULL ones and credits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATE = RunDate.parse("2016-11-22")
DATABASE = "mnaas"
_SHARE_OF_KEYS = {"few": 0.1, "many": 0.43}

_KEY = """
       'GB-council-' || key % 9973 AS org_id,
       CASE WHEN key % 50 = 7 THEN NULL WHEN key % 1000 = 8 THEN '  '
            ELSE 'Business unit ' || key % 17 END AS business_unit,
       'Supplier ' || key % 997 || ' / Telephone line rental ' || key AS commercial_offer"""
_CHARGE = """
       (['GBP', 'GBP', 'USD', 'EUR', 'SEK'])[1 + key % 5] AS currency,
       CASE WHEN row_number % 100 <> 3
            THEN CAST(CAST(row_number * 7919 % 99999989 - 4000000 AS DECIMAL(14,0))
                      * CAST(0.0001 AS DECIMAL(4,4)) AS DECIMAL(18,4)) END AS charge"""


@dataclass(frozen=True)
class Size:
    """Billable rows a month, and how many keys they have: ``few`` or ``many``."""

    rows: int
    keys: str = "few"

    @property
    def key_count(self) -> int:
        """How many keys occur, which is about how many rows the result has."""
        return max(1, int(self.rows * _SHARE_OF_KEYS[self.keys]))


def make(path: Path, size: Size) -> None:
    """Write a DuckDB file with the six source tables, and without main and temp."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE SCHEMA {DATABASE}")
        for table in schema.SOURCES:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.all_columns)
            connection.execute(f"CREATE TABLE {_name(table)} ({columns})")
        for month in (DATE.month.minus(1), DATE.month):
            for table, query in _charges(month, size):
                _insert(connection, table, query)
        _insert(connection, schema.RATES, _rates(DATE.month))
        _insert(connection, schema.MAPPING, _mapping(size))


def _insert(connection: DuckDBPyConnection, table: schema.Table, query: str) -> None:
    connection.execute(f"INSERT INTO {_name(table)} BY NAME {query}")


def _name(table: schema.Table) -> str:
    return f"{DATABASE}.{table.default_name}"


def _charges(month: Month, size: Size) -> Iterator[tuple[schema.Table, str]]:
    """The four charge sources of one month; every source has the same keys, in another order than rows."""
    rows, tenth = _numbered(size.rows, size.key_count), _numbered(size.rows // 10, size.key_count)
    day = f"'{month}-' || CAST(10 + row_number % 18 AS STRING)"
    yield (
        schema.BILLABLE,
        f"""SELECT {_KEY}, {_CHARGE}, '{month}' AS partition_date,
                   's' || row_number AS subscription_id, '10' AS usage_limit, 'GB' AS limit_unit,
                   CASE WHEN row_number % 20 <> 0 THEN row_number % 5 END AS billable_subs
            FROM ({rows})""",
    )
    yield (
        schema.OVERAGE,
        f"SELECT {_KEY}, {_CHARGE}, {day} AS usage_date, '{month}' AS partition_date FROM ({tenth})",
    )
    yield (
        schema.SERVICE,
        f"""SELECT {_KEY}, {_CHARGE}, {day} AS service_date, 'roaming' AS service_name,
                   '{month}' AS partition_date FROM ({tenth})""",
    )
    yield (
        schema.REGISTER,
        f"""SELECT * RENAME (charge AS amount)
            FROM (SELECT {_KEY}, {_CHARGE}, {day} AS invoice_date, 'n' || row_number AS invoice_no,
                         '1' AS line_no FROM ({tenth}))""",
    )


def _numbered(rows: int, keys: int) -> str:
    return f"SELECT range AS row_number, range * 7919 % {keys} AS key FROM range({rows})"


def _rates(month: Month) -> str:
    """Rates of both months; SEK has only the earlier one, to fall back on."""
    known = [(month, "GBP", "1.24346678"), (month, "EUR", "1.07989545")]
    known += [(month.minus(1), name, "0.11340000") for name in ("GBP", "EUR", "SEK")]
    values = ", ".join(f"('{when}', '{name}', 'USD', {rate})" for when, name, rate in known)
    return f"SELECT * FROM (VALUES {values}) known(cal_month, from_curr, to_curr, avg_conv_rate)"


def _mapping(size: Size) -> str:
    """Nine keys of ten have a row; one of twenty has another one, which ended before."""
    row = f"SELECT {_KEY}, 'Council ' || key AS org_name, 'Group ' || key % 50 AS contract_offer_group"
    keys = f"(SELECT range AS key FROM range({size.key_count}))"
    return f"""
        {row}, CAST(NULL AS STRING) AS co_mapping_start_date, CAST(NULL AS STRING) AS co_mapping_end_date
        FROM {keys} WHERE key % 10 <> 0
        UNION ALL
        {row}, '2012-01-01', '2015-12-31' FROM {keys} WHERE key % 20 = 1"""
