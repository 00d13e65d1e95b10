"""Which run main's months hold: the run that merged a month last.

Markers say so; and the ledger, where ``ciss reset`` has removed a marker: main still holds that run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.ledger import Outcome
from ciss_luigi.state.markers import Step

_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class MonthHeld:
    """A month of main: the run that merged it last, and the newest date that had merged it before.

    ``rolled_back_from`` is that date if it is newer than the run's: then main was rolled back.
    """

    month: Month
    date: RunDate
    run_id: str
    merged_at: dt.datetime
    rolled_back_from: RunDate | None = None


def look(site: Site, months: Iterable[Month]) -> list[MonthHeld]:
    """What main holds for some months, oldest first; the engine is not asked.

    Months that no valid marker names are left out.
    """
    wanted = set(months)
    merged: dict[Month, list[_Merge]] = {}
    for date in site.markers.dates():
        marker = site.markers.read(date, Step.MERGE) if _may_hold(date, wanted) else None
        if marker is not None and marker.rests_on(site.markers.read(date, Step.BUILD)):
            found = _Merge(marker.finished_at or _LONG_AGO, date, marker.run_id)
            for totals in marker.months:
                merged.setdefault(Month.parse(totals.month), []).append(found)
    removed = list(_without_marker(site, wanted))
    return [_held(month, merged[month], removed) for month in sorted(wanted.intersection(merged))]


@dataclass(frozen=True, order=True)
class _Merge:
    """A run that merged some months, and when."""

    at: dt.datetime
    date: RunDate
    run_id: str
    months: tuple[str, ...] = ()


def _may_hold(date: RunDate, wanted: set[Month]) -> bool:
    return not wanted.isdisjoint((date.month, date.month.minus(1)))


def _without_marker(site: Site, wanted: set[Month]) -> Iterator[_Merge]:
    """The merges that the ledger knows of dates that have no valid marker of MergeMain now."""
    for date in site.ledger.dates():
        if not _may_hold(date, wanted) or site.markers.read(date, Step.MERGE) is not None:
            continue
        for one in site.ledger.attempts(date):
            if one.step == Step.MERGE and one.outcome is Outcome.DONE and one.result is not None:
                months = tuple(month.month for month in one.result.months)
                yield _Merge(_time(one.ended_at), date, one.result.run_id, months)


def _time(text: str) -> dt.datetime:
    """A time of the ledger; long ago for a text that is none, so that it does not count."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return _LONG_AGO


def _held(month: Month, merges: list[_Merge], removed: Iterable[_Merge]) -> MonthHeld:
    last, newest = max(merges), max(one.date for one in merges)
    later = [one for one in removed if str(month) in one.months and one.at > last.at]
    if later:
        last = max(later)
    return MonthHeld(month, last.date, last.run_id, last.at, newest if newest > last.date else None)
