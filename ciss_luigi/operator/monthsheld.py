"""Which run main's months hold, as the markers say: the run that merged a month last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step

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
    merged: dict[Month, list[Marker]] = {}
    for date in site.markers.dates():
        if not wanted.intersection((date.month, date.month.minus(1))):
            continue
        marker = site.markers.read(date, Step.MERGE) if site.markers.is_merged(date) else None
        for totals in marker.months if marker else ():
            month = Month.parse(totals.month)
            if marker and month in wanted:
                merged.setdefault(month, []).append(marker)
    return [_held(month, merged[month]) for month in sorted(merged)]


def _held(month: Month, markers: list[Marker]) -> MonthHeld:
    last = max(markers, key=lambda one: one.finished_at or _LONG_AGO)
    newest = max(one.date for one in markers)
    return MonthHeld(
        month,
        last.date,
        last.run_id,
        last.finished_at or _LONG_AGO,
        newest if newest > last.date else None,
    )
