"""What the source tables hold, for any date: months, rows that belong to no month, rates."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from decimal import Decimal

from ciss_luigi.billing import schema
from ciss_luigi.billing.oddrows import OddPart
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import Table
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session
from ciss_luigi.operator.checks.findings import FILL, Group
from ciss_luigi.queries import totalsread
from ciss_luigi.queries.statements import Statements

NEWEST = 4


def check_months(group: Group, session: Session, statements: Statements, table: Table) -> list[OddPart]:
    """Say how many rows a charge source has for its newest months; returns the rows of no month."""
    settings = statements.settings
    name = settings.source(table.role)
    months: dict[str, int] = {}
    odd = []
    for month, currency, count, amount, example in session.query(statements.months_held(table)):
        if month is None:
            odd.append(OddPart(table.role, currency, int(count), Decimal(amount), example))
        else:
            months[month] = months.get(month, 0) + int(count)
    if months:
        group.ok(f"{name}: {_newest(months)}")
    else:
        needed = table.role in settings.required_sources
        (group.warn if needed else group.note)(f"{name} has no row for any month", FILL)
    return odd


def check_odd_rows(
    group: Group, session: Session, statements: Statements, register: Iterable[OddPart]
) -> None:
    """Say which rows no run uses; ``register`` are the register's. A fault if ``odd_rows`` is ``fail``."""
    settings = statements.settings
    names = {table.role: settings.source(table.role) for table in schema.SOURCES}
    for one in totalsread.read_odd_rows(register, session.query(statements.odd_rows()), names):
        remedy = f"correct {one.column} of these rows"
        if settings.odd_rows == "fail":
            group.fault(f"{one}; odd_rows = fail refuses every run", remedy)
        else:
            group.warn(str(one), remedy)


def _newest(months: dict[str, int]) -> str:
    newest = sorted(months, reverse=True)[:NEWEST]
    older = len(months) - len(newest)
    listed = ", ".join(f"{month} {rows_of(months[month])}" for month in reversed(newest))
    return f"{listed}" + (f" (and {counted(older, 'older month')})" if older else "")


def check_rates(group: Group, session: Session, statements: Statements) -> None:
    """Say which months the rates to USD cover."""
    name = statements.settings.source("rate")
    covered: dict[str, set[Month]] = {}
    for currency, text in session.query(statements.rates_held()):
        with suppress(ValueError):  # of no month: check_odd_rows says so
            covered.setdefault(str(currency), set()).add(Month.parse(text or ""))
    if not any(covered.values()):
        group.warn(f"{name} has no rate to USD", FILL)
    for currency, months in sorted(covered.items()):
        if months:
            group.ok(f"{name}: {currency!r} -> USD for {spans(months)}")


def rows_of(number: int) -> str:
    """A number of rows in words."""
    return counted(number, "row")


def spans(months: Collection[Month]) -> str:
    """Months in words; those without a gap are one span: ``2016-05 to 2017-07``."""
    found: list[list[Month]] = []
    for month in sorted(months):
        if found and found[-1][-1] == month.minus(1):
            found[-1].append(month)
        else:
            found.append([month])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in found)
