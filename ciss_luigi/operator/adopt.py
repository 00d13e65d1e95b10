"""Markers of a warehouse that has moved (file, host, port), proven against main and signed again.

Without it every date would count as missing, and years of nights would run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import Key, SummaryTotals
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import explaining
from ciss_luigi.locking.filelocks import LocksUnusable
from ciss_luigi.operator import verify
from ciss_luigi.operator.ask import ask
from ciss_luigi.queries import totalsread
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import STEPS, Marker, Step

_SHOWN = 3


@dataclass(frozen=True)
class Left:
    """A date whose markers stay as they are, and why."""

    date: RunDate
    why: str
    runs: bool = False
    """Whether it could not be looked at, because somebody runs it."""


@dataclass(frozen=True)
class Adoption:
    """What was done: the dates whose markers count here now, where they came from, and the other dates."""

    adopted: tuple[RunDate, ...] = ()
    places: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()


@dataclass(frozen=True)
class _Here:
    """The session, and what main and temp hold, asked once for all dates."""

    site: Site
    engine: Engine
    session: Session
    main: Mapping[Key, SummaryTotals]
    temp_dates: frozenset[str]


def adopt(site: Site, first: RunDate | None = None, last: RunDate | None = None) -> Adoption:
    """Prove the markers of other places against main, as ``ciss verify`` does, and sign those that hold.

    From one date to another, both included; without bounds all. What cannot be proven stays as it is. Raises
    EngineUnavailable, StatementFailed, OSError.
    """
    moved = {
        date: found
        for date in site.markers.dates()
        if (first is None or first <= date)
        and (last is None or date <= last)
        and set(found := _moved(site, date)) - {Step.TRUNCATE}  # that one alone says nothing of any row
    }
    if not moved:
        return Adoption()
    state = "what was signed before counts; all other markers are as they were"
    with explaining(state=state, next_command=commands.check()):
        return ask(site, lambda engine, session: _adopt(site, moved, engine, session))


def _moved(site: Site, date: RunDate) -> dict[Step, Marker]:
    found = {step: site.markers.read_moved(date, step) for step in STEPS}
    return {step: marker for step, marker in found.items() if marker is not None}


def _adopt(
    site: Site, moved: Mapping[RunDate, Mapping[Step, Marker]], engine: Engine, session: Session
) -> Adoption:
    here = _ask(site, moved, engine, session)
    places: dict[str, None] = {}
    adopted, left = [], []
    for date, markers in moved.items():
        place = site.markers.made_for(date, next(iter(markers)))
        one = _prove_and_sign(here, date, markers)
        if one is not None:
            left.append(one)
        else:
            adopted.append(date)
            places[place] = None
    return Adoption(tuple(adopted), tuple(places), tuple(left))


def _ask(
    site: Site, moved: Mapping[RunDate, Mapping[Step, Marker]], engine: Engine, session: Session
) -> _Here:
    settings = site.settings
    statements = Statements(settings, engine.dialect, next(iter(moved)), "adopt")
    there = session.tables(statements.list_tables(), statements.output_tables)
    names = {name for markers in moved.values() for one in markers.values() for name in one.names}
    main: Mapping[Key, SummaryTotals] = {}
    if settings.main_table.lower() in there:
        months = [Month.parse(name) for name in sorted(names)]
        main = totalsread.read_summary_totals(session.query(statements.main_totals(months)))
    dates: Sequence[str] = ()
    if settings.temp_table.lower() in there:
        dates = engine.dialect.partition_values(session.query(statements.list_temp()))
    return _Here(site, engine, session, main, frozenset(dates))


def _prove_and_sign(here: _Here, date: RunDate, markers: Mapping[Step, Marker]) -> Left | None:
    """Why a date's markers cannot count here; None if they could be signed."""
    lock = here.site.date_lock(date)
    try:
        if not lock.try_acquire():
            return Left(date, f"it is being run by {lock.holder() or 'another process'}", runs=True)
    except LocksUnusable as error:
        raise error.before_a_step() from error
    try:
        why = list(_unproven(here, date, markers))
        if why:
            return Left(date, "; ".join(why[:_SHOWN]))
        for step in STEPS:
            if step in markers:
                here.site.markers.sign(date, step)
        return None
    finally:
        lock.release()


def _unproven(here: _Here, date: RunDate, markers: Mapping[Step, Marker]) -> Iterator[str]:
    """What speaks against a date's markers."""
    merged, built = markers.get(Step.MERGE), markers.get(Step.BUILD)
    statements = Statements(here.site.settings, here.engine.dialect, date, "adopt")
    in_temp = str(date) in here.temp_dates
    if merged is None:
        if built is not None and not (in_temp and verify.temp_holds(built, here.session, statements)):
            yield "temp does not hold what BuildTemp's marker says"
        return
    if built is not None and built.run_id != merged.run_id:
        yield "MergeMain's marker rests on another build than BuildTemp's"
    found = verify.months_found(merged, here.main)
    if here.main and in_temp and verify.temp_holds(merged, here.session, statements):
        found = verify.rows_compared(found, here.session, statements)
    for month in found:
        yield from month.differences
    yield from _not_newer(here, merged)


def _not_newer(here: _Here, merged: Marker) -> Iterator[str]:
    """The months that a run left alone for a newer run, though main holds no newer run of them here."""
    for name in merged.superseded:
        rows = [row for (month, _), row in here.main.items() if month == name]
        if not rows or not all(verify.is_a_later_date(row.as_of_dates[0], merged.date) for row in rows):
            yield f"main holds no newer run of {name}, although the marker says so"
