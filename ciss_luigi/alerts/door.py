"""Decides at the end of a command whether anybody is to be told; imports nothing heavy for that.

A night on which all is well must not pay for mail, desk and channels. They are imported only when there is a
failure, when an earlier one is still open, or when a message waits to be sent.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ciss_luigi import exitcodes, site
from ciss_luigi.config.telling import Alerts
from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.errors import ConfigurationError
from ciss_luigi.observers import CommandBegin, CommandEnd, Observer
from ciss_luigi.site import Site
from ciss_luigi.telemetry.tail import Tail

if TYPE_CHECKING:
    from ciss_luigi.alerts.ping import Ping


class Door(Observer):
    """Has people told how a command ended, as the last thing that the command does."""

    def __init__(self) -> None:
        self._tail = Tail()
        self._begun: Ping | None = None
        # from the begin: which lines a failure's message needs is known only when it has failed
        logging.getLogger("luigi-interface").addHandler(self._tail)

    def command_begins(self, begin: CommandBegin) -> None:
        """Tell the dead-man service that today's run begins."""
        here = _sound_site()
        if here is None or not _alerts(here).ping_url:
            return
        from ciss_luigi.alerts import today
        from ciss_luigi.alerts.ping import Ping

        if today.is_asked_for(begin.arguments):
            self._begun = Ping(_alerts(here), "/start", begin.id)

    def command_ends(self, end: CommandEnd) -> None:
        """Tell everybody who is to be told; never changes the exit code of the command."""
        here = _sound_site()
        if self._has_nothing_to_say(end, here):
            return
        from ciss_luigi.alerts.teller import Teller

        Teller(end, here, self._tail.text()).tell(begun=self._begun)

    def _has_nothing_to_say(self, end: CommandEnd, here: Site | None) -> bool:
        if here is None:  # who is to be told then says the good part of the configuration: alerts/reach.py
            return False
        alerts, folder = _alerts(here), here.settings.state_dir / "alerts"
        if anything_in(folder) or alerts.ping_url:
            return False
        return not alerts.tell_anybody or (end.number in exitcodes.NO_FAILURE and not alerts.watch_jumps)


def anything_in(folder: Path) -> bool:
    """Whether a failure is open or a message waits to be sent; looks only at the names of files."""
    return any(any((folder / name).glob("*.json")) for name in ("open", "outbox"))


def _sound_site() -> Site | None:
    """The site, or None where its configuration is faulty."""
    try:
        return site.current()
    except ConfigurationError:
        return None


def _alerts(here: Site) -> Alerts:
    found: Alerts = here.settings.others[ALERTS]
    return found
