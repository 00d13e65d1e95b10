"""The rules of the money once more, in plain Python: what the main table must hold.

Written to be checked by reading, one rule per function or class, and apart from the job: nothing of
``ciss_luigi`` is imported here. Text is compared as UTF-8 bytes, money is exact decimals.
"""

from __future__ import annotations

import calendar
import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import reduce
from pathlib import Path
from typing import IO, NamedTuple

Cell = str | None
SourceRow = Mapping[str, Cell]
SourceTable = Sequence[SourceRow]

KEY = ("org_id", "business_unit", "commercial_offer")
COLUMNS: dict[str, tuple[str, ...]] = {
    "billable_sub_with_charge_and_limit": (
        "partition_date", *KEY, "subscription_id", "currency", "billable_subs", "charge", "usage_limit",
        "limit_unit",
    ),
    "usage_overage_charge": ("partition_date", *KEY, "usage_date", "currency", "charge"),
    "service_based_charges": ("partition_date", *KEY, "service_name", "service_date", "currency", "charge"),
    "sebs_chn_dtl_invce_reg": ("invoice_no", "line_no", "invoice_date", *KEY, "currency", "amount"),
    "gbs_curr_avgconv_rate": ("cal_month", "from_curr", "to_curr", "avg_conv_rate"),
    "bl_cust_bu_co_cogrp_mapping": (
        "org_id", "org_name", "business_unit", "commercial_offer", "contract_offer_group",
        "co_mapping_start_date", "co_mapping_end_date",
    ),
}  # fmt: skip
"""The columns of each source table, in the order of its file."""

TABLE_OF = dict(zip(("billable", "overage", "service", "register", "rate", "mapping"), COLUMNS, strict=True))
"""The table that plays each role."""

CHARGE_ROLES = ("billable", "overage", "service", "register")

# Enough digits for any sum or product of column values: nothing is rounded but by ``_rounded``.
EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
MONEY_LIMIT = Decimal(10) ** 14  # DECIMAL(18,4)
RATE_LIMIT = Decimal(10) ** 10  # DECIMAL(18,8)
COUNT_LIMIT = 2**63  # BIGINT

BLANK_CURRENCY = "blank currency"
MISSING_RATE = "missing rate"
CONTRADICTORY_RATES = "contradictory rates"
UNUSABLE_RATE = "unusable rate"
DOES_NOT_FIT = "does not fit"
NO_SOURCE_ROWS = "no source rows"


class ReferenceFault(Exception):
    """The run must fail, for these reasons; each begins with its kind and a colon."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults: tuple[str, ...] = tuple(sorted(set(faults)))
        super().__init__("; ".join(self.faults))

    @property
    def kinds(self) -> frozenset[str]:
        """What sorts of reasons there are, without the values."""
        return frozenset(fault.partition(":")[0] for fault in self.faults)


# ---------------------------------------------------------------------------------------- tables


@dataclass(frozen=True)
class Tables:
    """The six source tables; a cell is text, or None for NULL. '' is an empty string, not NULL."""

    billable: SourceTable = ()
    overage: SourceTable = ()
    service: SourceTable = ()
    register: SourceTable = ()
    rate: SourceTable = ()
    mapping: SourceTable = ()

    def of(self, role: str) -> SourceTable:
        """The rows of the table that plays this role."""
        table: SourceTable = getattr(self, role)
        return table


def read_tables(folder: Path) -> Tables:
    """The tables as ``<table>.csv`` or ``<table>.csv.gz`` in a folder; one without a file is empty."""
    return Tables(**{role: list(_read(folder, table)) for role, table in TABLE_OF.items()})


def _read(folder: Path, table: str) -> Iterator[SourceRow]:
    """An empty field is NULL, quoted or not: a file cannot say ''."""
    paths = [path for path in (folder / f"{table}.csv", folder / f"{table}.csv.gz") if path.exists()]
    if len(paths) > 1:
        raise ValueError(f"{table} has two files in {folder}")
    for path in paths:
        with _open(path) as file:
            for row in csv.DictReader(file, strict=True):
                yield {column: text or None for column, text in row.items()}


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8")
    return path.open(newline="", encoding="utf-8")


# ------------------------------------------------------------------------------- texts and months


def blank(cell: Cell) -> bool:
    """NULL, empty, or nothing but spaces U+0020: no other white space is blank."""
    return cell is None or cell.strip(" ") == ""


def unless_blank(cell: Cell, otherwise: str) -> str:
    """The text as it is, not trimmed; the other one for a blank."""
    return otherwise if cell is None or blank(cell) else cell


class Key(NamedTuple):
    """Whom and what a charge is for."""

    org_id: str
    business_unit: str
    commercial_offer: str

    @classmethod
    def of(cls, row: SourceRow) -> Key:
        """A blank part becomes UNKNOWN, and so one key with a literal UNKNOWN."""
        return cls(*(unless_blank(row[column], "UNKNOWN") for column in KEY))


def earlier(month: str, months: int) -> str:
    """The month so many months before."""
    year, number = (int(part) for part in month.split("-"))
    while months > 0:
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)
        months -= 1
    return f"{year:04d}-{number:02d}"


def last_day(month: str) -> str:
    """The last date of a month."""
    year, number = (int(part) for part in month.split("-"))
    return f"{month}-{calendar.monthrange(year, number)[1]:02d}"


# --------------------------------------------------------------------------------------- charges


@dataclass(frozen=True)
class Charge:
    """One row of one of the four charge sources."""

    role: str
    month: Cell
    key: Key
    currency: Cell
    amount: Decimal
    count: int

    @classmethod
    def of(cls, role: str, row: SourceRow) -> Charge:
        """A NULL amount or count counts as 0; only billable rows have a count."""
        amount = row["amount" if role == "register" else "charge"]
        count = row["billable_subs"] if role == "billable" else None
        return cls(
            role, month_of(role, row), Key.of(row), row["currency"], Decimal(amount or "0"), int(count or "0")
        )


def month_of(role: str, row: SourceRow) -> Cell:
    """The partition, or of the register the first 7 characters of the invoice date."""
    if role != "register":
        return row["partition_date"]
    date = row["invoice_date"]
    return None if date is None else date[:7]


def all_charges(tables: Tables) -> Iterator[Charge]:
    """Every row of the four sources: nothing is dropped, nothing deduplicated."""
    for role in CHARGE_ROLES:
        for row in tables.of(role):
            yield Charge.of(role, row)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum, not rounded."""
    return reduce(EXACT.add, amounts, Decimal("0.0000"))


# ----------------------------------------------------------------------------------------- rates


def _rounded(value: Decimal, places: int) -> Decimal:
    """Half away from zero (which is what decimal calls half up), and never a negative zero."""
    rounded = value.quantize(Decimal(1).scaleb(-places), context=EXACT)
    return rounded.copy_abs() if rounded.is_zero() else rounded


def usable_rate(text: str) -> Decimal | None:
    """A rate to 8 decimals through its text; None if zero, negative, no number, or too large."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) >= RATE_LIMIT:
        return None
    rate = _rounded(value, 8)
    return rate if 0 < rate < RATE_LIMIT else None


class Conversion(NamedTuple):
    """A rate to USD and the month it was taken from."""

    rate_month: str
    conversion_rate: Decimal


class RateBook:
    """The rates to USD of the months that a run could use."""

    def __init__(self, table: SourceTable, months: Sequence[str], fallback_months: int) -> None:
        self._fallback_months = fallback_months
        self._usable = {month for built in months for month in self._candidates(built)}
        self._texts: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in table:
            self._enter(row)

    def _candidates(self, month: str) -> list[str]:
        """Where a rate of this month may come from, best first."""
        return [earlier(month, back) for back in range(self._fallback_months + 1)]

    def _enter(self, row: SourceRow) -> None:
        """A NULL rate is no rate; what the table says of USD itself does not matter."""
        month, currency, rate = row["cal_month"], row["from_curr"] or "", row["avg_conv_rate"]
        if row["to_curr"] == "USD" and currency != "USD" and rate is not None and month in self._usable:
            self._texts[month, currency].add(rate)

    def faults(self) -> Iterator[str]:
        """Every unusable or contradictory rate, whether or not its currency occurs in the charges."""
        for (month, currency), texts in self._texts.items():
            values = {usable_rate(text) for text in texts}
            if None in values:
                yield f"{UNUSABLE_RATE}: {currency!r} in {month}"
            if len(values - {None}) > 1:
                yield f"{CONTRADICTORY_RATES}: {currency!r} in {month}"

    def has_rate(self, month: str, currency: str) -> bool:
        """Whether there is any rate to take, be it a good one or not."""
        return currency == "USD" or any((back, currency) in self._texts for back in self._candidates(month))

    def conversion(self, month: str, currency: str) -> Conversion | None:
        """The month's own rate, else the newest before it; none where there is none that is sound."""
        if currency == "USD":
            return Conversion(month, Decimal(1))
        for candidate in self._candidates(month):
            if (candidate, currency) in self._texts:
                rates = {usable_rate(text) for text in self._texts[candidate, currency]}
                rate = rates.pop()
                return None if rates or rate is None else Conversion(candidate, rate)
        return None


# --------------------------------------------------------------------------------------- mapping


def mapping_date(cell: Cell, if_blank: str) -> str | None:
    """The first ten characters where they are digits in the form YYYY-MM-DD; None for what is not a date."""
    if cell is None or blank(cell):
        return if_blank
    return cell[:10] if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell[:10]) else None


@dataclass(frozen=True)
class MappingRow:
    """One row of the mapping: which offer group and name a key has, and when; None for what is not a date."""

    key: Key
    start: str | None
    end: str | None
    group: str
    name: str

    @classmethod
    def of(cls, row: SourceRow) -> MappingRow:
        """A blank start is the beginning, a blank end 9999-12-31; a blank group or name is empty."""
        return cls(
            Key.of(row),
            mapping_date(row["co_mapping_start_date"], ""),
            mapping_date(row["co_mapping_end_date"], "9999-12-31"),
            unless_blank(row["contract_offer_group"], ""),
            unless_blank(row["org_name"], ""),
        )

    def touches(self, month: str) -> bool:
        """Whether any day of the month lies in it; both ends belong to it, an inverted one has no day."""
        if self.start is None or self.end is None:
            return False
        return self.start <= self.end and self.start <= last_day(month) and self.end >= f"{month}-01"

    @property
    def is_odd(self) -> bool:
        """Whether a start or end is neither blank nor a date: then no run uses the row."""
        return self.start is None or self.end is None

    @property
    def precedence(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Latest start, then latest end, then greatest group, then greatest name."""
        texts = (self.start or "", self.end or "", self.group, self.name)
        return texts[0].encode(), texts[1].encode(), texts[2].encode(), texts[3].encode()


class Offer(NamedTuple):
    """What the mapping says of a key in a month."""

    group: str
    name: str


class MappingBook:
    """The mapping, asked by key and month: it answers once, so it cannot multiply money."""

    def __init__(self, table: SourceTable) -> None:
        self._rows: dict[Key, list[MappingRow]] = defaultdict(list)
        for row in map(MappingRow.of, table):
            self._rows[row.key].append(row)

    def offer(self, key: Key, month: str) -> Offer:
        """Of the first row in precedence; UNMAPPED where there is none or its group is blank."""
        touching = [row for row in self._rows.get(key, ()) if row.touches(month)]
        if not touching:
            return Offer("UNMAPPED", "")
        chosen = max(touching, key=lambda row: row.precedence)
        return Offer(chosen.group or "UNMAPPED", chosen.name)


# -------------------------------------------------------------------------------------- odd rows


class Odd(NamedTuple):
    """The odd rows of one source: how many, and what they sum to by currency ('' for NULL)."""

    rows: int
    amounts: dict[str, Decimal]


def is_month(cell: Cell) -> bool:
    """Seven characters, digits in the form YYYY-MM, 01 to 12."""
    return cell is not None and re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", cell) is not None


def odd_rows(tables: Tables) -> dict[str, Odd]:
    """By role: rows that belong to no month, and mapping rows of which a date is none."""
    found: dict[str, Odd] = {}
    for role in CHARGE_ROLES:
        charges = [Charge.of(role, row) for row in tables.of(role) if not is_month(month_of(role, row))]
        amounts = {
            currency: exact_sum(one.amount for one in charges if (one.currency or "") == currency)
            for currency in {one.currency or "" for one in charges}
        }
        found[role] = Odd(len(charges), amounts)
    found["rate"] = Odd(sum(not is_month(row["cal_month"]) for row in tables.rate), {})
    found["mapping"] = Odd(sum(MappingRow.of(row).is_odd for row in tables.mapping), {})
    return {role: odd for role, odd in found.items() if odd.rows}


# --------------------------------------------------------------------------------------- summary


@dataclass(frozen=True)
class Row:
    """One row of the main table, without the columns that name the run."""

    month_year: str
    org_id: str
    org_name: str
    business_unit: str
    commercial_offer: str
    contract_offer_group: str
    currency: str
    billable_subs: int
    source_rows: int
    subscription_charge: Decimal
    overage_charge: Decimal
    service_charge: Decimal
    register_charge: Decimal
    total_charge: Decimal
    rate_month: str
    conversion_rate: Decimal
    total_charge_usd: Decimal

    def texts(self) -> dict[str, str]:
        """Every column as text, numbers with all decimals of their column."""
        return {field.name: _text(field.name, getattr(self, field.name)) for field in fields(self)}


def _text(column: str, value: object) -> str:
    if not isinstance(value, Decimal):
        return str(value)
    return f"{_rounded(value, 8 if column == 'conversion_rate' else 4):f}"


MONEY_COLUMNS = (
    "subscription_charge", "overage_charge", "service_charge", "register_charge", "total_charge",
    "total_charge_usd",
)  # fmt: skip


class Group(NamedTuple):
    """What makes a row of its own."""

    month: str
    key: Key
    currency: str


def build(tables: Tables, months: Sequence[str], fallback_months: int) -> list[Row]:
    """The rows of these months in the main table; a fault that names everything wrong instead.

    They come ordered by month, key and currency, as UTF-8 bytes.
    """
    charges = [charge for charge in all_charges(tables) if charge.month in months]
    groups = _grouped(charges)
    rates, mapping = RateBook(tables.rate, months, fallback_months), MappingBook(tables.mapping)
    faults = [*_currency_faults(charges, rates), *rates.faults()]
    rows = [_row(group, groups[group], rates, mapping) for group in sorted(groups, key=_bytes)]
    faults += [fault for row in rows for fault in _size_faults(row)]
    if faults:
        raise ReferenceFault(faults)
    return rows


def _grouped(charges: Iterable[Charge]) -> dict[Group, list[Charge]]:
    """One group per month, key and currency that occurs in any source."""
    groups: dict[Group, list[Charge]] = defaultdict(list)
    for charge in charges:
        groups[Group(charge.month or "", charge.key, charge.currency or "")].append(charge)
    return groups


def _bytes(group: Group) -> list[bytes]:
    return [text.encode() for text in (group.month, *group.key, group.currency)]


def _row(group: Group, charges: list[Charge], rates: RateBook, mapping: MappingBook) -> Row:
    """The sums of one group, its rate and its offer; where a rate is at fault the row is not used."""
    sums = {
        role: exact_sum(charge.amount for charge in charges if charge.role == role) for role in CHARGE_ROLES
    }
    total = exact_sum(sums.values())
    conversion = rates.conversion(group.month, group.currency) or Conversion("", Decimal(0))
    offer = mapping.offer(group.key, group.month)
    return Row(
        month_year=group.month,
        **group.key._asdict(),
        org_name=offer.name,
        contract_offer_group=offer.group,
        currency=group.currency,
        billable_subs=sum(charge.count for charge in charges),
        source_rows=len(charges),
        subscription_charge=sums["billable"],
        overage_charge=sums["overage"],
        service_charge=sums["service"],
        register_charge=sums["register"],
        total_charge=total,
        **conversion._asdict(),
        total_charge_usd=_rounded(EXACT.multiply(total, conversion.conversion_rate), 4),
    )


def _currency_faults(charges: Iterable[Charge], rates: RateBook) -> Iterator[str]:
    """A charge with a blank currency, or in one without a rate."""
    for charge in charges:
        month, currency = charge.month or "", charge.currency or ""
        if blank(currency):
            yield f"{BLANK_CURRENCY}: in {month}"
        elif not rates.has_rate(month, currency):
            yield f"{MISSING_RATE}: {currency!r} in {month}"


def _size_faults(row: Row) -> Iterator[str]:
    """A number that its column cannot hold."""
    place = f"of {(row.org_id, row.business_unit, row.commercial_offer, row.currency)!r} in {row.month_year}"
    for column in MONEY_COLUMNS:
        if abs(getattr(row, column)) >= MONEY_LIMIT:
            yield f"{DOES_NOT_FIT}: {column} {place}"
    if not -COUNT_LIMIT <= row.billable_subs < COUNT_LIMIT:
        yield f"{DOES_NOT_FIT}: billable_subs {place}"


# ------------------------------------------------------------------------------ readiness, totals


def readiness(
    tables: Tables, months_in_scope: Sequence[str], main_months: Iterable[str], required: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The months to build and those left out; a fault that names table and month if the run must wait.

    ``main_months`` are the months of which the main table holds a row.
    """
    lacking = {month: _lacking(tables, month, required) for month in months_in_scope}
    ready = [month for month in months_in_scope if not lacking[month]]
    left_out = [month for month in months_in_scope if lacking[month] and month not in set(main_months)]
    if not ready:
        left_out = []
    waiting = [month for month in months_in_scope if month not in (*ready, *left_out)]
    faults = [f"{NO_SOURCE_ROWS}: {table} in {month}" for month in waiting for table in lacking[month]]
    if not tables.rate:
        faults.append(f"{NO_SOURCE_ROWS}: {TABLE_OF['rate']} in any month")
    if faults:
        raise ReferenceFault(faults)
    return ready, left_out


def _lacking(tables: Tables, month: str, required: Sequence[str]) -> list[str]:
    """The tables that keep a month from being ready; if none is required, any of the four will do."""
    without = [
        role
        for role in required or CHARGE_ROLES
        if all(month_of(role, row) != month for row in tables.of(role))
    ]
    if not required and len(without) < len(CHARGE_ROLES):
        return []
    return [TABLE_OF[role] for role in without]


@dataclass(frozen=True)
class Totals:
    """The control totals of one month and currency."""

    rows: int
    source_rows: int
    billable_subs: int
    subscription_charge: Decimal
    overage_charge: Decimal
    service_charge: Decimal
    register_charge: Decimal
    total_charge: Decimal
    total_charge_usd: Decimal


def totals(rows: Iterable[Row]) -> dict[tuple[str, str], Totals]:
    """The totals per (month, currency); a count may exceed BIGINT here, it is not a column."""
    parts: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        parts[row.month_year, row.currency].append(row)
    return {part: _totals(members) for part, members in parts.items()}


def _totals(rows: list[Row]) -> Totals:
    return Totals(
        len(rows),
        sum(row.source_rows for row in rows),
        sum(row.billable_subs for row in rows),
        *(exact_sum(getattr(row, column) for row in rows) for column in MONEY_COLUMNS),
    )
