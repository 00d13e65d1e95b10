"""Control totals: what the sources, temp and main must agree on, and where they do not (docs/tables.md).

The engine sums, Python only compares. Amounts are exact decimals with 4 decimals, in the currency of their
rows; ``total_charge_usd`` is in US dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import CHARGES
from ciss_luigi.counting import counted
from ciss_luigi.plaintext import printable

Key = tuple[str, str | None]
"""Month and currency. A blank currency is a fault, but it has totals to show. (A month can be NULL, too.)"""


@dataclass(frozen=True)
class Build:
    """The run id and the run date (``YYYY-MM-DD``) of one build: every row that it wrote has both."""

    run_id: str
    as_of_date: str


@dataclass(frozen=True)
class SourceTotals:
    """What the four charge sources hold for one month and currency."""

    source_rows: int
    billable_subs: int
    charges: Mapping[str, Decimal]
    """The sum of each source, by the name of its column in main (``schema.CHARGES``)."""

    unfit: Mapping[str, int] = field(default_factory=dict)
    """How many numbers do not fit the columns of main, by the role of their source."""

    def plus(self, other: SourceTotals) -> SourceTotals:
        """The totals of both together."""
        charges = {name: self.charges[name] + other.charges[name] for name in CHARGES}
        return SourceTotals(
            self.source_rows + other.source_rows,
            self.billable_subs + other.billable_subs,
            charges,
            {**self.unfit, **other.unfit},
        )


@dataclass(frozen=True)
class SummaryTotals:
    """What temp or main holds for one month and currency, and what is wrong with its rows.

    A sum is None if all values are NULL. A pair is the lowest and the highest value of all rows; they must be
    equal.
    """

    rows: int
    source_rows: int | None
    billable_subs: int | None
    charges: Mapping[str, Decimal | None]
    """The sums of the four charges, by the names of their columns (``schema.CHARGES``)."""

    total_charge: Decimal | None
    total_charge_usd: Decimal | None
    rows_with_null: int
    """Rows that have a NULL where none may be: in a number column, rate_month, as_of_date or run_id."""

    rows_with_wrong_sum: int
    """Rows whose total_charge is not the sum of their charges."""

    rows_with_wrong_usd: int
    """Rows whose total_charge_usd is not total_charge x conversion_rate, rounded."""

    rate_months: tuple[str | None, str | None]
    rates: tuple[Decimal | None, Decimal | None]
    """Dollars for one unit of the currency, with 8 decimals."""

    as_of_dates: tuple[str | None, str | None]
    run_ids: tuple[str | None, str | None]


class Amounts(NamedTuple):  # frozen dataclasses are slower to make; three years of nights have 10,000
    """A marker's totals for one currency in one month.

    Charges are in that currency, ``total_charge_usd`` is in US dollars; all have 4 decimals.
    """

    billable_subs: int
    subscription_charge: Decimal
    overage_charge: Decimal
    service_charge: Decimal
    register_charge: Decimal
    total_charge: Decimal
    total_charge_usd: Decimal

    def to_json(self) -> dict[str, str]:
        """The form that a marker keeps: decimals as strings, so that no reader makes floats of them."""
        return {name: in_digits(getattr(self, name)) for name in AMOUNTS}

    @classmethod
    def from_json(cls, values: Mapping[str, str]) -> Amounts:
        """Read what ``to_json`` wrote; raises KeyError or ArithmeticError for anything else."""
        subs, *charges = (Decimal(values[name]) for name in AMOUNTS)
        return cls(int(subs), *charges)


AMOUNTS = Amounts._fields
"""The names of a marker's totals, in their order."""


@dataclass(frozen=True)
class MonthTotals:
    """What temp or main holds for one month, as a marker keeps it; ``totals`` are by currency."""

    month: str
    rows: int
    source_rows: int
    totals: Mapping[str, Amounts]

    def in_usd(self) -> Decimal | None:
        """The month's total in US dollars, with 4 decimals; None where only its rows are known.

        That is so with ``loader = java``: the old classes' main has columns of its own.
        """
        if self.rows and not self.totals:
            return None
        return sum((one.total_charge_usd for one in self.totals.values()), Decimal("0.0000"))

    def to_json(self) -> dict[str, Any]:
        """The form that a marker keeps and ``--json`` prints; decimals as strings."""
        totals = {currency: amounts.to_json() for currency, amounts in self.totals.items()}
        return {
            "month": self.month, "rows": self.rows, "source_rows": self.source_rows, "totals": totals
        }  # fmt: skip


def in_digits(value: Decimal | int | str | None) -> str:
    """A number in plain digits; ``str`` writes ``0E-8`` for a zero with eight decimals."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def month_totals(summary: Mapping[Key, SummaryTotals], months: Iterable[Month]) -> tuple[MonthTotals, ...]:
    """The totals of some months in the form that a marker keeps; a month without rows has zeros."""
    return tuple(_one_month(str(month), summary) for month in months)


def _one_month(month: str, summary: Mapping[Key, SummaryTotals]) -> MonthTotals:
    # A NULL currency must not look like one that is called None. ('' is in no marker: it fails the build.)
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
    """Every difference between the sources and temp, one line each with both sides; empty if they agree.

    ``build``: the one that must have written temp's rows.
    """
    nothing = SourceTotals(0, 0, dict.fromkeys(CHARGES, Decimal(0)))
    differences = []
    for key in _sorted({*sources, *temp}):
        source = sources.get(key, nothing)
        if key not in temp:
            differences.append(f"{_place(key)}: sources hold {counted(source.source_rows, 'row')}, temp none")
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
    """Errors within the rows of temp or main, one line each; the sources are not asked."""
    place = _place(key)
    found = [
        f"{place}: {counted(count, 'row')} with {what}"
        for count, what in (
            (
                row.rows_with_null,
                "NULL in a number column (a number did not fit), rate_month, as_of_date or run_id",
            ),
            (row.rows_with_wrong_sum, "a total_charge that is not the sum of its charges"),
            (row.rows_with_wrong_usd, "a total_charge_usd that is not total_charge x conversion_rate"),
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
            f"{place}: total_charge is {in_digits(row.total_charge)}, its charges sum to {in_digits(charges)}"
        )
    return found


def compare_months(
    expected: Sequence[MonthTotals], found: Sequence[MonthTotals], sides: tuple[str, str]
) -> list[str]:
    """Every difference between the totals of some months, one line each with both sides.

    ``sides`` are the words for where ``expected`` and ``found`` come from, such as ("temp", "main").
    """
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
    pairs = zip(AMOUNTS, left, right, strict=True)
    return _unequal(_place((want.month, currency)), pairs, sides)


def _unequal(place: str, pairs: Iterable[tuple[str, object, object]], sides: tuple[str, str]) -> list[str]:
    return [
        f"{place}: {name} is {in_digits(left)} in {sides[0]}, {in_digits(right)} in {sides[1]}"  # type: ignore[arg-type]
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
