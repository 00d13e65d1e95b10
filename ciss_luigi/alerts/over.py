"""Whether a date that failed is over: it is merged, or newer dates were merged after it had failed.

What newer dates had published before that is no cure: the date failed all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Markers, Step

_DAYS_AFTER = 62
"""A date rebuilds its month, and in the first days of a month the one before it.

So no date after the end of the next month can replace a month: that is 62 days, in July with August.
"""


IsOver = Callable[[str, str], bool]
"""Whether a date, ``YYYY-MM-DD``, that has failed at a time (ISO) is over."""


def judge(site: Site) -> IsOver:
    """A function that says so; it reads only markers.

    While the file of an embedded warehouse is gone, nothing is over: markers are about what was in it.
    """
    if not site.has_warehouse():
        return lambda text, failed: False
    known = site.markers.dates()
    return lambda text, failed: _is_over(site, known, RunDate.parse(text), dt.datetime.fromisoformat(failed))


def _is_over(site: Site, known: list[RunDate], date: RunDate, failed: dt.datetime) -> bool:
    """Whether it is merged, or all its months were published by newer dates since then (docs/tables.md)."""
    if site.markers.is_merged(date):
        return True
    left = set(date.months_in_scope(site.settings.grace_days))
    for newer in _newer(known, date):
        left -= _published(site.markers, newer, failed)
        if not left:
            return True
    return False


def _newer(known: list[RunDate], date: RunDate) -> list[RunDate]:
    last = date.date.toordinal() + _DAYS_AFTER
    return [one for one in known if date < one and one.date.toordinal() <= last]


def _published(markers: Markers, date: RunDate, since: dt.datetime) -> set[Month]:
    """The months that a date merged after a time, or that had a newer estimate when it did."""
    if not markers.is_merged(date):
        return set()
    merged = markers.read(date, Step.MERGE)
    if merged is None or merged.finished_at is None or merged.finished_at < since:
        return set()
    return {Month.parse(text) for text in (*(one.month for one in merged.months), *merged.superseded)}
