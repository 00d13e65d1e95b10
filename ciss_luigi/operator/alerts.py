"""``ciss alerts``: what is open, what was sent, what waits; and a test of every channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ciss_luigi.alerts import courier, ways
from ciss_luigi.alerts.failure import Failure
from ciss_luigi.alerts.outbox import Entry, Outbox
from ciss_luigi.alerts.reach import Reach
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery
from ciss_luigi.config.telling import Alerts
from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.site import Site

SHOWN_DAYS = 14


@dataclass(frozen=True)
class Told:
    """The channels of a site, the failures that are open, those that ended lately, and what waits."""

    channels: list[str]
    open: list[Failure]
    over: list[Failure]
    waiting: list[Entry]


def settings(site: Site) -> Alerts:
    """The site's ``[ciss_alerts]``."""
    found: Alerts = site.settings.others[ALERTS]
    return found


def look(reach: Reach) -> Told:
    """Look at all of it; changes nothing."""
    records = Records(reach.folder)
    since = (dt.datetime.now(dt.UTC) - dt.timedelta(days=SHOWN_DAYS)).isoformat()
    over = [one for one in records.closed() if one.closed_at >= since]
    return Told(ways.names(reach.alerts), records.open(), over, Outbox(reach.folder).entries())


def test(site: Site) -> list[Delivery]:
    """Send a test to every channel; one outcome for each, in their order. Raises OSError."""
    found = {outcome.channel: outcome for outcome in courier.send("test")}
    silent = f"no answer in {courier.SECONDS:.0f} s"
    return [found.get(name) or Delivery(name, "", "test", silent) for name in ways.names(settings(site))]
