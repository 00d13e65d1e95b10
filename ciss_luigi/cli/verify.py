"""``ciss verify``: main against what a run published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from ciss_luigi import commands, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.counting import counted
from ciss_luigi.exitcodes import NO
from ciss_luigi.operator.sourcesmoved import Moved
from ciss_luigi.operator.verify import MonthFound, Verification, Writer, verify
from ciss_luigi.plaintext import printable


@click.command("verify", epilog="\b\nExample: ciss verify --date 2016-11-22")
@click.option("--date", required=True, type=DATE, help="The run date, for example 2016-11-22.")
@click.pass_context
def command(ctx: click.Context, date: RunDate) -> None:
    """Compare main with what the run of a date published.

    Its totals are compared with the run's record (MergeMain's marker); while temp still holds the run, every
    row is compared as well. It always says whether the sources have changed since, and which run takes it up.
    If main was rolled back, or holds a newer run in part, it says so.

    Exit code 0 if main agrees, also if a newer run has replaced a month since; 1 if it differs, with what
    differs; 35 if the warehouse is away or its file is gone.
    """
    here = site.current()
    with waiting("asking the warehouse"):
        found = verify(here, date)
    for line in _lines(found):
        say(line)
    if not found.agrees:
        ctx.exit(NO)


def _lines(found: Verification) -> Iterator[str]:
    date = found.marker.date
    for month in found.marker.superseded:
        yield f"{month}: not published by this run: main had a newer run"
    for month_found in found.months:
        yield from _month(month_found)
    if found.no_main:
        yield f"main differs from the run's record of {date}: {found.no_main}"
    if not found.marker.months:
        yield f"{date} published no month: nothing to compare"
    yield from _rolled_back(found)
    yield from _sources(found.moved, found.closed)
    if not found.agrees:
        yield "State: nothing was changed"
        yield f"Next:  {_next(found)}"


def _month(found: MonthFound) -> Iterator[str]:
    month, rows = found.totals.month, counted(found.totals.rows, "row")
    if found.superseded:
        yield f"{month}: OK: main has a newer run{_by(found.writer)}; not compared"
    elif found.differences:
        yield f"{month}: main differs from the run's record"
        yield from (f"  - {line}" for line in found.differences)
        if found.writer is not None:
            yield f"  - the rows in main are of another run{_by(found.writer)}"
    elif found.rows_compared:
        yield f"{month}: OK: main's totals match the run's record, and so does every row ({rows})"
    else:
        yield f"{month}: OK: main's totals match the run's record ({rows})"
        yield "  temp no longer holds the run, so single rows could not be compared"


def _rolled_back(found: Verification) -> Iterator[str]:
    """Name a roll-back as one: it was asked for, and is no damage."""
    for one in found.rolled_back:
        yield (
            f"{one.month}: main was rolled back on purpose from {one.rolled_back_from} to {one.date}, "
            "until a newer night is merged"
        )


def _by(writer: Writer | None) -> str:
    if writer is None:
        return ""
    return f", for {printable(str(writer.as_of_date))} (run_id {printable(str(writer.run_id))})"


def _sources(moved: Moved, closed: Mapping[str, RunDate]) -> Iterator[str]:
    if moved.unknown:
        yield f"whether the sources have changed since is not known: {moved.unknown}"
    elif moved.lines:
        open_months = [month for month in moved.months if month not in closed]
        takes_up = "; the next run takes it up" if not closed else ""
        yield f"the sources have changed since{takes_up}:"
        yield from (f"  - {line}" for line in moved.lines)
        if closed and open_months:
            yield f"the next run takes up {', '.join(open_months)}"
        for date in sorted(set(closed.values())):
            months = ", ".join(month for month in closed if closed[month] == date)
            yield f"no later night builds {months}; to take it up: {commands.run_again(date)}"
    elif moved.asked:
        yield "the sources have not changed since"


def _next(found: Verification) -> str:
    """What puts main right, or shows more; never silently other money than the run published."""
    date = found.marker.date
    if found.rolled_back:
        to = found.rolled_back[-1].date
        instead = f"to publish {date} again instead: " if found.proven_by_temp else ""
        return f"{commands.verify(to)}; {instead}{_again(found)}"
    if found.newer_dates:
        return commands.verify(max(found.newer_dates))
    return _again(found)


def _again(found: Verification) -> str:
    date = found.marker.date
    if found.proven_by_temp:
        return commands.publish_again(date)
    how = f"to build {date} from today's sources, as temp no longer holds the run"
    return f"{how}: {commands.run_again(date)}"
