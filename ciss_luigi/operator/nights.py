"""Which dates ``ciss status`` shows: up to today, so that a night that left nothing is seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from itertools import islice

from ciss_luigi.alerts.today import is_asked_for
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.site import Site

DATES_SHOWN = 14
_OWN_TIME = dt.timedelta(days=7)
"""A date that was begun within this time after its day was run in its own night, not in a backfill."""


def today() -> RunDate:
    """Today, by this host's clock."""
    return RunDate(dt.datetime.now().astimezone().date())


def shown(site: Site, known: Collection[RunDate], last: RunDate | None = None) -> set[RunDate]:
    """The last 14 dates with any state and, if the site runs every night, all days up to today.

    ``known`` are the dates with any state, ``last`` is the last one to show. A site that was only asked for
    old dates (a backfill, a trial) cannot have missed a night. Where a command of the last two weeks was
    given for its own night, nights count from the first such one on.
    """
    wanted = sorted(date for date in known if last is None or date <= last)[-DATES_SHOWN:]
    end = min(last, today()) if last else today()
    asked = _asked_for(site, end)
    shown = {*wanted, *(days(asked[0], end) if asked else ())}
    if _runs_nightly(site, wanted):
        first = max(wanted[0], end.days_earlier(DATES_SHOWN - 1))
        shown.update(days(first, end), days(wanted[-1], end))
    return shown


def days(first: RunDate, last: RunDate) -> Iterable[RunDate]:
    """All days from one to another, both included."""
    ordinals = range(first.date.toordinal(), last.date.toordinal() + 1)
    return (RunDate(dt.date.fromordinal(ordinal)) for ordinal in ordinals)


def _asked_for(site: Site, end: RunDate) -> list[RunDate]:
    """The dates up to ``end`` for which a command was given in their own night, oldest first.

    Nights whose sources were missing, or whose configuration was faulty, leave nothing else.
    """
    first = end.days_earlier(DATES_SHOWN - 1)
    # only these weeks: years of commands stay unread
    weeks = first.days_earlier(_OWN_TIME.days).date, end.days_earlier(-_OWN_TIME.days).date
    given = [(command.arguments, _day(command.began_at)) for command in site.commands.commands(*weeks)]
    return [
        day
        for day in days(first, end)
        if any(
            abs(began - day.date) <= _OWN_TIME and is_asked_for(arguments, day.date)
            for arguments, began in given
        )
    ]


def _runs_nightly(site: Site, dates: Iterable[RunDate]) -> bool:
    """Whether one of the newest dates was begun in its own night."""
    for date in islice(sorted(dates, reverse=True), DATES_SHOWN):
        attempts = site.ledger.attempts(date)
        if attempts and abs(_day(attempts[0].started_at) - date.date) <= _OWN_TIME:
            return True
    return False


def _day(text: str) -> dt.date:
    try:
        return dt.datetime.fromisoformat(text).date()
    except ValueError:
        return dt.date.min
