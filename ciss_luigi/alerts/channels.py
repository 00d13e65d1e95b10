"""Further channels through Apprise: Slack, Teams, PagerDuty and a hundred others, each by a URL.

What Apprise says about an error is never shown unchanged: it contains URLs, and a channel's URL is its key.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from ciss_luigi.alerts.channel import NotTaken, Taken
from ciss_luigi.alerts.failure import Failure, What
from ciss_luigi.alerts.outbox import Entry
from ciss_luigi.alerts.words import harmless
from ciss_luigi.plaintext import one_line, without_secrets

_URL = re.compile(r"\S*://\S*")
_WITHOUT_MARKUP = str.maketrans({"<": "(", ">": ")", "&": "+", "`": "'"})
_HEADS = {What.REPEAT: "Again: ", What.RECOVERY: "Over: "}
_MOST_TEXT = 3000


class AppriseChannel:
    """One URL."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def send(self, entry: Entry, failure: Failure | None) -> Taken:
        """Send one message; raises NotTaken."""
        from apprise import Apprise, AppriseAsset, NotifyFormat

        logging.getLogger("apprise").propagate = False
        # without Apprise's own threads: one that hangs would keep the process alive
        made = Apprise(asset=AppriseAsset(service_timeout=0))
        if not made.add(self._url):
            raise NotTaken(f"{self.name} is not a URL that Apprise knows")
        said: list[str] = []
        result = made.notify(
            title=self._without_markup(f"{_HEADS.get(entry.what, '')}{entry.subject}"),
            body=self._without_markup(harmless(entry.text))[:_MOST_TEXT],
            notify_type=_kind(entry.what),
            body_format=NotifyFormat.TEXT,
            log_callback=lambda line, _: said.append(_said(line)),
            log_level=logging.WARNING,
        )
        if not result:
            raise NotTaken("; ".join(dict.fromkeys(filter(None, said))) or "it did not take it")
        return Taken()

    def close(self) -> None:
        """Do nothing: no connection is kept open."""

    @staticmethod
    def _without_markup(text: str) -> str:
        """A text in which no channel finds markup, a link or somebody's name to call."""
        return text.translate(_WITHOUT_MARKUP).replace("@", "(at)")


def _kind(what: What) -> Any:
    from apprise import NotifyType

    return {What.RECOVERY: NotifyType.SUCCESS, What.TEST: NotifyType.INFO}.get(what, NotifyType.FAILURE)


def _said(line: Any) -> str:
    return one_line(_URL.sub("(a URL)", without_secrets(str(getattr(line, "message", "")))))[:300]
