"""``ciss watch``, for cron, some hours after the job: it tells people when the night is not done."""

from __future__ import annotations

import datetime as dt

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say
from ciss_luigi.exitcodes import NO
from ciss_luigi.futuredates import refuse_after_tomorrow
from ciss_luigi.operator import watch


class _TimeOfDay(click.ParamType[dt.time]):
    """A time of day, written ``HH:MM``."""

    name = "HH:MM"

    def convert(
        self, value: str | dt.time, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.time:
        """Read the time; anything else is an error of usage."""
        if isinstance(value, dt.time):
            return value
        try:
            return dt.datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - the host's own time
        except ValueError:
            self.fail(f"{value!r} is not a time; a time looks like 06:00", param, ctx)


@click.command("watch", epilog="\b\nExample: ciss watch --by 06:00")
@click.option(
    "--by", required=True, type=_TimeOfDay(), help="When the date has to be merged; the host's time."
)
@click.option("--date", type=DATE, help="The date to look at. Without it: today.")
@click.option(
    "--hung-minutes",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Tell of a run that leaves no sign of life for so long; a running step leaves one each minute.",
)
@click.pass_context
def command(context: click.Context, by: dt.time, date: RunDate | None, hung_minutes: float) -> None:
    """Tell the people in [ciss_alerts] when a date is not merged in time.

    Exit code 0 if the date is merged or still has time, 1 if it is not merged in time. What it found is
    written to stderr if [ciss_alerts] names nobody, so that cron mails it.
    """
    here = site.current()
    if date is not None:
        refuse_after_tomorrow(here, [date.date])
    found = watch.watch(here, by, date, hung_minutes)
    if found.well:
        say(found.sentence)
    else:
        # where people are told, cron need not mail it each quarter of an hour as well
        is_silent = _nobody_is_told(found)
        for line in (found.sentence, f"State: {_state(found)}", f"Next:  {found.next_command}"):
            click.echo(safe(line), err=is_silent)
    for one in found.sent:
        say(f"{one.channel}: {one.error or f'took {one.subject}'}")
    if found.warning:
        click.echo(safe(f"warning: {found.warning}"), err=True)
    if not found.well:
        context.exit(NO)


def _nobody_is_told(found: watch.NightVerdict) -> bool:
    mine = [one for one in found.told if str(found.date) in one.dates]
    return bool(mine) and not any(one.is_told for one in mine)


def _state(found: watch.NightVerdict) -> str:
    """The state of the data, and whether people are told of it."""
    if _nobody_is_told(found):
        return "main holds what earlier runs have published; nobody is told ([ciss_alerts] names nobody)"
    if any(str(found.date) in one.dates for one in found.told):
        return "main holds what earlier runs have published; this is told now"
    return "main holds what earlier runs have published; ciss alerts says who was told"
