"""Tells people that main and the old job's table differ, once for each date, and when that is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from ciss_luigi import commands, exitcodes
from ciss_luigi.alerts import courier, ways
from ciss_luigi.alerts.failure import ClosedBy, Seen
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.operator import alerts
from ciss_luigi.operator.compare import Compared, Request
from ciss_luigi.site import Site

DIFFER = "differ"
"""How the headline of such a message ends; docs/runbook.md explains it."""


def require_channel(site: Site) -> None:
    """Raise ConfigurationError if nobody could be told."""
    if not ways.names(alerts.settings(site)):
        fault = Fault("ciss_alerts", "mail_to", "is needed to tell drift", "mail_to = ops@example.net")
        raise ConfigurationError("nobody is to be told", (fault,))


def tell(site: Site, request: Request, found: Compared, words: Iterable[str]) -> Sequence[Delivery]:
    """Tell people that the tables differ, once for each date; or that they do so no more.

    ``words`` say what differs. Raises OSError and LocksUnusable.
    """
    seen = _seen(request, found, words)
    told = alerts.settings(site)
    throttle = dt.timedelta(minutes=told.throttle_minutes)
    folder = site.settings.state_dir / "alerts"
    notices = Notices(
        Records(folder), Outbox(folder), ways.names(told), throttle, dt.datetime.now(dt.UTC)
    )  # fmt: skip
    news = notices.end(seen.signature) if found.equal else notices.fail([seen])
    return courier.send() if news else []


def _seen(request: Request, found: Compared, words: Iterable[str]) -> Seen:
    error = "\n".join([*words, "State: nothing was changed", f"Next:  {request.command()}"])
    return Seen(
        f"{found.here} and {found.there} {DIFFER}",
        commands.compare({}),
        exitcodes.NO,
        "drift",
        error,
        (str(request.date),) if request.date else (),
        scope=ClosedBy.COMPARED,
        # not the words: they hold other figures each night, and each would be a failure of its own
        own_signature=f"drift {found.here} {found.there}",
    )
