"""The one parameter of every task, as the command line gives it."""

from __future__ import annotations

import datetime as dt

import luigi

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import BadRunDate
from ciss_luigi.scheduling.messages import EXAMPLE


class RunDateParameter(luigi.DateParameter):
    """A calendar date, written ``YYYY-MM-DD`` and nothing else."""

    def parse(self, s: str) -> dt.date:
        """Read the date; raises BadRunDate."""
        try:
            return RunDate.parse(s).date
        except ValueError:
            raise BadRunDate(
                f"--date {s!r} is no date; a date looks like 2016-11-22",
                state="nothing was touched",
                next_command=EXAMPLE,
            ) from None

    def next_in_enumeration(self, value: dt.date) -> dt.date | None:
        """The next day, for the ranges in Luigi's summary; None after the calendar's last."""
        return None if value == dt.date.max else value + dt.timedelta(days=1)
