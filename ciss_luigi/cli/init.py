"""``ciss init``: the output tables."""

from __future__ import annotations

import click

from ciss_luigi import commands, site
from ciss_luigi.cli.output import say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.operator.init import make_tables


@click.command("init", epilog="\b\nExample: ciss init")
def command() -> None:
    """Make the schema and the two output tables, main and temp, if they are absent.

    A run does the same by itself; this shows before it whether the user has the rights.
    """
    here = site.current()
    here.require_warehouse()
    with waiting("asking the warehouse"):
        tables = make_tables(here)
    for table in tables:
        say(f"{table.name} {'was there already' if table.existed else 'made'}")
    say(f"Next:  {commands.check()}")
