"""Comparing main with what a date's run published: its totals and, while temp still holds the run, every row.

It also says whether the sources have changed since then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ciss_luigi import commands, futuredates
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.billing.totals import Key, MonthTotals, SummaryTotals
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.operator import comingnights, monthsheld, sourcesmoved
from ciss_luigi.operator.ask import ask
from ciss_luigi.operator.monthsheld import MonthHeld
from ciss_luigi.operator.sourcesmoved import Held, Moved
from ciss_luigi.queries import rowsapart, totalsread
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step

RECORD = "the run's record"
"""The words for MergeMain's marker in messages."""


@dataclass(frozen=True)
class Writer:
    """Whose rows main holds of a month, if they are not those of the verified run."""

    month: str
    as_of_date: str | None
    run_id: str | None


@dataclass(frozen=True)
class MonthFound:
    """What main holds of a month that the run merged.

    ``superseded``: it has only rows of a newer run, which is not a difference. ``writer``: who wrote it since
    then, if anybody did. ``rows_compared``: it was compared row by row, not by its totals alone.
    """

    totals: MonthTotals
    differences: tuple[str, ...] = ()
    writer: Writer | None = None
    superseded: bool = False
    rows_compared: bool = False


@dataclass(frozen=True)
class Verification:
    """What was found, month by month; ``no_main`` says so if main does not exist at all."""

    marker: Marker
    months: tuple[MonthFound, ...] = ()
    no_main: str = ""
    moved: Moved = field(default_factory=Moved)
    proven_by_temp: bool = False
    """Whether temp still holds the whole build, so that MergeMain can publish it again as it was."""
    rolled_back: tuple[MonthHeld, ...] = ()
    """The months that differ because main was put back to an older date on purpose."""
    newer_dates: tuple[RunDate, ...] = ()
    """The later dates, merged here, whose rows main holds of the months that differ."""
    closed: Mapping[str, RunDate] = field(default_factory=dict)
    """The months whose sources have moved and that no later night covers; each with the date to run again."""

    @property
    def agrees(self) -> bool:
        """Whether main holds what the run published, or a newer run's estimate."""
        return not self.no_main and not any(month.differences for month in self.months)


def verify(site: Site, date: RunDate) -> Verification:
    """Compare main with what a date's run published (docs/operations.md, "Is main right?").

    Raises Refused without a valid marker; EngineUnavailable, also if an embedded warehouse has no file; and
    StatementFailed.
    """
    marker = _marker(site, date)
    if not marker.months:
        return Verification(marker)

    def question(engine: Engine, session: Session) -> Verification:
        return _look(site, marker, engine, session)

    site.require_warehouse(date)
    with explaining(state="nothing was changed", next_command=commands.check(date)):
        return ask(site, question)


def _marker(site: Site, date: RunDate) -> Marker:
    marker = site.markers.read(date, Step.MERGE)
    if marker is not None and site.markers.is_merged(date):
        _refuse_javas(marker)
        return marker
    what = f"{date} has no valid marker of {Step.MERGE}"
    if marker is not None:
        what = f"{date} is not merged: the marker of {Step.MERGE} rests on another build than BuildTemp's"
    raise Refused(
        what,
        state="main was not looked at",
        next_command=futuredates.merge(site, date),
    )


def _refuse_javas(marker: Marker) -> None:
    if marker.loader == "java":
        compared = commands.compare({"--date": str(marker.date), "--with": "TABLE"})
        raise Refused(
            f"{marker.date} was merged by the old job's Java classes, whose tables are only counted: "
            + "; ".join(f"{month.month} {counted(month.rows, 'row')}" for month in marker.months),
            state="main was not looked at",
            next_command=f"{compared} compares it with another table",
        )


def _look(site: Site, marker: Marker, engine: Engine, session: Session) -> Verification:
    settings = site.settings
    statements = Statements(settings, engine.dialect, marker.date, "verify")
    there = session.tables(statements.list_tables(), statements.output_tables)
    temp: Mapping[Key, SummaryTotals] = {}
    if settings.temp_table.lower() in there:
        temp = totalsread.read_summary_totals(session.query(statements.temp_totals()))
    proven = _is_whole_build(site, marker, temp)
    months = [Month.parse(month.month) for month in marker.months]
    held = {str(one.month): one for one in monthsheld.look(site, months)}
    if settings.main_table.lower() not in there:
        moved = sourcesmoved.look(site, marker.months, session, statements)
        no_main, closed = f"there is no table {settings.main}", _closed(site, marker, moved, held)
        return Verification(marker, no_main=no_main, moved=moved, proven_by_temp=proven, closed=closed)
    main = totalsread.read_summary_totals(session.query(statements.main_totals(months)))
    found = months_found(marker, main)
    in_temp = _is_in(temp, marker)
    if in_temp:
        found = rows_compared(found, session, statements)
    moved = sourcesmoved.look(site, marker.months, session, statements, _held(found, temp=in_temp))
    return Verification(
        marker,
        tuple(found),
        moved=moved,
        proven_by_temp=proven,
        rolled_back=tuple(_rolled_back(marker, found, held)),
        newer_dates=tuple(_newer_dates(site, marker, found)),
        closed=_closed(site, marker, moved, held),
    )


def _is_whole_build(site: Site, marker: Marker, temp: Mapping[Key, SummaryTotals]) -> bool:
    """Whether MergeMain would find in temp what BuildTemp's marker says, and so publish it unchanged."""
    built = site.markers.read(marker.date, Step.BUILD)
    if built is None or built.run_id != marker.run_id:
        return False
    return not totalsread.month_differences(built, built.months, temp, ("BuildTemp's marker", "temp"))


def _rolled_back(
    marker: Marker, found: Sequence[MonthFound], held: Mapping[str, MonthHeld]
) -> Iterator[MonthHeld]:
    """The months in which main has the rows of an older run that was merged after this one."""
    for one in found:
        now = held.get(one.totals.month)
        if now is None or one.writer is None or not one.differences:
            continue
        if now.rolled_back_from is not None and now.date < marker.date and now.run_id == one.writer.run_id:
            yield now


def _newer_dates(site: Site, marker: Marker, found: Sequence[MonthFound]) -> Iterator[RunDate]:
    for one in found:
        if one.differences and one.writer is not None and is_a_later_date(one.writer.as_of_date, marker.date):
            date = RunDate.parse(one.writer.as_of_date or "")
            if site.markers.is_merged(date):
                yield date


def _closed(site: Site, marker: Marker, moved: Moved, held: Mapping[str, MonthHeld]) -> Mapping[str, RunDate]:
    """The months whose sources have moved and that no night to come builds, each with its newest run."""
    closed = comingnights.not_covered(site, [Month.parse(month) for month in moved.months])
    return {name: held[name].date if name in held else marker.date for name in map(str, closed)}


def _held(found: Sequence[MonthFound], *, temp: bool) -> Held:
    """Where the rows that the run built can still be read: in temp, or in main if nobody changed them."""
    if temp:
        return Held(rowsapart.temp, tuple(one.totals.month for one in found))
    if any(one.differences for one in found):
        return Held()
    return Held(rowsapart.main, tuple(one.totals.month for one in found if not one.superseded))


def months_found(marker: Marker, main: Mapping[Key, SummaryTotals]) -> list[MonthFound]:
    """What main's totals say about each month that a run merged; single rows are not compared here."""
    return [_month(marker, month, main) for month in marker.months]


def _month(marker: Marker, month: MonthTotals, main: Mapping[Key, SummaryTotals]) -> MonthFound:
    mine = {key: row for key, row in main.items() if key[0] == month.month}
    writer = _written_since(marker, month.month, mine)
    if mine and all(is_a_later_date(text, marker.date) for row in mine.values() for text in row.as_of_dates):
        return MonthFound(month, writer=writer, superseded=True)
    differences = totalsread.month_differences(marker, [month], mine, (RECORD, "main"))
    return MonthFound(month, tuple(differences), writer)


def is_a_later_date(text: str | None, date: RunDate) -> bool:
    """Whether an ``as_of_date`` in main is a date, and a later one: it may hold anything."""
    try:
        return RunDate.parse(text or "") > date
    except ValueError:
        return False


def _written_since(marker: Marker, month: str, mine: Mapping[Key, SummaryTotals]) -> Writer | None:
    """The newest rows that are another run's."""
    others = [
        Writer(month, as_of_date, run_id)
        for row in mine.values()
        for as_of_date, run_id in zip(row.as_of_dates, row.run_ids, strict=True)
        if run_id != marker.run_id
    ]
    return max(others, key=lambda one: one.as_of_date or "", default=None)


def temp_holds(marker: Marker, session: Session, statements: Statements) -> bool:
    """Whether temp still holds the months that were merged, as they were."""
    return _is_in(totalsread.read_summary_totals(session.query(statements.temp_totals())), marker)


def _is_in(temp: Mapping[Key, SummaryTotals], marker: Marker) -> bool:
    merged = {month.month for month in marker.months}
    mine = {key: row for key, row in temp.items() if key[0] in merged}
    return not totalsread.month_differences(marker, marker.months, mine, (RECORD, "temp"))


def rows_compared(found: Sequence[MonthFound], session: Session, statements: Statements) -> list[MonthFound]:
    """What was found, with each month that is still the run's compared with temp row by row."""
    mine = {one.totals.month for one in found if one.writer is None}
    if not mine:
        return list(found)
    months = [Month.parse(month) for month in sorted(mine)]
    sides = rowsapart.temp(statements, months), rowsapart.main(statements, months)
    apart = rowsapart.read_counts(session.query(rowsapart.count(statements, *sides)))
    names = "temp", "main"
    lines = []
    if apart:
        lines = rowsapart.read_sample(session.query(rowsapart.sample(statements, *sides)), names)
    return [
        replace(
            one,
            rows_compared=True,
            differences=(*one.differences, *_rows_apart(one, apart, lines)),
        )
        if one.totals.month in mine
        else one
        for one in found
    ]


def _rows_apart(one: MonthFound, apart: Mapping[str, rowsapart.Apart], lines: Sequence[str]) -> list[str]:
    month = one.totals.month
    if month not in apart:
        return []
    counts = apart[month]
    head = f"{month}: {counts.only_left} of its rows differ between temp, as the run built them, and main"
    if counts.only_left != counts.only_right:
        left, right = counted(counts.only_left, "row"), counted(counts.only_right, "row")
        head = f"{month}: {left} only in temp, {right} only in main"
    return [head, *(line for line in lines if line.startswith(month))]
