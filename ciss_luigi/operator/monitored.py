"""What a monitoring system is told about this site, from ledger, markers and outbox; no engine is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.operator import monthsheld
from ciss_luigi.operator.history import lines_of
from ciss_luigi.site import Site
from ciss_luigi.state.ledger import Attempt, Outcome
from ciss_luigi.state.markers import STEPS, Marker, Step

DATES = 30
"""How many of the newest run dates are read, and how many of those that were run last (a backfill's)."""


@dataclass(frozen=True)
class MonthGauges:
    """A month of the newest merged date, as main holds it now."""

    rows: int
    source_rows: int
    usd: Decimal | None


@dataclass(frozen=True)
class Figures:
    """The figures. Times are in seconds since 1970, durations in seconds; what is not known is missing."""

    last_success: float | None = None
    last_success_date: float | None = None
    last_attempt: Mapping[str, float] = field(default_factory=dict)
    duration: Mapping[str, float] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    months: Mapping[str, MonthGauges] = field(default_factory=dict)
    superseded: int = 0
    alerts_open: int = 0
    alerts_waiting: int = 0


def look(site: Site) -> Figures:
    """The figures as they are now; raises OSError if a ledger cannot be read."""
    newest = site.ledger.dates()[-DATES:]
    dates = sorted({*newest, *site.ledger.run_last(DATES)})
    lines = [line for date in dates for line in lines_of(site, date, site.ledger.attempts(date))]
    steps = {str(step): [line.attempt for line in lines if line.attempt.step == step] for step in STEPS}
    marker = _newest_merged(site)
    folder = site.settings.state_dir / "alerts"
    return Figures(
        last_success=max([*_times(steps[Step.MERGE], done=True), *_merged_at(marker)], default=None),
        last_success_date=_begin(marker.date) if marker else None,
        last_attempt={step: max(times) for step, found in steps.items() if (times := _times(found))},
        duration={step: took for step, found in steps.items() if (took := _duration(found)) is not None},
        failures={
            step: sum(one.attempt.step == step and not one.went_well for one in lines if one.date in newest)
            for step in steps
        },
        months=dict(_months(site, marker)) if marker else {},
        superseded=len(marker.superseded) if marker else 0,
        alerts_open=len(Records(folder).open()),
        alerts_waiting=len(Outbox(folder).entries()),
    )


def _newest_merged(site: Site) -> Marker | None:
    """MergeMain's marker of the newest date that is merged, however long ago that was."""
    found = (date for date in reversed(site.markers.dates()) if site.markers.is_merged(date))
    date = next(found, None)
    return site.markers.read(date, Step.MERGE) if date else None


def _merged_at(marker: Marker | None) -> list[float]:
    return [marker.finished_at.timestamp()] if marker and marker.finished_at else []


def _months(site: Site, newest: Marker) -> Iterator[tuple[str, MonthGauges]]:
    """The months of the newest merged date, with the figures of the run that main holds: it may be older.

    That is so after ``ciss reset --roll-back``.
    """
    for held in monthsheld.look(site, [Month.parse(month.month) for month in newest.months]):
        marker = site.markers.read(held.date, Step.MERGE)
        for month in marker.months if marker else ():
            if month.month == str(held.month):
                yield month.month, MonthGauges(month.rows, month.source_rows, month.in_usd())


def _begin(date: RunDate) -> float:
    """The beginning of a run date, in UTC."""
    return dt.datetime.combine(date.date, dt.time(), dt.UTC).timestamp()


def _times(attempts: Iterable[Attempt], *, done: bool = False) -> list[float]:
    """When attempts began, or ended well."""
    wanted = [one for one in attempts if not done or one.outcome is Outcome.DONE]
    found = [_seconds(one.ended_at if done else one.started_at) for one in wanted]
    return [seconds for seconds in found if seconds is not None]


def _duration(attempts: Iterable[Attempt]) -> float | None:
    """How long the last attempt that ended took, in seconds."""
    ended = [one for one in attempts if one.ended_at]
    last = max(ended, key=lambda one: one.ended_at, default=None)
    begin, end = (_seconds(last.started_at), _seconds(last.ended_at)) if last else (None, None)
    return None if begin is None or end is None else max(0.0, end - begin)


def _seconds(text: str) -> float | None:
    """A time of the ledger as seconds, or None where somebody else wrote it."""
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
