"""Numbers, dates and sentences of the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ciss_luigi.billing.rundate import Month
from ciss_luigi.cli.output import safe
from ciss_luigi.operator.estimates import DatedAttempt, Estimate
from ciss_luigi.operator.report import Report
from ciss_luigi.operator.reportfigures import total_usd

MINUS, NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}"
KINDS = {
    "subscription_charge": "Subscriptions",
    "overage_charge": "Usage beyond the limit",
    "service_charge": "Services",
    "register_charge": "Invoice register",
}
COLUMN_HEADS = {
    # in the order on the screen: the figure that people look for is next to the name
    "org_id": "Customer",
    "org_name": "Name",
    "total_charge_usd": "US dollars",
    "business_unit": "Business unit",
    "commercial_offer": "Offer",
    "contract_offer_group": "Offer group",
    "currency": "Currency",
    "billable_subs": "Subscriptions",
    "source_rows": "Source rows",
    **{name: head if head != "Subscriptions" else "Subscription charge" for name, head in KINDS.items()},
    "total_charge": "Total charge",
    "rate_month": "Rate of",
    "conversion_rate": "Rate",
}
NUMBERS = frozenset(
    {"billable_subs", "source_rows", *KINDS, "total_charge", "conversion_rate", "total_charge_usd"}
)
"""The columns that hold numbers; they are aligned to the right."""


def number(value: Decimal | int | None) -> str:
    """A number with commas between its thousands and all its decimals."""
    if value is None:
        return NOTHING
    return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"


def exact(value: Decimal | int | None) -> str:
    """A number in plain digits, for scripts and copying."""
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def signed(value: Decimal | None) -> str:
    """A change with its sign; the minus is a minus, not a hyphen."""
    if value is None:
        return NOTHING
    return f"{MINUS if value < 0 else '+' if value > 0 else '±'}{abs(value):,f}"


def percent(part: Decimal | None, base: Decimal | None) -> Decimal | None:
    """A part or a change in per cent of an amount, with one decimal; None if that says nothing."""
    if part is None or not base or base < 0:
        return None
    return Decimal(f"{part / base * 100:.1f}") + 0  # a small minus becomes a zero without a sign


def month_name(month: Month | str) -> str:
    """``November 2016``."""
    one = Month.parse(month) if isinstance(month, str) else month
    return f"{dt.date(one.year, one.number, 1):%B} {one.year}" if one.year else str(one)


def moment(text: str) -> str:
    """An ISO time in UTC to the second; anything else as it is."""
    try:
        return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return safe(text)


FILTERS = {
    "number": number, "exact": exact, "signed": signed, "percent": percent, "month_name": month_name,
    "moment": moment,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """The headline compared with something earlier: what that was, when, and the difference."""

    words: str
    earlier: Decimal
    change: Decimal


@dataclass(frozen=True)
class Lead:
    """The month's total, and the changes that deserve a line."""

    total: Decimal
    changes: Sequence[Change]


def headline(report: Report) -> Lead:
    """The figure on top; its changes against the run before, the month before on that day, and its end."""
    total = total_usd(report.rows)
    found = []
    if (run := report.estimate_before) is not None:
        found.append((f"against the run of {run.date}", run.total_charge_usd))
    before = report.month.minus(1)
    if (same_day := _on_the_same_day(report)) is not None:
        found.append(
            (f"against {month_name(before)} as it stood on {same_day.date}", same_day.total_charge_usd)
        )
    if report.month_before:
        whole = sum(report.month_before.values(), Decimal("0.0000"))
        found.append((f"against {month_name(before)} as main has it", whole))
    return Lead(total, [Change(words, earlier, total - earlier) for words, earlier in found])


def _on_the_same_day(report: Report) -> Estimate | None:
    """The estimate of the month before at the same day of its month, or the last before that day."""
    day = report.as_of[8:10]
    before = str(report.month.minus(1))
    if report.as_of[:7] != str(report.month):
        return None
    found = [one for one in report.estimates_before if str(one.date) <= f"{before}-{day}"]
    # the estimates are in the order of their merges: after a backfill the last one is not of the last day
    return max(reversed(found), key=lambda one: str(one.date), default=None)


def attempt(one: DatedAttempt) -> Mapping[str, str]:
    """A line of the table of runs."""
    tried = one.attempt
    return {
        "date": str(one.date),
        "step": safe(tried.step),
        "began": moment(tried.started_at),
        "lasted": _lasted(tried.started_at, tried.ended_at),
        "outcome": str(tried.outcome) if tried.outcome else "no end known",
        "host": safe(tried.host),
        "error": safe(tried.error.split("\n", 1)[0]),
    }


def _lasted(begun: str, ended: str) -> str:
    try:
        seconds = (dt.datetime.fromisoformat(ended) - dt.datetime.fromisoformat(begun)).total_seconds()
    except (ValueError, TypeError):
        return NOTHING
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004
