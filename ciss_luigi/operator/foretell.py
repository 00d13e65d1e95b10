"""A backfill before it is run: what RangeDaily would do with each date now. Reads only.

Dates run from the oldest on, so each one finds in main what those before it left there.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import explaining
from ciss_luigi.operator.ask import ask
from ciss_luigi.queries import readiness
from ciss_luigi.queries.readiness import Holdings, is_newer
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step


class Fate(StrEnum):
    """What would happen to a date."""

    RUN = "run"
    SKIP = "skip"
    SUPERSEDED = "superseded"
    MISSING = "missing"


@dataclass(frozen=True)
class Foretold:
    """A date, what would happen to it, the months that it would merge, and remarks."""

    date: RunDate
    fate: Fate
    months: tuple[Month, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class Backfill:
    """All dates of a range, and the command that runs them; no command if nothing is left to run."""

    dates: tuple[Foretold, ...]
    command: str

    @property
    def counts(self) -> Mapping[Fate, int]:
        """The number of dates of each fate."""
        found = Counter(one.fate for one in self.dates)
        return {fate: found[fate] for fate in Fate if found[fate]}


def foretell(site: Site, first: RunDate, last: RunDate) -> Backfill:
    """What a range would do, ``last`` included.

    Raises EngineUnavailable or StatementFailed.
    """
    ordinals = range(first.date.toordinal(), last.date.toordinal() + 1)
    dates = [RunDate(dt.date.fromordinal(ordinal)) for ordinal in ordinals]
    months = sorted({month for date in dates for month in date.months_in_scope(site.settings.grace_days)})
    with explaining(state="a plan writes nothing", next_command=commands.check()):
        holdings, newest = _look(site, months)
    found = tuple(_walk(site, dates, holdings, newest))
    return Backfill(found, _command(first, last, found))


def _command(first: RunDate, last: RunDate, found: Sequence[Foretold]) -> str:
    if all(one.fate is Fate.SKIP for one in found):
        return ""
    if first == last:
        return commands.merge(first)
    return commands.dates(first.date, dt.date.fromordinal(last.date.toordinal() + 1))


def _look(site: Site, months: Sequence[Month]) -> tuple[Holdings, dict[Month, str | None]]:
    """What the sources and main hold for some months; for main, each month's newest as_of_date."""
    settings, engine = site.settings, site.engine()
    if not engine.exists():
        return readiness.nothing(settings), {}
    doubles = (site.build_engine() or engine).capabilities.double_rates

    def question(engine: Engine, session: Session) -> tuple[Holdings, dict[Month, str | None]]:
        statements = Statements(settings, engine.dialect, RunDate.parse(months[-1].first_day), "plan")
        found = readiness.ask(session, statements, months, double_rates=doubles, renew=False)
        if settings.main_table.lower() not in found.tables:
            return found, {}
        rows = session.query(statements.main_rows(months))
        return found, {Month.parse(month): newest for month, _, newest in rows}

    return ask(site, question)


def _walk(
    site: Site, dates: Sequence[RunDate], holdings: Holdings, newest: dict[Month, str | None]
) -> Iterator[Foretold]:
    """Each date in turn; ``newest`` is updated to what main would hold after it."""
    for date in dates:
        one = _one(site, date, holdings, newest)
        newest.update(dict.fromkeys(one.months, str(date)))
        yield one


def _one(site: Site, date: RunDate, holdings: Holdings, newest: Mapping[Month, str | None]) -> Foretold:
    settings = site.settings
    if site.markers.is_merged(date):
        return Foretold(date, Fate.SKIP, words="merged already")
    built = site.markers.read(date, Step.BUILD)
    if built is not None:
        months, remarks = [Month.parse(one.month) for one in built.months], ["built already: merges only"]
    else:
        scope = readiness.judge(holdings, date.months_in_scope(settings.grace_days), settings)
        if scope.missing:
            return Foretold(date, Fate.MISSING, words="; ".join(scope.missing))
        months = list(scope.months)
        remarks = [f"{month} left out: {why}" for month, why in scope.why_left_out.items()]
    asked = [] if settings.allow_older else months
    newer = {one: newest[one] or "" for one in asked if is_newer(newest.get(one), date)}
    allowed = site.markers.free_to_replace(date, built.run_id) if built is not None else {}
    back = {one: of for one, of in newer.items() if of <= allowed.get(one, "")}
    left = {one: of for one, of in newer.items() if one not in back}
    remarks += [f"{month} is put back, in place of that of {of} (rolled back)" for month, of in back.items()]
    remarks += [f"{month} is left alone: main holds that of {of}" for month, of in left.items()]
    merged = tuple(month for month in months if month not in left)
    fate = Fate.RUN if merged else Fate.SUPERSEDED
    return Foretold(date, fate, merged, "; ".join(remarks))
