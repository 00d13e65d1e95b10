"""``ciss verify``: main against the marker."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.exitcodes import NO
from ciss_luigi.operator.verify import Verification, Writer, verify
from ciss_luigi.plaintext import printable


@click.command("verify")
@click.option("--date", required=True, type=DATE, help="The run date, for example 2016-11-22.")
@click.pass_context
def command(ctx: click.Context, date: RunDate) -> None:
    """Hold main against what MergeMain's marker of a date says.

    Exit code 0 when they agree, 1 when they differ; then it shows every difference with both sides, and says
    who wrote a month since, or whether the sources have moved. A month that was superseded already when the
    date was merged is not compared. 35 when the warehouse is away, be it that its file is gone.
    """
    here = site.current()
    with waiting("asking the warehouse"):
        found = verify(here, date)
    for line in _lines(found):
        say(line)
    if not found.agrees:
        ctx.exit(NO)


def _lines(found: Verification) -> Iterator[str]:
    marker = found.marker
    for month in found.superseded:
        yield f"{month}: superseded; when {marker.date} was merged, main held a newer estimate: not compared"
    if found.agrees:
        for totals in marker.months:
            yield f"{totals.month}: main holds what MergeMain's marker says, {totals.rows} rows"
        if not marker.months:
            yield f"{marker.date} merged no month: nothing to compare"
        return
    yield f"main does not hold what MergeMain's marker of {marker.date} says:"
    yield from (f"  - {line}" for line in found.differences)
    yield from (_who(writer, marker.date) for writer in found.written_since)
    yield from _sources(found)
    yield "State: nothing was changed"
    yield f"Next:  {_next(found)}"


def _sources(found: Verification) -> Iterator[str]:
    if found.sources_unknown:
        yield f"whether the sources have moved since is not known: {found.sources_unknown}"
    elif found.sources_moved:
        yield "the sources have moved since:"
        yield from (f"  - {line}" for line in found.sources_moved)
    elif found.unexplained:
        yield "the sources have not moved since: main itself was changed"


def _who(writer: Writer, date: RunDate) -> str:
    how = "superseded" if (writer.as_of_date or "") > str(date) else "written anew"
    words = f"by the run for {writer.as_of_date} (run_id {writer.run_id})"
    return f"{writer.month} was {how} {printable(words)}"


def _next(found: Verification) -> str:
    date = found.marker.date
    newest = max((writer.as_of_date or "" for writer in found.written_since), default="")
    if newest > str(date) and _is_date(newest):  # what stands in main is nobody's command
        return f"ciss verify --date {newest}"
    return f"ciss reset --date {date} && luigi --module ciss_luigi MergeMain --date {date}"


def _is_date(text: str) -> bool:
    try:
        RunDate.parse(text)
    except ValueError:
        return False
    return True
