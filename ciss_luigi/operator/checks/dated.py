"""What a run of one date would find: ready months, faults by the rules of the money, newer estimates."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ciss_luigi.billing import rates
from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.base import Session, query_each
from ciss_luigi.operator.checks.findings import FILL, Group
from ciss_luigi.queries import readiness, totalsread
from ciss_luigi.queries.readiness import Scope
from ciss_luigi.queries.statements import Statements
from ciss_luigi.steps import Job


def check(group: Group, job: Job, session: Session, statements: Statements, *, main_is_there: bool) -> None:
    """Check all that depends on the date; the tables must have passed their own check."""
    with group.asking("which months are ready"):
        holdings = readiness.ask(session, statements, job.months)
        scope = readiness.judge(holdings, job.months, job.settings)
        before = readiness.unknown_before(scope, job.months)
        known = {(role, month) for role, month in query_each(session, statements.readiness(before))}
        _tell_scope(group, job, scope, holdings.months | known)
        months = scope.months or job.months
        with group.asking("the rules of the money"):
            _rules(group, job, session, statements, months)
        with group.asking("keys without a mapping"):
            _unmapped(group, session, statements, months)
    if main_is_there:
        with group.asking("newer estimates in main"):
            _newer(group, job, session, statements)


def _tell_scope(group: Group, job: Job, scope: Scope, held: Collection[tuple[str, str]]) -> None:
    for text in scope.missing:
        group.fault(f"not ready: {text}", f"{FILL}, or see [ciss] required_sources")
    if not scope.missing:
        group.ok(f"a run of {job.date} would build {', '.join(map(str, scope.months))}")
    for month, why in scope.why_left_out.items():
        group.warn(f"{month} would not be built: {why}, and main holds no row of it")
    gone = readiness.gone(scope, held)
    for role, month in scope.empty:
        text = f"{job.settings.source(role)} has no row for {month}"
        if (role, month) in gone:
            group.warn(f"{text}, though it has rows for {month.minus(1)}", FILL)
        elif earlier := job.charged_before(role, month):
            group.warn(f"{text}, though {earlier}", FILL)
        else:
            group.note(text)


def _rules(group: Group, job: Job, session: Session, statements: Statements, months: Sequence[Month]) -> None:
    totals = totalsread.read_source_totals(query_each(session, statements.source_totals(months)))
    found_rates = totalsread.read_rates(session.query(statements.rates(months)))
    faults = rates.faults(
        totals,
        found_rates,
        job.settings.rate_fallback_months,
        lambda: totalsread.read_rate_months(session.query(statements.rates_held())),
    )
    for text in faults:
        group.fault(text, "correct the source rows")
    if faults:
        return
    for month, currency in sorted(key for key in totals if key[1] is not None):
        chosen = rates.choose_rate(
            found_rates, Month.parse(month), currency or "", job.settings.rate_fallback_months
        )
        if chosen is not None and chosen[0] != month:
            group.note(f"{month}: {currency!r} would be converted at the rate of {chosen[0]}")
    group.ok(f"currencies and rates of {', '.join(map(str, months))} are right")


def _unmapped(group: Group, session: Session, statements: Statements, months: Sequence[Month]) -> None:
    for month, keys, unmapped in sorted(session.query(statements.unmapped(months))):
        text = f"{month}: {int(unmapped):,} of {int(keys):,} keys have no mapping row"
        if unmapped == keys:  # one may be missing; that none is there is seldom meant
            group.warn(text, FILL)
        else:
            group.note(text)


def _newer(group: Group, job: Job, session: Session, statements: Statements) -> None:
    newer = readiness.newer_estimates(session.query(statements.main_rows(job.months)), job.date)
    for month, newest in newer.items():
        held = f"main holds an estimate of {month} as of {newest}, newer than {job.date}"
        if job.settings.allow_older:
            group.warn(f"{held}: allow_older lets this run replace it")
        else:
            group.warn(f"{held}: a run would leave that month alone")
