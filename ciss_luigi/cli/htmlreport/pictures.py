"""What the page's pictures show; each picture has a table of the same numbers next to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ciss_luigi.billing.rundate import Month
from ciss_luigi.cli.htmlreport.words import KINDS, month_name
from ciss_luigi.operator.estimates import Estimate
from ciss_luigi.operator.report import Report
from ciss_luigi.operator.reportfigures import CurrencyFigure, CustomerFigure

BARS = 12
CHANGES = 10


@dataclass(frozen=True)
class Mover:
    """One estimate, and its change against the one before."""

    estimate: Estimate
    change: Decimal | None


@dataclass(frozen=True)
class Changes:
    """The customers that moved the figure most since something earlier."""

    key: str
    title: str
    customers: Sequence[tuple[CustomerFigure, Decimal]]


def moved(report: Report) -> list[Mover]:
    """The estimates of the month, oldest first, each with its change."""
    found: list[Mover] = []
    for one in report.estimates:
        before = found[-1].estimate.total_charge_usd if found else None
        found.append(Mover(one, None if before is None else one.total_charge_usd - before))
    return found


def changes(report: Report, customers: Sequence[CustomerFigure]) -> list[Changes]:
    """The changes since the month before and since the run before, if these are known."""
    found = []
    if report.month_before:
        months = [(one, one.usd - one.month_before) for one in customers]
        title = f"against {month_name(report.month.minus(1))}"
        found.append(Changes("month", title, _largest(months)))
    if report.run_before is not None:
        runs = [(one, one.usd - one.run_before) for one in customers if one.run_before is not None]
        found.append(Changes("run", f"against the run of {report.run_before.date}", _largest(runs)))
    return found


def _largest(found: Sequence[tuple[CustomerFigure, Decimal]]) -> list[tuple[CustomerFigure, Decimal]]:
    """The greatest changes by amount, up or down."""
    moved = [pair for pair in found if pair[1]]
    moved.sort(key=lambda pair: (-abs(pair[1]), pair[0].org_id))
    return moved[:CHANGES]


def largest(customers: Sequence[CustomerFigure]) -> list[CustomerFigure]:
    """The customers that make the figure; one with a credit or with nothing does not."""
    return [one for one in customers[:BARS] if one.usd > 0]


def everything(
    report: Report, customers: Sequence[CustomerFigure], currencies: Sequence[CurrencyFigure]
) -> dict[str, Any]:
    """What the scripts draw; amounts are texts, and only lengths on the screen are floats."""
    before = report.month.minus(1)
    return {
        "month": str(report.month),
        "moved": [
            {"name": month_name(report.month), "points": _points(report.estimates, report.month)},
            {"name": month_name(before), "points": _points(report.estimates_before, before)},
        ],
        "customers": [[one.name or one.org_id, one.usd] for one in largest(customers)],
        "kinds": list(KINDS.values()),
        "currencies": [[one.currency, [one.kinds_usd[kind] for kind in KINDS]] for one in currencies],
        "changes": {
            part.key: [[one.name or one.org_id, change] for one, change in part.customers]
            for part in changes(report, customers)
        },
    }


def _points(found: Sequence[Estimate], month: Month) -> list[Mapping[str, Any]]:
    """The last estimate of each date; the day is counted from the month's first."""
    if not month.year:  # the month before the calendar's first
        return []
    first = dt.date.fromisoformat(month.first_day)
    by_date = {one.date: one for one in found}
    return [
        {"day": (date.date - first).days + 1, "date": str(date), "usd": by_date[date].total_charge_usd}
        for date in sorted(by_date)
    ]
