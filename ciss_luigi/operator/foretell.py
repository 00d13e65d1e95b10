"""A backfill before it is run: what RangeDaily would do with each date now. Reads only.

Dates run from the oldest on, so each one finds in main what those before it left there.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum

from ciss_luigi import commands
from ciss_luigi.billing import rates
from ciss_luigi.billing.rates import RateMonths
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import explaining, gist
from ciss_luigi.operator.ask import ask
from ciss_luigi.queries import readiness, totalsread
from ciss_luigi.queries import survey as surveys
from ciss_luigi.queries.readiness import is_newer
from ciss_luigi.queries.statements import Statements
from ciss_luigi.queries.survey import Survey
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step


class Fate(StrEnum):
    """What would happen to a date."""

    RUN = "run"
    SKIP = "skip"
    SUPERSEDED = "superseded"
    MISSING = "missing"
    FAIL = "fail"


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

    Raises EngineUnavailable, also if an embedded warehouse's file is gone, or StatementFailed.
    """
    site.require_warehouse()
    ordinals = range(first.date.toordinal(), last.date.toordinal() + 1)
    dates = [RunDate(dt.date.fromordinal(ordinal)) for ordinal in ordinals]
    done = {date for date in dates if site.markers.is_merged(date)}
    months = {month for date in dates if date not in done for month in _scope(site, date)}
    with explaining(state="a plan writes nothing", next_command=commands.check()):
        seen = _look(site, sorted(months)) if months else _Seen(Survey(readiness.nothing(site.settings)))
    found = tuple(_walk(site, dates, done, seen))
    return Backfill(found, _command(first, last, found))


def _scope(site: Site, date: RunDate) -> tuple[Month, ...]:
    return date.months_in_scope(site.settings.grace_days)


def _command(first: RunDate, last: RunDate, found: Sequence[Foretold]) -> str:
    if all(one.fate is Fate.SKIP for one in found):
        return ""
    if first == last:
        return commands.merge(first)
    return commands.dates(first.date, dt.date.fromordinal(last.date.toordinal() + 1))


@dataclass(frozen=True)
class _Seen:
    """What the sources hold, the months of all rates, and main's newest as_of_date of each month."""

    survey: Survey
    held: RateMonths = field(default_factory=dict)
    newest: dict[Month, str | None] = field(default_factory=dict)


def _look(site: Site, months: Sequence[Month]) -> _Seen:
    settings, engine = site.settings, site.engine()
    if not engine.exists():
        return _Seen(Survey(readiness.nothing(settings)))
    doubles = (site.build_engine() or engine).capabilities.double_rates

    def question(engine: Engine, session: Session) -> _Seen:
        statements = Statements(settings, engine.dialect, RunDate.parse(months[-1].first_day), "plan")
        survey = surveys.take(session, statements, months, double_rates=doubles, renew=False)
        held = _held(session, statements, survey)
        if settings.main_table.lower() not in survey.holdings.tables:
            return _Seen(survey, held)
        rows = session.query(statements.main_rows(months))
        return _Seen(survey, held, {Month.parse(month): newest for month, _, newest in rows})

    return ask(site, question)


def _held(session: Session, statements: Statements, survey: Survey) -> RateMonths:
    """The months of all rates, for the words about one that is missing; not asked for if none is."""
    found: dict[str, Iterable[str]] = {}

    def ask_held() -> RateMonths:
        found.update(totalsread.read_rate_months(session.query(statements.rates_held())))
        return found

    rates.faults(survey.totals, survey.rates, statements.settings.rate_fallback_months, ask_held)
    return found


def _walk(site: Site, dates: Sequence[RunDate], done: Set[RunDate], seen: _Seen) -> Iterator[Foretold]:
    """Each date in turn; what is known of main is kept as each date would leave it."""
    for date in dates:
        one = Foretold(date, Fate.SKIP, words="merged already") if date in done else _one(site, date, seen)
        seen.newest.update(dict.fromkeys(one.months if one.fate is Fate.RUN else (), str(date)))
        yield one


def _one(site: Site, date: RunDate, seen: _Seen) -> Foretold:
    settings, newest = site.settings, seen.newest
    built = site.markers.read(date, Step.BUILD)
    if built is not None:
        months, remarks = [Month.parse(one.month) for one in built.months], ["built already: merges only"]
    else:
        scope = readiness.judge(seen.survey.holdings, _scope(site, date), settings)
        if scope.missing:
            return Foretold(date, Fate.MISSING, words="; ".join(scope.missing))
        months = list(scope.months)
        if wrong := _faults(settings, seen, months):
            return Foretold(date, Fate.FAIL, words=gist("\n".join(["the source data has errors:", *wrong])))
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


def _faults(settings: Settings, seen: _Seen, months: Sequence[Month]) -> list[str]:
    """Why BuildTemp would refuse the sources of some months."""
    concerned = seen.survey.of(months, rates.months_used(months, settings.rate_fallback_months))
    fallback = settings.rate_fallback_months
    found = rates.faults(concerned.totals, concerned.rates, fallback, lambda: seen.held)
    odd = seen.survey.odd_rows if settings.odd_rows == "fail" else ()
    return [*found, *(f"{one} (odd_rows = fail)" for one in odd)]
