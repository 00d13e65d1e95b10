"""One figure of main and everything behind it: charges, rate, mapping row, arithmetic, and what main says.

Computed again in exact decimals, by the rules of ``docs/tables.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import islice, repeat
from typing import NamedTuple

from ciss_luigi.billing.charges import KINDS, ZERO, Charges, SourceRow
from ciss_luigi.billing.mapping import Choice, MappingRow, choose
from ciss_luigi.billing.rates import RateChoice, Rates, explain_rate, months_used, rate_faults
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.totals import in_digits
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Row

_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
"""80 digits hold every product of two DECIMALs of 38; Python's usual 28 would round it beforehand."""
_CENT = Decimal("0.0001")


class FigureKey(NamedTuple):
    """What identifies a row of main, in addition to the customer."""

    month: str
    business_unit: str
    commercial_offer: str
    currency: str


@dataclass(frozen=True)
class MainRow:
    """A row of main: its key, and its other columns by name."""

    key: FigureKey
    columns: Mapping[str, Decimal | int | str | None]

    @classmethod
    def of(cls, row: Row) -> MainRow:
        """Read a row of ``customer_main.sql``."""
        values = dict(zip(_MAIN, row, strict=True))
        parts = (
            values["month_year"],
            values["business_unit"],
            values["commercial_offer"],
            values["currency"],
        )
        return cls(FigureKey(*(part or "" for part in parts)), values)  # keys are sorted, and None cannot be


_MAIN = (
    *("month_year", "org_id", "org_name", "business_unit", "commercial_offer", "contract_offer_group"),
    *("currency", "billable_subs", "source_rows"),
    *(f"{kind}_charge" for kind in KINDS),
    *("total_charge", "rate_month", "conversion_rate", "total_charge_usd", "as_of_date", "run_id"),
)


@dataclass(frozen=True)
class Difference:
    """A column in which main and the present sources differ."""

    column: str
    main: str
    sources: str


@dataclass(frozen=True)
class Figure:
    """One row of main, explained; ``main`` is None for a key that only the sources have so far."""

    key: FigureKey
    charges: Mapping[str, Charges]
    rate: RateChoice
    mapping: Choice
    main: MainRow | None
    rate_faults: tuple[str, ...] = ()
    """The faulty rates, also of other currencies, with which no run of the month goes on."""
    differences: tuple[Difference, ...] = field(default=())

    @property
    def total_charge(self) -> Decimal:
        """The four charges together, in the key's currency."""
        return sum((self.charges[kind].sum for kind in KINDS), ZERO)

    @property
    def next_run_fails(self) -> bool:
        """Whether a run of the month would fail for its rates."""
        is_missing = self.rate.rate is None and any(one.rows for one in self.charges.values())
        return is_missing or bool(self.rate_faults)

    @property
    def product(self) -> Decimal | None:
        """total_charge x conversion_rate in US dollars, exact; None without a rate."""
        return None if self.rate.rate is None else _EXACT.multiply(self.total_charge, self.rate.rate)

    @property
    def total_charge_usd(self) -> Decimal | None:
        """The product in US dollars, rounded to 4 decimals, half away from zero; None without a rate."""
        return None if self.product is None else self.product.quantize(_CENT, context=_EXACT)


@dataclass(frozen=True)
class CustomerSources:
    """The answers of the sources."""

    sums: Sequence[Row]
    charges: Sequence[Row]
    rates: Rates
    mapping: Sequence[Row]
    fallback_months: int
    largest: int | None = None
    """How many rows of a kind to show, the largest first; None: all."""


def figures(main: Sequence[MainRow], sources: CustomerSources) -> Iterator[Figure]:
    """Every key that main or the sources hold, in order."""
    charges = _charges(sources)
    rows = _mapping(sources.mapping)
    in_main = {row.key: row for row in main}
    for key in sorted({*in_main, *charges}):
        month = Month.parse(key.month)
        made = Figure(
            key,
            {kind: charges.get(key, {}).get(kind, Charges()) for kind in KINDS},
            explain_rate(sources.rates, month, key.currency, sources.fallback_months),
            choose(rows.get(key[1:3], ()), month),
            in_main.get(key),
            tuple(rate_faults(sources.rates, map(str, months_used([month], sources.fallback_months)))),
        )
        yield replace(made, differences=tuple(_differences(made)))


def _charges(sources: CustomerSources) -> dict[FigureKey, dict[str, Charges]]:
    """The sums and the largest rows, by key and kind."""
    largest: dict[tuple[FigureKey, str], list[Row]] = defaultdict(list)
    for month, unit, offer, currency, kind, *row in sources.charges:
        largest[FigureKey(month, unit, offer, currency or ""), kind].append(tuple(row))
    found: dict[FigureKey, dict[str, Charges]] = defaultdict(dict)
    for month, unit, offer, currency, kind, count, amount, subs in sources.sums:
        key = FigureKey(month, unit, offer, currency or "")
        rows = islice(_copied(sorted(largest[key, kind], key=_by_size)), sources.largest)
        found[key][kind] = Charges(int(count), amount, int(subs), tuple(map(_source_row, rows)))
    return found


def _copied(rows: Iterable[Row]) -> Iterator[Row]:
    """Each row as often as there is one like it: the last value says how often that is."""
    for row in rows:
        yield from repeat(row, int(row[5]))


def _by_size(row: Row) -> tuple[Decimal, list[str]]:
    """A sort key: the largest amount first, whatever its sign; then the texts that identify the row."""
    return -abs(row[4] or ZERO), [text or "" for text in row[:3]]


def _source_row(row: Row) -> SourceRow:
    return SourceRow((row[0], row[1], row[2]), None if row[3] is None else int(row[3]), row[4])


def _mapping(rows: Sequence[Row]) -> dict[tuple[str, str], list[MappingRow]]:
    found: dict[tuple[str, str], list[MappingRow]] = defaultdict(list)
    for unit, offer, group, name, start, end in rows:
        found[unit, offer].append(MappingRow(group, name, start, end))
    return found


def _differences(figure: Figure) -> Iterator[Difference]:
    """Where main does not say what the sources say now."""
    if figure.main is None:
        yield Difference(
            "row", "none", counted(sum(one.rows for one in figure.charges.values()), "source row")
        )
        return
    have = figure.main.columns
    for column, value in _expected(figure).items():
        if have[column] != value:
            yield Difference(column, in_digits(have[column]), "none" if value is None else in_digits(value))


def _expected(figure: Figure) -> dict[str, Decimal | int | str | None]:
    charges = figure.charges
    if not any(charges[kind].rows for kind in KINDS):
        return {"source_rows": 0}
    return {
        "org_name": figure.mapping.name,
        "contract_offer_group": figure.mapping.group,
        "source_rows": sum(charges[kind].rows for kind in KINDS),
        "billable_subs": charges["subscription"].billable_subs,
        **{f"{kind}_charge": charges[kind].sum for kind in KINDS},
        "total_charge": figure.total_charge,
        "rate_month": figure.rate.month,
        "conversion_rate": figure.rate.rate,
        "total_charge_usd": figure.total_charge_usd,
    }
