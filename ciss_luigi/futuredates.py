"""Dates that a run refuses, because they lie after tomorrow by this host's clock (docs/operations.md).

One mistyped month or year would supersede every night until then. ``future_dates = true`` allows them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from ciss_luigi import commands
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BadRunDate
from ciss_luigi.site import Site

ALLOW = "set future_dates = true in [ciss]"


def refused(site: Site, dates: Iterable[dt.date]) -> list[dt.date]:
    """The dates that a run would refuse, oldest first."""
    last = tomorrow()
    return [] if site.settings.future_dates else sorted(date for date in dates if date > last)


def tomorrow() -> dt.date:
    """The last date that is not refused."""
    return dt.datetime.now().astimezone().date() + dt.timedelta(days=1)


def refuse_after_tomorrow(site: Site, dates: Iterable[dt.date]) -> None:
    """Raise BadRunDate for run dates after tomorrow."""
    late = refused(site, dates)
    if late:
        raise BadRunDate(
            why(late),
            state="nothing was touched",
            next_command=f"the same command with an earlier date; if the date is meant, {ALLOW}",
        )


def why(late: list[dt.date]) -> str:
    """The words for some dates that are refused."""
    which = f"{late[0]} lies" if len(late) == 1 else f"{len(late)} dates, up to {late[-1]}, lie"
    whose = "Its" if len(late) == 1 else "Their"
    return (
        f"{which} after tomorrow ({tomorrow()} by this host's clock). "
        f"{whose} estimates would count as newer than those of every night until then"
    )


def merge(site: Site, date: RunDate) -> str:
    """The command that runs a date, and what it needs before if the date lies after tomorrow."""
    command = commands.merge(date)
    if not refused(site, [date.date]):
        return command
    return f"{date} lies after tomorrow, and a run refuses it; if it is meant: {ALLOW}, then: {command}"
