"""Control totals: what the sources, temp and main must agree on, and where they do not.

Plain decimals; the engine sums, Python only compares. Amounts are in the row's own currency,
``total_charge_usd`` in US dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import CHARGES
from ciss_luigi.plaintext import printable

Key = tuple[str, str | None]
"""Month and currency; a blank one is a fault, and still has totals to show. (NULL can be a month too.)"""


@dataclass(frozen=True)
class Build:
    """Whose rows they must be: run id and run date of one build."""

    run_id: str
    as_of_date: str


@dataclass(frozen=True)
class SourceTotals:
    """What the four charge sources hold of one month and currency."""

    source_rows: int
    billable_subs: int
    charges: Mapping[str, Decimal]
    unfit: Mapping[str, int] = field(default_factory=dict)
    """By source: how many of its numbers do not fit the columns that they should stand in."""

    def plus(self, other: SourceTotals) -> SourceTotals:
        """The two together."""
        charges = {name: self.charges[name] + other.charges[name] for name in CHARGES}
        return SourceTotals(
            self.source_rows + other.source_rows,
            self.billable_subs + other.billable_subs,
            charges,
            {**self.unfit, **other.unfit},
        )


@dataclass(frozen=True)
class SummaryTotals:
    """What temp or main holds of one month and currency, and what is wrong with its rows."""

    rows: int
    source_rows: int | None
    billable_subs: int | None
    charges: Mapping[str, Decimal | None]
    total_charge: Decimal | None
    total_charge_usd: Decimal | None
    rows_with_null: int
    rows_with_wrong_sum: int
    rows_with_wrong_usd: int
    rate_months: tuple[str | None, str | None]
    rates: tuple[Decimal | None, Decimal | None]
    as_of_dates: tuple[str | None, str | None]
    run_ids: tuple[str | None, str | None]


@dataclass(frozen=True)
class Amounts:
    """A marker's totals of one currency in one month."""

    billable_subs: int
    subscription_charge: Decimal
    overage_charge: Decimal
    service_charge: Decimal
    register_charge: Decimal
    total_charge: Decimal
    total_charge_usd: Decimal

    def to_json(self) -> dict[str, str]:
        """Decimals as strings, so that no reader turns them into binary fractions."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, str]) -> Amounts:
        """Read what ``to_json`` wrote; raises KeyError or ArithmeticError for anything else."""
        numbers = {field.name: Decimal(values[field.name]) for field in fields(cls)}
        return cls(**{**numbers, "billable_subs": int(numbers["billable_subs"])})  # type: ignore[arg-type]


@dataclass(frozen=True)
class MonthTotals:
    """What one month holds, as a marker keeps it."""

    month: str
    rows: int
    source_rows: int
    totals: Mapping[str, Amounts]

    def to_json(self) -> dict[str, Any]:
        """As it stands in a marker, and in the answers for programs."""
        totals = {currency: amounts.to_json() for currency, amounts in self.totals.items()}
        return {
            "month": self.month, "rows": self.rows, "source_rows": self.source_rows, "totals": totals
        }  # fmt: skip


def plain(value: Decimal | int | str | None) -> str:
    """A number in plain digits: ``str`` writes ``0E-8`` for a zero with eight decimals."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def month_totals(summary: Mapping[Key, SummaryTotals], months: Iterable[Month]) -> tuple[MonthTotals, ...]:
    """A marker's form of totals that have been proven; months without rows hold zeros."""
    return tuple(_one_month(str(month), summary) for month in months)


def _one_month(month: str, summary: Mapping[Key, SummaryTotals]) -> MonthTotals:
    # NULL must not look like a currency that is called None; no marker holds a blank one.
    mine = {currency or "": totals for (of, currency), totals in summary.items() if of == month}
    return MonthTotals(
        month,
        sum(totals.rows for totals in mine.values()),
        sum(totals.source_rows or 0 for totals in mine.values()),
        {currency: _amounts(totals) for currency, totals in sorted(mine.items())},
    )


def _amounts(totals: SummaryTotals) -> Amounts:
    zero = Decimal("0.0000")
    return Amounts(
        billable_subs=totals.billable_subs or 0,
        **{name: totals.charges[name] or zero for name in CHARGES},
        total_charge=totals.total_charge or zero,
        total_charge_usd=totals.total_charge_usd or zero,
    )


def compare_sources(
    sources: Mapping[Key, SourceTotals], temp: Mapping[Key, SummaryTotals], build: Build
) -> list[str]:
    """Every difference between the sources and temp, both sides shown; empty when they agree."""
    nothing = SourceTotals(0, 0, dict.fromkeys(CHARGES, Decimal(0)))
    differences = []
    for key in _sorted({*sources, *temp}):
        source = sources.get(key, nothing)
        if key not in temp:
            differences.append(f"{_place(key)}: sources hold {source.source_rows} rows, temp none")
            continue
        row = temp[key]
        pairs = [
            ("source_rows", source.source_rows, row.source_rows),
            ("billable_subs", source.billable_subs, row.billable_subs),
            *((name, source.charges[name], row.charges[name]) for name in CHARGES),
        ]
        differences += _unequal(_place(key), pairs, ("sources", "temp"))
        differences += check_rows(key, row, build)
    return differences


def check_rows(key: Key, row: SummaryTotals, build: Build) -> list[str]:
    """What is wrong with rows whatever the sources hold."""
    place = _place(key)
    found = [
        f"{place}: {count} rows {what}"
        for count, what in (
            (
                row.rows_with_null,
                "have no value in a number column (one did not fit it), rate_month, as_of_date or run_id",
            ),
            (row.rows_with_wrong_sum, "have a total_charge that is not the sum of its charges"),
            (row.rows_with_wrong_usd, "have a total_charge_usd that is not total_charge x conversion_rate"),
        )
        if count
    ]
    if row.run_ids != (build.run_id, build.run_id):
        found.append(f"{place}: rows of run {_either(row.run_ids)}, not {build.run_id}")
    if row.as_of_dates != (build.as_of_date, build.as_of_date):
        found.append(f"{place}: rows as of {_either(row.as_of_dates)}, not {build.as_of_date}")
    charges = sum((value for value in row.charges.values() if value is not None), Decimal())
    if row.total_charge is not None and charges != row.total_charge:
        found.append(
            f"{place}: total_charge is {plain(row.total_charge)}, its charges sum to {plain(charges)}"
        )
    return found


def compare_months(
    expected: Sequence[MonthTotals], found: Sequence[MonthTotals], sides: tuple[str, str]
) -> list[str]:
    """Every difference between two sets of months, both sides shown."""
    by_month = {month.month: month for month in found}
    differences = []
    for want in expected:
        have = by_month.get(want.month, MonthTotals(want.month, 0, 0, {}))
        pairs: list[tuple[str, object, object]] = [
            ("rows", want.rows, have.rows),
            ("source_rows", want.source_rows, have.source_rows),
        ]
        differences += _unequal(want.month, pairs, sides)
        for currency in sorted({*want.totals, *have.totals}):
            differences += _compare_amounts(want, have, currency, sides)
    return differences


def _compare_amounts(
    want: MonthTotals, have: MonthTotals, currency: str, sides: tuple[str, str]
) -> list[str]:
    left, right = want.totals.get(currency), have.totals.get(currency)
    if left is None or right is None:
        only = sides[0] if right is None else sides[1]
        return [f"{_place((want.month, currency))}: only {only} holds this currency"]
    pairs = [(field.name, getattr(left, field.name), getattr(right, field.name)) for field in fields(Amounts)]
    return _unequal(_place((want.month, currency)), pairs, sides)


def _unequal(place: str, pairs: Iterable[tuple[str, object, object]], sides: tuple[str, str]) -> list[str]:
    return [
        f"{place}: {name} is {plain(left)} in {sides[0]}, {plain(right)} in {sides[1]}"  # type: ignore[arg-type]
        for name, left, right in pairs
        if left != right
    ]


def _either(pair: tuple[str | None, str | None]) -> str:
    return " and ".join(dict.fromkeys(printable(str(one)) for one in pair))


def _place(key: Key) -> str:
    month, currency = key
    return f"{month} {currency!r}"


def _sorted(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys, key=lambda key: [(part is not None, part or "") for part in key])
