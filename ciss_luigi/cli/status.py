"""``ciss status``: which dates are done, and what is wrong with the others."""

from __future__ import annotations

import sys

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli import statustext, statuswatch
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say_json
from ciss_luigi.errors import EngineUnavailable
from ciss_luigi.exitcodes import NO
from ciss_luigi.operator import status as statuses
from ciss_luigi.operator.status import Overview
from ciss_luigi.operator.statusjson import document
from ciss_luigi.site import Site


@click.command(
    "status", epilog="\b\nExamples: ciss status\n          ciss status --from 2016-11-22 --to 2016-11-22"
)
@click.option(
    "--from",
    "first",
    type=DATE,
    help="The first date. Without it: the last 14 that have any state, all that run, and all up to today.",
)
@click.option("--to", "last", type=DATE, help="The last date. Without it: today.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
@click.option("--watch", is_flag=True, help="On a terminal: refresh it every 2 seconds, until Ctrl-C.")
@click.pass_context
def command(
    ctx: click.Context, *, first: RunDate | None, last: RunDate | None, as_json: bool, watch: bool
) -> None:
    """Show which dates are done, failed, running or missing.

    A calendar of dates and steps, a line of totals for each merged date, then the dates that need attention.
    One date alone (--from and --to the same) is shown with all its totals. Of several dates, the months that
    were superseded or left out and the sources without rows are named, date by date. Then which run main's
    months hold, and how the last command ended and why. Reads only markers, ledger and lock files; never
    asks an engine.

    If the site runs every night (one of its newest dates was run within a week of its day, or a command for
    one of the last 14 days was), all dates up to today are shown. So a night that left nothing is
    shown as missing.

    Exit code 0 when every date shown is merged, 1 when one is not (also while it runs), when there is none,
    or when the embedded warehouse's file is not there.

    \b
    --json: format, state_dir, warehouse, database, main_table, all_merged,
    last_command (arguments, state, began_at, ended_at, exit_code, reasons, host,
    pid), main (month, date, run_id, merged_at, rolled_back_from), and
    dates: date, state, run_id, steps (task, state, started_at, finished_at, host,
    pid, error), months_from, months (month, rows, source_rows, totals by
    currency), superseded, left_out, empty_sources, odd_rows, running (pid, host,
    since), last_error (task, outcome, at, host, pid, error); not_due: the dates
    after tomorrow, which a run refuses. A state is one of
    done, running, failed, stopped, killed, unfinished, missing; of last_command
    running, ended, killed. Amounts are strings.
    """
    here = site.current()
    if first is not None and last is not None and last < first:
        raise click.UsageError(f"--from {first} is later than --to {last}")
    if watch and (as_json or not sys.stdout.isatty()):
        raise click.UsageError("--watch is for people on a terminal; programs ask again with --json")

    def look() -> Overview:
        try:
            return statuses.overview(here, first, last)
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    found = look()
    if watch:
        statuswatch.watch(look, here.settings.state_dir)
    if as_json:
        say_json(document(here, found))
    else:
        statustext.show(found, here.settings.state_dir)
    if not _is_there(here) or not found.all_merged:
        ctx.exit(NO)


def _is_there(here: Site) -> bool:
    """Whether the warehouse's file is where it was; if not, that is said: the dates shown are not in it."""
    try:
        here.require_warehouse()
    except EngineUnavailable as error:
        click.echo(safe(str(error)), err=True)
        return False
    return True
