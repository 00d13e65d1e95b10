"""Putting main back to what an older date published, while temp holds it (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.operator.ask import ask
from ciss_luigi.operator.reset import held
from ciss_luigi.queries import totalsread
from ciss_luigi.queries.readiness import newer_estimates
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step

_UNCHANGED = "nothing was changed"


@dataclass(frozen=True)
class RolledBack:
    """The months that the next run of the date puts back, and what main holds of them now."""

    months: tuple[Month, ...]
    newer: Mapping[Month, str]


def roll_back(site: Site, date: RunDate) -> RolledBack:
    """Let the next run of a date publish again what it published, once, in place of newer estimates.

    Removes MergeMain's marker of the date. Raises Refused if the date runs, is not merged, or temp does not
    hold what it built; EngineUnavailable; ConfigurationError if ``state_dir`` cannot be used.
    """
    with held(site, date, commands.status(date)):
        merged, built = _markers(site, date)
        site.require_warehouse(date)
        months = frozenset(Month.parse(month.month) for month in merged.months)
        with explaining(state=_UNCHANGED, next_command=commands.check(date)):
            newer = ask(site, lambda engine, session: _look(site, built, months, engine, session))
        if not newer:
            raise Refused(
                f"main holds no newer estimate than {date} of {', '.join(map(str, sorted(months)))}",
                state=_UNCHANGED,
                next_command=commands.verify(date),
            )
        with explaining(state=_UNCHANGED, next_command=commands.check()):
            site.markers.roll_back(merged, months, newer)
    return RolledBack(tuple(sorted(months)), newer)


def _markers(site: Site, date: RunDate) -> tuple[Marker, Marker]:
    """The date's marker of MergeMain, and that of BuildTemp on which it rests."""
    merged, built = (site.markers.read(date, step) for step in (Step.MERGE, Step.BUILD))
    if merged is None and built is not None and site.markers.free_to_replace(date, built.run_id):
        raise Refused(
            f"{date} is to be rolled back already: its next run does it",
            state=_UNCHANGED,
            next_command=commands.merge(date),
        )
    if merged is None or not site.markers.is_merged(date):
        raise Refused(
            f"{date} is not merged: it has published nothing that main could go back to",
            state=_UNCHANGED,
            next_command=commands.status(date),
        )
    if not merged.months:
        raise Refused(
            f"{date} published no month: main had a newer run of each",
            state=_UNCHANGED,
            next_command=commands.status(),
        )
    if built is None:
        raise Refused(
            f"{date} has no valid marker of BuildTemp, so nothing proves what temp holds",
            state=_UNCHANGED,
            next_command=_rebuild(date),
        )
    return merged, built


def _look(
    site: Site, built: Marker, months: frozenset[Month], engine: Engine, session: Session
) -> dict[Month, str]:
    """The months of which main holds a newer estimate; raises Refused if temp does not hold the build."""
    settings, date = site.settings, built.date
    statements = Statements(settings, engine.dialect, date, "roll-back", built.run_id)
    there = session.tables(statements.list_tables(), statements.output_tables)
    differences = [f"there is no table {settings.temp}"]
    if settings.temp_table.lower() in there:
        temp = totalsread.read_summary_totals(session.query(statements.temp_totals()))
        sides = ("BuildTemp's marker", "temp")
        differences = totalsread.month_differences(built, built.months, temp, sides)
    if differences:
        listed = "\n".join(f"  - {one}" for one in differences)
        raise Refused(
            f"temp no longer holds what {date} built:\n{listed}",
            state=_UNCHANGED,
            next_command=_rebuild(date),
        )
    if settings.main_table.lower() not in there:
        return {}
    return newer_estimates(session.query(statements.main_rows(sorted(months))), date)


def _rebuild(date: RunDate) -> str:
    """How to build the date again instead, from what the sources hold today."""
    return (
        f"to build {date} again from today's sources instead: set allow_older = true, then "
        f"{commands.run_again(date)}, and remove allow_older afterwards"
    )
