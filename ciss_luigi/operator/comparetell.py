"""Tells people that main and the old job's table differ, once for each date or set of months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from ciss_luigi import commands, exitcodes
from ciss_luigi.alerts import courier, ways
from ciss_luigi.alerts.failure import Scope, Seen
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Outcome
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.operator import alerts
from ciss_luigi.operator.compare import Compared, Request
from ciss_luigi.site import Site


def require_channel(site: Site) -> None:
    """Raise ConfigurationError if nobody could be told."""
    if not ways.names(alerts.settings(site)):
        fault = Fault("ciss_alerts", "mail_to", "is needed to tell drift", "mail_to = ops@example.net")
        raise ConfigurationError("nobody is to be told", (fault,))


def tell(site: Site, request: Request, found: Compared, words: Iterable[str]) -> Sequence[Outcome]:
    """Tell people that the tables differ, if that has not been told yet; raises OSError and LocksUnusable."""
    folder = site.settings.state_dir / "alerts"
    what = str(request.date) if request.date else ", ".join(map(str, found.months))
    error = "\n".join([*words, "State: nothing was changed", f"Next:  {request.command()} shows it again"])
    seen = Seen(
        f"{found.here} and {found.there} differ",
        commands.compare({}),
        exitcodes.NO,
        "drift",
        error,
        (str(request.date),) if request.date else (),
        scope=Scope.NEVER,
        own_signature=f"drift {found.here} {found.there} {what}",
    )
    told = alerts.settings(site)
    throttle = dt.timedelta(minutes=told.throttle_minutes)
    notices = Notices(
        Records(folder), Outbox(folder), ways.names(told), throttle, dt.datetime.now(dt.UTC)
    )  # fmt: skip
    return courier.send() if notices.fail([seen]) else []
