"""``ciss`` alone: the state of this folder, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ciss_luigi import commands, site
from ciss_luigi.cli.output import say
from ciss_luigi.config import file as configfile
from ciss_luigi.operator import status as statuses
from ciss_luigi.operator.firstdate import first_date
from ciss_luigi.operator.status import DateStatus, Overview, RunState
from ciss_luigi.site import Site

_HELP = "ciss --help lists every verb."


def say_next() -> None:
    """Print both; raises ConfigurationError if the configuration has faults."""
    for line in (*_lines(), _HELP):
        say(line)


def _lines() -> Iterator[str]:
    known = [*configfile.luigi_paths(os.environ, Path.cwd()), Path("luigi.toml")]
    if not any(configfile.is_there(path) or os.path.isdir(path) for path in known):
        yield "There is no luigi.cfg here. If there is one elsewhere: cd to it, or set LUIGI_CONFIG_PATH."
        yield f"Next:  to begin here: printf '[ciss]\\n' > luigi.cfg && {commands.load_sample()}"
        return
    here = site.current()
    here.require_warehouse()
    if not here.engine().exists():
        yield f"There is no {here.engine().identity} yet."
        yield f"Next:  {commands.load()}, or to try it: {commands.load_sample()}"
        return
    found = statuses.overview(here, None, None)
    yield from _of_dates(here, found)


def _of_dates(here: Site, found: Overview) -> Iterator[str]:
    if not found.dates:
        there = " is there" if here.settings.warehouse.kind.embedded else " is the warehouse"
        yield f"No date has been run yet; {here.engine().identity}{there}."
        yield f"Next:  {commands.check()}, then {commands.merge(first_date(here))}"
        return
    running = [one for one in found.dates if one.state is RunState.RUNNING]
    waiting = [one for one in found.dates if not one.is_merged and one.state is not RunState.RUNNING]
    if running:
        yield f"{_named(running)} running."
        yield f"Next:  {commands.watch_status()}"
    elif found.moved_from:
        yield f"{_named(waiting)} not merged here; there are markers made for another place."
        yield f"Next:  {commands.adopt()}, if the warehouse has moved; else {commands.status()}"
    elif waiting:
        yield f"{_named(waiting)} not merged ({waiting[-1].state})."
        yield f"Next:  {commands.status(waiting[-1].date)}"
    else:
        yield from _done(found.dates[-1], reports=here.settings.loader == "sql")


def _named(dates: list[DateStatus]) -> str:
    more = f" and {len(dates) - 1} earlier" if len(dates) > 1 else ""
    return f"{dates[-1].date}{more} {'are' if more else 'is'}"


def _done(newest: DateStatus, *, reports: bool) -> Iterator[str]:
    yield f"All is merged; the newest date is {newest.date}."
    months = newest.months
    month = months[-1].month if months else str(newest.date.month)
    more = f", or {commands.report(month)}" if reports else ""  # the old classes' main has other columns
    yield f"Next:  {commands.status()}{more}"
