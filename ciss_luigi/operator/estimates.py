"""How the estimate of a month moved, run by run, from ledger and markers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.ledger import Attempt, Outcome, Result
from ciss_luigi.state.markers import Step


@dataclass(frozen=True)
class Estimate:
    """What one run put into main for the month; ``total_charge_usd`` is in US dollars, with 4 decimals."""

    date: RunDate
    at: str
    run_id: str
    rows: int
    total_charge_usd: Decimal


@dataclass(frozen=True)
class DatedAttempt:
    """One attempt at a step of one date."""

    date: RunDate
    attempt: Attempt


def dates(site: Site, month: Month) -> list[RunDate]:
    """The dates with any state whose run covers the month, oldest first."""
    known = {*site.ledger.dates(), *site.markers.dates()}
    return sorted(date for date in known if month in date.months_in_scope(site.settings.grace_days))


def estimates(site: Site, month: Month) -> list[Estimate]:
    """Every estimate of the month that a run merged, in the order in which main held them."""
    found = [one for date in dates(site, month) for one in _of_date(site, date, month)]
    return sorted(found, key=lambda one: one.at)


def run_before(known: Sequence[Estimate], as_of: str) -> Estimate | None:
    """The estimate that main had before that of a run date: the one merged last, of an earlier run date."""
    earlier = [one for one in known if str(one.date) < as_of]
    return earlier[-1] if earlier else None


def attempts(site: Site, month: Month) -> list[DatedAttempt]:
    """Every attempt at a run that covers the month, newest first."""
    found = [DatedAttempt(date, one) for date in dates(site, month) for one in site.ledger.attempts(date)]
    return sorted(found, key=lambda one: one.attempt.started_at, reverse=True)


def _of_date(site: Site, date: RunDate, month: Month) -> Iterator[Estimate]:
    """The estimates of a date from the ledger; if it has no results (an older version), from the marker."""
    told = list(_by_ledger(site.ledger.attempts(date), date, month))
    yield from told
    marker = site.markers.read(date, Step.MERGE)
    if marker is None or any(one.run_id == marker.run_id for one in told):
        return
    at = marker.finished_at.isoformat() if marker.finished_at else str(date)
    yield from _figures(Result.of(marker), date, month, at)


def _by_ledger(attempts: Sequence[Attempt], date: RunDate, month: Month) -> Iterator[Estimate]:
    for one in attempts:
        if one.step == Step.MERGE and one.outcome is Outcome.DONE and one.result is not None:
            yield from _figures(one.result, date, month, one.ended_at)


def _figures(result: Result, date: RunDate, month: Month, at: str) -> Iterator[Estimate]:
    for figures in result.months:
        total = figures.total_charge_usd
        if figures.month == str(month) and total is not None:
            yield Estimate(date, at, result.run_id, figures.rows, total)
