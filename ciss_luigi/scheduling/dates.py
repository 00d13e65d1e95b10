"""The parameter ``--date`` of every task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import luigi

from ciss_luigi import commands
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BadRunDate
from ciss_luigi.site import Site


def refuse_after_tomorrow(site: Site, dates: Iterable[dt.date]) -> None:
    """Raise BadRunDate for run dates after tomorrow, by this host's clock (docs/operations.md).

    One mistyped month or year would supersede every night until then.
    """
    tomorrow = dt.datetime.now().astimezone().date() + dt.timedelta(days=1)
    late = [] if site.settings.future_dates else sorted(date for date in dates if date > tomorrow)
    if not late:
        return
    which = f"{late[0]} lies" if len(late) == 1 else f"{len(late)} dates, up to {late[-1]}, lie"
    whose = "Its" if len(late) == 1 else "Their"
    raise BadRunDate(
        f"{which} after tomorrow ({tomorrow} by this host's clock). "
        f"{whose} estimates would count as newer than those of every night until then",
        state="nothing was touched",
        next_command="the same command with an earlier date; if the date is meant, set future_dates = true "
        "in [ciss]",
    )


class RunDateParameter(luigi.DateParameter):
    """A calendar date, written ``YYYY-MM-DD`` and in no other way."""

    def parse(self, s: str) -> dt.date:
        """Read the date; raises BadRunDate."""
        try:
            return RunDate.parse(s).date
        except ValueError:
            raise BadRunDate(
                f"--date {s!r} is not a date; a date looks like 2016-11-22",
                state="nothing was touched",
                next_command=commands.merge(),
            ) from None

    def next_in_enumeration(self, value: dt.date) -> dt.date | None:
        """The next day, for the ranges in Luigi's summary; None after the calendar's last."""
        return None if value == dt.date.max else value + dt.timedelta(days=1)
