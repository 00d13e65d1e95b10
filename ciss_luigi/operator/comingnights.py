"""Which months the nights to come will build: what has changed in the sources of others stays unseen."""

from __future__ import annotations

from collections.abc import Iterable

from ciss_luigi.billing.rundate import Month
from ciss_luigi.operator import nights
from ciss_luigi.site import Site


def not_covered(site: Site, months: Iterable[Month]) -> list[Month]:
    """The months that are in scope of no night after the newest run date, oldest first."""
    newest = site.markers.newest()
    following = newest.days_earlier(-1) if newest else nights.today()
    first, *_ = following.months_in_scope(site.settings.grace_days)
    return sorted(month for month in months if month < first)
