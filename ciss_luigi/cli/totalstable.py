"""The totals of one date as tables."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from ciss_luigi.cli.output import moment, safe
from ciss_luigi.operator.status import DateStatus
from ciss_luigi.schema import CHARGES
from ciss_luigi.totals import MonthTotals

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

CURRENCIES_ABREAST = 4
"""As many as fit into 80 columns."""

_LINES = ("billable_subs", *CHARGES, "total_charge", "total_charge_usd")


def show(out: Console, status: DateStatus) -> None:
    """Print what a date merged, or built only, month by month; and what it left alone."""
    proof = status.proof
    if proof is None:
        return
    out.print()
    done = "merged" if status.is_merged else "built, but not merged;"
    when = f" {moment(proof.finished_at.isoformat())}" if proof.finished_at else ""
    out.print(f"run {safe(proof.run_id)}, {done}{when}", soft_wrap=True)
    for label, words in (
        ("superseded (main held a newer estimate)", proof.superseded),
        ("left out (not all required sources had rows)", proof.left_out),
        ("sources without rows", proof.empty_sources),
    ):
        if words:
            out.print(f"{label}: {safe(', '.join(words))}", soft_wrap=True)
    for month in status.months:
        out.print(f"\n{safe(month.month)}: {month.rows} rows from {month.source_rows} source rows")
        for table in _tables(month):
            out.print(table)


def _tables(month: MonthTotals) -> Iterator[Table]:
    from rich import box
    from rich.table import Table

    currencies = list(month.totals)
    for start in range(0, max(1, len(currencies)), CURRENCIES_ABREAST):
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        table.add_column("")
        abreast = currencies[start : start + CURRENCIES_ABREAST]
        for currency in abreast:
            table.add_column(safe(currency), justify="right", overflow="fold")
        for line in _LINES:
            table.add_row(line, *(_grouped(getattr(month.totals[one], line)) for one in abreast))
        yield table


def _grouped(value: Decimal | int) -> str:
    """A number with its thousands apart, every decimal kept."""
    return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
