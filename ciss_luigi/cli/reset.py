"""``ciss reset``: a date's markers away, so that it runs anew."""

from __future__ import annotations

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.errors import CissError
from ciss_luigi.operator import reset as resets
from ciss_luigi.plaintext import printable
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step

STEPS = {"truncate": Step.TRUNCATE, "build": Step.BUILD, "merge": Step.MERGE}


@click.command("reset")
@click.option("--date", required=True, type=DATE, help="The run date, for example 2016-11-22.")
@click.option(
    "--from-step",
    type=click.Choice(list(STEPS)),
    default="truncate",
    show_default=True,
    help="The first step to be done anew.",
)
def command(date: RunDate, from_step: str) -> None:
    """Remove a date's markers of a step and all later ones, so that the next run does them anew.

    No table is touched. Refuses while the date runs. Says when main already holds a newer estimate of a
    month, which the run of this date would then leave alone.
    """
    here = site.current()
    removed = resets.reset(here, date, STEPS[from_step])
    if removed:
        say(f"{date}: removed the markers of {', '.join(reversed(removed))}")
    else:
        say(f"{date}: there was no marker to remove")
    _tell_superseding(here, date)
    say(f"Next:  luigi --module ciss_luigi MergeMain --date {date}")


def _tell_superseding(here: Site, date: RunDate) -> None:
    """What the run will meet in main. The reset is done: an engine that is away must not undo that."""
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
