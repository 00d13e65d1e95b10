"""A jump: a merged month whose total in US dollars moved far against the run before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from ciss_luigi import commands
from ciss_luigi.alerts.failure import ClosedBy, Seen
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.telling import Alerts
from ciss_luigi.state.ledger import Ledger, MonthFigures, Outcome
from ciss_luigi.state.markers import Step


def found(
    ledger: Ledger, dates: Iterable[RunDate], commands: Collection[str], alerts: Alerts
) -> Iterator[Seen]:
    """The jumps in what some commands merged for some dates; raises OSError.

    Totals are in US dollars, with 4 decimals. The rule is in ``docs/operations.md``, "Who is told when".
    """
    known = ledger.dates()
    for date in dates:
        for run_id, figures in _merged(ledger, date, commands):
            before, now = _before(ledger, known, figures.month, run_id), figures.total_charge_usd
            if before is not None and now is not None and _is_far(before, now, alerts):
                yield _seen(date, run_id, before, now, figures.month)


def _merged(ledger: Ledger, date: RunDate, commands: Collection[str]) -> Iterator[tuple[str, MonthFigures]]:
    """What some commands merged for a date, in order."""
    for attempt in ledger.attempts(date):
        good = attempt.step == Step.MERGE and attempt.outcome is Outcome.DONE and attempt.result is not None
        if good and attempt.result is not None and attempt.command in commands:
            for figures in attempt.result.months:
                yield attempt.result.run_id, figures


def _before(ledger: Ledger, known: Iterable[RunDate], month: str, run_id: str) -> Decimal | None:
    """The total of the run that was merged last before this one; None if there is none or it is not known."""
    merged = [
        (attempt.ended_at, attempt.result.run_id, figures.total_charge_usd)
        for date in known
        if _may_hold(date, month)
        for attempt in ledger.attempts(date)
        if attempt.step == Step.MERGE and attempt.outcome is Outcome.DONE and attempt.result is not None
        for figures in attempt.result.months
        if figures.month == month
    ]
    merged.sort(key=lambda one: one[:2])
    place = next((index for index, (_, one, _) in enumerate(merged) if one == run_id), 0)
    return merged[place - 1][2] if place else None


def _may_hold(date: RunDate, month: str) -> bool:
    # a date publishes its own month and at most the one before: no other ledger need be read
    return Month.parse(month) in (date.month, date.month.minus(1))


def _is_far(before: Decimal, now: Decimal, alerts: Alerts) -> bool:
    """Whether the total moved by more than both limits; a limit of 0 (not set) lets the other one decide."""
    moved = abs(now - before)
    percent = Decimal(100) * moved / abs(before) if before else Decimal("Infinity") if moved else Decimal()
    return moved > Decimal(str(alerts.jump_usd)) and percent > Decimal(str(alerts.jump_percent))


def _seen(date: RunDate, run_id: str, before: Decimal, now: Decimal, month: str) -> Seen:
    moved = now - before
    percent = f" ({100 * moved / abs(before):+.1f} %)" if before else ""
    text = (
        f"The total of {month} moved from {before:,.4f} to {now:,.4f} USD, "
        f"by {moved:+,.4f} USD{percent}, with the run of {date} (run id {run_id}).\n"
        f"State: main holds the new estimate; the control totals agree\n"
        f"Next:  {commands.history(date)}"
    )
    return Seen(
        f"{month} moved by {moved:+,.2f} USD{percent}",
        str(Step.MERGE),
        0,
        "Jump",
        text,
        (str(date),),
        scope=ClosedBy.NEVER,
        own_signature=f"jump {run_id} {month}",  # with the run id: each run's jump is told, and only once
    )
