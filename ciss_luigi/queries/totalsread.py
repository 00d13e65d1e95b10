"""Reads the engine's answers to the totals queries, and says where they differ from a marker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ciss_luigi.billing.oddrows import OddPart, OddRows, by_table
from ciss_luigi.billing.rates import Rate, RateMonths, Rates
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import CHARGE_SOURCES, CHARGES
from ciss_luigi.billing.totals import (
    Build,
    Key,
    MonthTotals,
    SourceTotals,
    SummaryTotals,
    check_rows,
    compare_months,
    month_totals,
)
from ciss_luigi.engines.base import Row
from ciss_luigi.state.markers import Marker

_CHARGE_OF = dict(zip((table.role for table in CHARGE_SOURCES), CHARGES, strict=True))


def read_source_totals(rows: Iterable[Row]) -> dict[Key, SourceTotals]:
    """Read the answer to ``source_totals.sql``: the four sources of a month and currency together.

    Rows that belong to no month are left to ``read_odd_register``.
    """
    found: dict[Key, SourceTotals] = {}
    for role, month, currency, source_rows, billable_subs, charge, unfit, _ in rows:
        if month is None:
            continue
        # (charge - charge is a zero with as many decimals as the charge has)
        charges = dict.fromkeys(CHARGES, charge - charge) | {_CHARGE_OF[role]: charge}
        wrong = {role: int(unfit)} if unfit else {}
        one = SourceTotals(int(source_rows), int(billable_subs), charges, wrong)
        key = (month, currency)
        found[key] = found[key].plus(one) if key in found else one
    return found


def read_odd_register(rows: Iterable[Row]) -> list[OddPart]:
    """Read the register's rows that belong to no month from the answer to ``source_totals.sql``."""
    return [
        OddPart(role, currency, int(count), charge, value)
        for role, month, currency, count, _, charge, _, value in rows
        if month is None
    ]


def read_odd_rows(
    register: Iterable[OddPart], others: Iterable[Row], names: Mapping[str, str]
) -> tuple[OddRows, ...]:
    """The odd rows of every table: the register's, and those in ``others``, the answer to ``odd_rows.sql``.

    ``names`` are the tables' names by role.
    """
    parts = [OddPart(row[0], row[1], int(row[2]), row[3], row[4]) for row in others]
    return by_table([*register, *parts], names)


def read_summary_totals(rows: Iterable[Row]) -> dict[Key, SummaryTotals]:
    """Read the answer to ``summary_totals.sql``."""
    return {(row[0], row[1]): _summary(row) for row in rows}


def _summary(row: Row) -> SummaryTotals:
    # by position: the order is that of the columns in summary_totals.sql
    return SummaryTotals(
        rows=int(row[2]),
        source_rows=_int(row[3]),
        billable_subs=_int(row[4]),
        charges=dict(zip(CHARGES, row[5:9], strict=True)),
        total_charge=row[9],
        total_charge_usd=row[10],
        rows_with_null=int(row[11]),
        rows_with_wrong_sum=int(row[12]),
        rows_with_wrong_usd=int(row[13]),
        rate_months=(row[14], row[15]),
        rates=(row[16], row[17]),
        as_of_dates=(row[18], row[19]),
        run_ids=(row[20], row[21]),
    )


def _int(value: Any) -> int | None:
    return None if value is None else int(value)


def read_newest(rows: Iterable[Row], months: Iterable[Month]) -> dict[Month, str | None]:
    """Read main's newest as_of_date from the answer to ``before_merge``. Months without rows are left out."""
    by_name = {str(month): month for month in months}
    return {by_name[name]: newest for name, _, newest in rows if name in by_name}


def read_unmapped(rows: Iterable[Row], months: Iterable[Month]) -> int:
    """Read how many customers are unmapped in any of some months from the answer to ``before_merge``.

    A span names its first and its last month; a run has two months at most, so these are all of them.
    """
    wanted = {str(month) for month in months}
    return sum(
        int(customers)
        for kind, customers, span in rows
        if kind == "unmapped" and not wanted.isdisjoint((span or "").split())
    )


def read_rates(rows: Iterable[Row]) -> dict[tuple[str, str], Rate]:
    """Read the answer to ``rates.sql``: the rates to USD by month and currency."""
    return {
        (month, currency or ""): Rate(low, high, int(unusable), example)
        for month, currency, low, high, unusable, example in rows
    }


def read_rate_months(rows: Iterable[Row]) -> RateMonths:
    """Read the answer to ``check_rates.sql``: the texts in the month column of the rates, by currency."""
    found: dict[str, list[str]] = {}
    for currency, month in rows:
        found.setdefault(currency or "", []).append(month or "")
    return found


_IS_ANY = ("any rate", "any mapping")


@dataclass(frozen=True)
class Others:
    """The answer to ``rates_and_odd_rows.sql``."""

    rates: Rates
    odd_rows: list[Row]
    """Rows as ``odd_rows.sql`` answers them."""
    any_rate: bool
    """Whether the rate table has any row."""
    any_mapping: bool
    """Whether the mapping table has any row."""


def read_rates_and_odd_rows(rows: Iterable[Row]) -> Others:
    """Read the answer to ``rates_and_odd_rows.sql``; the first column of a row says what kind it is."""
    rates, odd, there = [], [], set()
    for kind, month, currency, low, high, count, amount, example in rows:
        if kind == "rates":
            rates.append((month, currency, low, high, count, example))
        elif kind in _IS_ANY:
            there.add(kind)
        else:
            odd.append((kind, currency, count, amount, example))
    return Others(read_rates(rates), odd, *(kind in there for kind in _IS_ANY))


def month_differences(
    built: Marker, expected: Sequence[MonthTotals], found: Mapping[Key, SummaryTotals], sides: tuple[str, str]
) -> list[str]:
    """Differences between the rows found and the rows that the build wrote, one line each.

    ``built`` is BuildTemp's marker; ``expected`` are the months that must be there. A month that is there and
    not expected is a difference, too. ``sides`` are the words for expected and found.
    """
    wanted = {month.month: month for month in expected}
    strange = dict.fromkeys(month for month, _ in found if month not in wanted)
    have = month_totals(found, [Month.parse(month) for month in wanted])
    build = Build(built.run_id, str(built.date))
    differences = compare_months(expected, have, sides)
    differences += [f"{month}: {sides[0]} does not have this month" for month in strange]
    return differences + [text for key, row in found.items() for text in check_rows(key, row, build)]
