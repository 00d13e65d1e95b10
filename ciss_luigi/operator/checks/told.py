"""Who is told of a failed night, as far as that can be known without sending anything."""

from __future__ import annotations

import os

from ciss_luigi import commands
from ciss_luigi.alerts import ways
from ciss_luigi.counting import counted
from ciss_luigi.operator.alerts import settings
from ciss_luigi.operator.checks.findings import Group
from ciss_luigi.site import Site


def check(group: Group, site: Site) -> None:
    """Name the channels, and what somebody should know about them; ``ciss alerts --test`` tries them."""
    alerts = settings(site)
    names = ways.names(alerts)
    if not names:
        group.note(
            "nobody is told when a night fails",
            f"name somebody in [ciss_alerts] of {site.config_path}, then: {commands.alerts_test()}",
        )
        return
    group.ok(f"told when a night fails: {', '.join(names)} ({commands.alerts_test()} tries them)")
    for key, url in (("sdp_url", alerts.sdp_url), ("ping_url", alerts.ping_url)):
        if url.startswith("http://"):
            group.warn(
                f"[ciss_alerts] {key} begins with http://: its key is sent without encryption", "use https://"
            )
    if alerts.mail_to and not alerts.mail_verify:
        group.warn("[ciss_alerts] mail_verify = false: the relay's certificate is not checked")
    folder = site.settings.state_dir / "alerts" / "outbox"
    waiting = len(list(folder.glob("*.json"))) if os.path.isdir(folder) else 0
    if waiting:
        group.warn(f"{counted(waiting, 'message')} still to be sent", commands.alerts())
