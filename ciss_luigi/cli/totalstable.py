"""The totals of one date as tables, and of several dates as a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from ciss_luigi.billing.schema import CHARGES
from ciss_luigi.billing.totals import MonthTotals
from ciss_luigi.cli.output import moment, one_line
from ciss_luigi.counting import counted
from ciss_luigi.operator.status import DateStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PADDING = 3
"""The width that each number, and the labels, need in addition."""

_LINES = ("billable_subs", *CHARGES, "total_charge", "total_charge_usd")


def show(out: Console, status: DateStatus) -> None:
    """Print what a date merged, or only built, month by month; and what it left alone."""
    proof = status.proof
    if proof is None:
        return
    out.print()
    done = "merged" if status.is_merged else "built, but not merged;"
    when = f" {moment(proof.finished_at.isoformat())}" if proof.finished_at else ""
    out.print(f"run {one_line(proof.run_id)}, {done}{when}", soft_wrap=True)
    for label, words in (
        ("not published (main has a newer run)", proof.superseded),
        ("not built (not all required sources had rows)", proof.left_out),
        ("sources without rows", proof.empty_sources),
    ):
        if words:
            out.print(f"{label}: {one_line(', '.join(words))}", soft_wrap=True)
    for odd in proof.odd_rows:
        out.print(one_line(str(odd)), soft_wrap=True)
    for month in status.months:
        rows, sources = counted(month.rows, "row"), counted(month.source_rows, "source row")
        out.print(f"\n{one_line(month.month)}: {rows} from {sources}")
        for table in _tables(month, out.width):
            out.print(table)


def lines(dates: Sequence[DateStatus]) -> Iterator[str]:
    """A line for each date that merged a month: months, rows, US dollars; no wider than the calendar."""
    merged = [_in_all(status) for status in dates if status.is_merged and status.months]
    if not merged:
        return
    table = [("merged", "months", "rows", "US dollars"), *merged]
    date, months, rows, dollars = (max(map(len, column)) for column in zip(*table, strict=True))
    for row in table:
        yield f"{row[0]:<{date}}  {row[1]:<{months}}  {row[2]:>{rows}}  {row[3]:>{dollars}}"


def _in_all(status: DateStatus) -> tuple[str, str, str, str]:
    months = status.months
    names = ", ".join(one_line(month.month) for month in months)
    amounts = [amount for month in months if (amount := month.in_usd()) is not None]
    known = len(amounts) == len(months)
    rows = sum(month.rows for month in months)
    dollars = grouped(sum(amounts, Decimal("0.0000"))) if known else "not known"
    return str(status.date), names, grouped(rows), dollars


def _tables(month: MonthTotals, width: int) -> Iterator[Table]:
    """The currencies of a month, as many next to each other as fit: no number is broken."""
    from rich import box
    from rich.table import Table

    currencies = list(month.totals)
    widest = max(
        (len(grouped(getattr(one, line))) for one in month.totals.values() for line in _LINES), default=0
    )
    abreast_at_most = max(1, (width - max(map(len, _LINES)) - _PADDING) // (widest + _PADDING))
    for start in range(0, max(1, len(currencies)), abreast_at_most):
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        table.add_column("")
        abreast = currencies[start : start + abreast_at_most]
        for currency in abreast:
            table.add_column(one_line(currency), justify="right", overflow="fold")
        for line in _LINES:
            table.add_row(line, *(grouped(getattr(month.totals[one], line)) for one in abreast))
        yield table


def grouped(value: Decimal | int) -> str:
    """A number with commas between its thousands and all its decimals."""
    return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
