"""Whether Apprise knows the URLs of ``channels``."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.errors import Fault

_EXAMPLE = "slack://${SLACK_TOKEN}/#billing"


def digest(urls: Sequence[str]) -> str:
    """A digest that tells one set of URLs from another without showing any of them."""
    return hashlib.sha256("\n".join(urls).encode()).hexdigest()


def fault(urls: Sequence[str]) -> Fault | None:
    """The fault of the lines that Apprise does not know, without showing them; importing Apprise is slow."""
    wrong = [number for number, url in enumerate(urls, 1) if not _is_known(url)]
    if not wrong:
        return None
    problem = f"line {', '.join(map(str, wrong))} is not a URL that Apprise knows"
    return Fault(ALERTS, "channels", problem, _EXAMPLE)


def _is_known(url: str) -> bool:
    from apprise import Apprise

    logging.getLogger("apprise").propagate = False  # it prints whole URLs, and they are secrets
    return Apprise.instantiate(url, suppress_exceptions=True) is not None
