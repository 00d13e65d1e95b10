"""How long a step usually takes: as long as the last time; it is for showing how far a run is."""

from __future__ import annotations

import datetime as dt
from itertools import islice

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.ledger import Attempt, Outcome

_DATES_LOOKED_AT = 31


def seconds(site: Site, date: RunDate, step: str) -> float | None:
    """How many seconds a step took when it was last done, for a date up to this one; None if not known."""
    earlier = [one for one in site.ledger.dates() if one <= date]
    for one in islice(reversed(earlier), _DATES_LOOKED_AT):
        for attempt in reversed(site.ledger.attempts(one)):
            if attempt.step == step and attempt.outcome is Outcome.DONE:
                return duration(attempt)
    return None


def duration(attempt: Attempt) -> float | None:
    """How many seconds an attempt took; None if a time in the ledger makes no sense."""
    try:
        began, ended = (dt.datetime.fromisoformat(text) for text in (attempt.started_at, attempt.ended_at))
        return max(0.0, (ended - began).total_seconds())
    except (ValueError, TypeError):
        return None
