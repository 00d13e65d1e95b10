"""The exact sums of a month's rows by customer, currency and kind of charge, and what they were before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from ciss_luigi.billing.mapping import UNMAPPED
from ciss_luigi.billing.totals import MonthTotals
from ciss_luigi.engines.base import Row
from ciss_luigi.operator.report import Customers, Report
from ciss_luigi.queries.reports import COLUMNS

UNKNOWN = "UNKNOWN"
ZERO = Decimal("0.0000")
KINDS = ("subscription_charge", "overage_charge", "service_charge", "register_charge")
_EXACT = Context(prec=80)
_AT = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True)
class CustomerFigure:
    """One customer's month in US dollars, and what it was before; None if that is not known."""

    org_id: str
    name: str
    usd: Decimal
    month_before: Decimal
    run_before: Decimal | None


@dataclass(frozen=True)
class CurrencyFigure:
    """One currency's month: rows, subscriptions, charges in that currency, and the total in US dollars."""

    currency: str
    rows: int
    source_rows: int
    subscriptions: int
    kinds: Mapping[str, Decimal]
    kinds_usd: Mapping[str, Decimal]
    total: Decimal
    usd: Decimal
    rates: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True)
class Control:
    """A control total: main's rows added up now, and what the run's marker says."""

    currency: str
    what: str
    main: Decimal | int
    marker: Decimal | int | None

    @property
    def is_apart(self) -> bool:
        """Whether the marker is known and says something else."""
        return self.marker is not None and self.marker != self.main


def total_usd(rows: Iterable[Row]) -> Decimal:
    """The sum of some rows in US dollars, with 4 decimals."""
    return _sum(row[_AT["total_charge_usd"]] for row in rows)


def customers(report: Report) -> list[CustomerFigure]:
    """Every customer of the month and of the month before, the largest first."""
    usd: dict[str, Decimal] = defaultdict(lambda: ZERO)
    names: dict[str, str] = {}
    for row in report.rows:
        usd[row[0]] = _EXACT.add(usd[row[0]], row[_AT["total_charge_usd"]] or ZERO)
        names[row[0]] = names.get(row[0]) or row[1] or ""
    before: Customers = report.month_before
    run = report.run_before
    known = [*usd, *(one for one in {**before, **(run.customers if run else {})} if one not in usd)]
    found = [
        CustomerFigure(
            one,
            names.get(one) or report.earlier_names.get(one, ""),
            usd.get(one, ZERO),
            before.get(one, ZERO),
            run.customers.get(one, ZERO) if run else None,
        )
        for one in known
    ]
    return sorted(found, key=lambda one: (-one.usd, one.org_id))


def currencies(rows: Sequence[Row]) -> list[CurrencyFigure]:
    """Each currency, the one with the largest sum in US dollars first."""
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[row[_AT["currency"]] or ""].append(row)
    return sorted((_currency(name, of) for name, of in parts.items()), key=lambda one: -one.usd)


def _currency(name: str, rows: Sequence[Row]) -> CurrencyFigure:
    rates = sorted({(row[_AT["rate_month"]] or "", row[_AT["conversion_rate"]] or ZERO) for row in rows})
    return CurrencyFigure(
        name,
        len(rows),
        sum(int(row[_AT["source_rows"]] or 0) for row in rows),
        sum(int(row[_AT["billable_subs"]] or 0) for row in rows),
        {kind: _sum(row[_AT[kind]] for row in rows) for kind in KINDS},
        {kind: _converted(rows, kind) for kind in KINDS},
        _sum(row[_AT["total_charge"]] for row in rows),
        total_usd(rows),
        rates,
    )


def _converted(rows: Sequence[Row], kind: str) -> Decimal:
    """A kind of charge in US dollars, not rounded row by row: for pictures, not for accounts."""
    place, rate = _AT[kind], _AT["conversion_rate"]
    return _sum(_EXACT.multiply(row[place] or ZERO, row[rate] or ZERO) for row in rows)


def unmapped(rows: Sequence[Row]) -> list[Row]:
    """The rows without an offer group or without a customer, unit or offer; the largest first."""
    keys = (_AT["org_id"], _AT["business_unit"], _AT["commercial_offer"])
    group, usd = _AT["contract_offer_group"], _AT["total_charge_usd"]
    found = [row for row in rows if row[group] == UNMAPPED or any(row[key] == UNKNOWN for key in keys)]
    return sorted(found, key=lambda row: -abs(row[usd] or ZERO))


def controls(report: Report, found: Sequence[CurrencyFigure]) -> list[Control]:
    """Main's sums against the marker of its run, by currency; one that only the marker has is told, too."""
    month = _of_marker(report)
    by_name = {one.currency: one for one in found}
    lost = [name for name in (month.totals if month else ()) if name not in by_name]
    everyone = [*found, *(_currency(name, ()) for name in lost)]
    return [control for one in everyone for control in _controls(one, month)]


def _controls(one: CurrencyFigure, month: MonthTotals | None) -> Iterator[Control]:
    pairs: list[tuple[str, Decimal | int]] = [("billable_subs", one.subscriptions), *one.kinds.items()]
    pairs += [("total_charge", one.total), ("total_charge_usd", one.usd)]
    for what, value in pairs:
        amounts = month.totals.get(one.currency) if month else None
        nothing = None if month is None else 0
        yield Control(one.currency, what, value, getattr(amounts, what) if amounts else nothing)


def _of_marker(report: Report) -> MonthTotals | None:
    months = report.marker.months if report.marker else ()
    return next((one for one in months if one.month == str(report.month)), None)


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    total = ZERO
    for value in values:
        if value is not None:
            total = _EXACT.add(total, value)
    return total
