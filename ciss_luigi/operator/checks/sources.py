"""What the source tables hold, whatever the date: months, rows that belong to none, rates."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import Table
from ciss_luigi.engines.base import Row, Session
from ciss_luigi.operator.checks.findings import FILL, Group
from ciss_luigi.queries.statements import Statements

NEWEST = 4


def check_months(group: Group, session: Session, statements: Statements, table: Table) -> None:
    """Say how many rows one charge source holds of its newest months, and of no month at all."""
    settings = statements.settings
    name = settings.source(table.role)
    rows = session.query(statements.months_held(table))
    months: dict[str, int] = {}
    for month, _, count, _ in rows:
        if month is not None:
            months[month] = months.get(month, 0) + int(count)
    if months:
        group.ok(f"{name}: {_newest(months)}")
    else:
        needed = table.role in settings.required_sources
        (group.warn if needed else group.note)(f"{name} has no row of any month", FILL)
    strays = [row for row in rows if row[0] is None]
    if strays:
        column = "invoice_date" if table is schema.REGISTER else "partition_date"
        group.warn(
            f"{name}: {rows_of(sum(int(row[2]) for row in strays))} of no month, which no run uses: "
            + "; ".join(map(_stray, sorted(strays, key=lambda row: str(row[1])))),
            f"correct their {column}",
        )


def _stray(row: Row) -> str:
    _, currency, count, amount = row
    return f"{rows_of(int(count))}, {format(Decimal(amount), 'f')} {currency!r}"


def _newest(months: dict[str, int]) -> str:
    newest = sorted(months, reverse=True)[:NEWEST]
    older = len(months) - len(newest)
    listed = ", ".join(f"{month} {rows_of(months[month])}" for month in reversed(newest))
    return f"{listed}" + (f" (and {older} older months)" if older else "")


def check_rates(group: Group, session: Session, statements: Statements) -> None:
    """Say which months the rates to USD cover."""
    name = statements.settings.source("rate")
    covered: dict[str, set[Month]] = {}
    strays: set[str] = set()
    for currency, text in session.query(statements.rates_held()):
        try:
            covered.setdefault(str(currency), set()).add(Month.parse(text or ""))
        except ValueError:
            strays.add(str(text))
    if not any(covered.values()):
        group.warn(f"{name} has no rate to USD", FILL)
    for currency, months in sorted(covered.items()):
        if months:
            group.ok(f"{name}: {currency!r} -> USD for {spans(months)}")
    if strays:
        group.warn(f"{name}: rates of no month are never used: cal_month {_few(strays)}")


def rows_of(number: int) -> str:
    """A number of rows in words."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def spans(months: Collection[Month]) -> str:
    """Months without gaps written as one span: ``2016-05 to 2017-07``."""
    found: list[list[Month]] = []
    for month in sorted(months):
        if found and found[-1][-1] == month.minus(1):
            found[-1].append(month)
        else:
            found.append([month])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in found)


def _few(texts: Iterable[str], most: int = 5) -> str:
    listed = sorted(texts)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(map(repr, listed[:most])) + more
