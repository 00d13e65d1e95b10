"""``ciss adopt``: markers count again after the warehouse has moved."""

from __future__ import annotations

import click

from ciss_luigi import commands, site
from ciss_luigi.billing.rundate import RunDate, span_words, spans
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.exitcodes import NO
from ciss_luigi.operator.adopt import adopt
from ciss_luigi.plaintext import printable


@click.command("adopt", epilog="\b\nExample: ciss adopt --from 2016-11-01")
@click.option("--from", "first", type=DATE, help="The first run date. Without it: the oldest.")
@click.option("--to", "last", type=DATE, help="The last run date. Without it: the newest.")
@click.pass_context
def command(ctx: click.Context, first: RunDate | None, last: RunDate | None) -> None:
    """Let markers count again after the warehouse has moved: its file, its host or its port.

    A marker counts only for the warehouse that it was made for. This compares the markers of other places
    with main, as ciss verify does, and signs those that hold for the warehouse that is configured now. What
    cannot be proven stays as it is, and is named.

    Exit code 0 when every date could be adopted, or there was none; 1 when one could not; 35 when the
    warehouse is away.
    """
    here = site.current()
    if first is not None and last is not None and last < first:
        raise click.UsageError(f"--from {first} is later than --to {last}")
    with waiting("comparing the markers with main"):
        found = adopt(here, first, last)
    warehouse = here.settings.warehouse
    for span in span_words(found.adopted):
        say(f"{span}: adopted, made for {printable(', '.join(found.places))}")
    for left in found.left:
        say(f"{left.date}: left as it is: {left.why}")
    if not (found.adopted or found.left):
        say(f"no marker is about another place than {warehouse.kind} {warehouse.place}: nothing to adopt")
    if found.left:
        say("State: what was left as it is does not count here; a run builds these dates again")
        unproven = [left.date for left in found.left if not left.runs]
        say(f"Next:  {commands.spans(spans(unproven)) if unproven else commands.adopt()}")
        ctx.exit(NO)
