"""Whether a date that failed is over: main is as new as it, or newer."""

from __future__ import annotations

from collections.abc import Callable

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Markers, Step

_DAYS_AFTER = 62
"""A date rebuilds its month, and in the first days of a month the one before it."""


def judge(site: Site) -> Callable[[str], bool]:
    """A function that says whether a date, ``YYYY-MM-DD``, is over; it reads only markers."""
    return lambda text: _is_over(site, RunDate.parse(text))


def _is_over(site: Site, date: RunDate) -> bool:
    """Whether it is merged, or all its months were published by newer dates (docs/tables.md)."""
    if site.markers.is_merged(date):
        return True
    left = set(date.months_in_scope(site.settings.grace_days))
    for newer in _newer(site.markers, date):
        left -= _published(site.markers, newer)
        if not left:
            return True
    return False


def _newer(markers: Markers, date: RunDate) -> list[RunDate]:
    last = date.date.toordinal() + _DAYS_AFTER
    return [one for one in markers.dates() if date < one and one.date.toordinal() <= last]


def _published(markers: Markers, date: RunDate) -> set[Month]:
    """The months that a date merged, or that had a newer estimate when it did."""
    if not markers.is_merged(date):
        return set()
    merged = markers.read(date, Step.MERGE)
    if merged is None:
        return set()
    return {Month.parse(text) for text in (*(one.month for one in merged.months), *merged.superseded)}
