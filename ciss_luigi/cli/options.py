"""The types of the verbs' options."""

from __future__ import annotations

import click

from ciss_luigi.billing.rundate import Month, RunDate


class RunDateType(click.ParamType[RunDate]):
    """A calendar date, written ``YYYY-MM-DD`` and in no other way."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: str | RunDate, param: click.Parameter | None, ctx: click.Context | None
    ) -> RunDate:
        """Read the date; anything else is an error of usage."""
        if isinstance(value, RunDate):
            return value
        try:
            return RunDate.parse(value)
        except ValueError:
            self.fail(f"{value!r} is not a date; a date looks like 2016-11-22", param, ctx)


class MonthType(click.ParamType[Month]):
    """A calendar month, written ``YYYY-MM`` and in no other way."""

    name = "YYYY-MM"

    def convert(self, value: str | Month, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """Read the month; anything else is an error of usage."""
        if isinstance(value, Month):
            return value
        try:
            month = Month.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not month.year:  # the tables may hold such a text, but no run date is in it or near it
            self.fail(f"{value!r} is before the calendar's first month, 0001-01", param, ctx)
        return month


DATE = RunDateType()
MONTH = MonthType()
