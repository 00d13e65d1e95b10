"""``ciss reset``: remove a date's markers, so that it runs again."""

from __future__ import annotations

import click

from ciss_luigi import futuredates, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.errors import CissError
from ciss_luigi.operator import reset as resets
from ciss_luigi.operator.rollback import roll_back
from ciss_luigi.plaintext import printable
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step

STEPS = {"truncate": Step.TRUNCATE, "build": Step.BUILD, "merge": Step.MERGE}


@click.command("reset", epilog="\b\nExample: ciss reset --date 2016-11-22")
@click.option("--date", required=True, type=DATE, help="The run date, for example 2016-11-22.")
@click.option(
    "--from-step",
    type=click.Choice(list(STEPS)),
    help="The first step to be done again. Without it: truncate.",
)
@click.option(
    "--roll-back",
    "rolls_back",
    is_flag=True,
    help="Let the next run of the date put main back to what it published, over newer runs.",
)
def command(date: RunDate, from_step: str | None, rolls_back: bool) -> None:
    """Remove a date's markers of a step and all later ones, so that the next run does them again.

    No table is touched. Refuses while the date runs. Says when main already holds a newer estimate of a
    month, which the run of this date would then leave alone.

    With --roll-back the next run of this date puts main back, once, to what the date published, in place of
    newer runs. It works while temp still holds that (temp_keep_days), which is proven first; nothing is
    built from today's sources. The next newer night replaces it again.
    """
    here = site.current()
    if rolls_back:
        if from_step is not None:
            raise click.UsageError("--roll-back builds nothing: leave out --from-step.")
        _roll_back(here, date)
        return
    removed = resets.reset(here, date, STEPS[from_step or "truncate"])
    if removed:
        say(f"{date}: removed the markers of {', '.join(reversed(removed))}")
    else:
        say(f"{date}: there was no marker to remove")
    _tell_superseding(here, date)
    say(f"Next:  {futuredates.merge(here, date)}")


def _roll_back(here: Site, date: RunDate) -> None:
    with waiting("asking the warehouse what temp holds"):
        found = roll_back(here, date)
    for month in found.months:
        newer = found.newer.get(month)
        holds = f"main holds the run for {printable(newer)}" if newer else "main holds no newer run"
        say(f"{month}: {holds}; the next run of {date} puts back what {date} published")
    say(f"{date}: removed the marker of {Step.MERGE}; the dates after it keep theirs")
    say(f"Next:  {futuredates.merge(here, date)}")


def _tell_superseding(here: Site, date: RunDate) -> None:
    """Say what the run will find in main. The reset is done, so an engine that is away is no error here."""
    try:
        with waiting("asking the warehouse whether main holds a newer estimate"):
            newer = resets.newer_in_main(here, date)
    except CissError as error:
        click.echo(safe(f"main could not be asked for newer estimates: {error.what}"), err=True)
        return
    for month, as_of_date in newer.items():
        say(
            f"main holds a newer estimate of {month}, as of {printable(as_of_date)}: "
            f"the run of {date} will leave that month alone (allow_older = true replaces it)"
        )
