"""The parameter ``--date`` of every task."""

from __future__ import annotations

import datetime as dt

import luigi

from ciss_luigi import commands
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BadRunDate


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
