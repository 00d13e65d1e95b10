"""BuildTemp: the summary in temp, proven against the sources."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from ciss_luigi.billing import schema
from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rates import RateMonths, faults, wrong_rates
from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.totals import Build, compare_sources, month_totals
from ciss_luigi.engines.base import Row, Session, query_each
from ciss_luigi.errors import BillingFault, TotalsDiffer
from ciss_luigi.queries import readiness
from ciss_luigi.queries.readiness import Holdings, Scope
from ciss_luigi.queries.statements import Statements
from ciss_luigi.queries.totalsread import (
    read_odd_register,
    read_odd_rows,
    read_rate_months,
    read_rates,
    read_source_totals,
    read_summary_totals,
)
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.job import Job
from ciss_luigi.steps.parts import columns, listed, make_lost_tables, now, refresh, send
from ciss_luigi.steps.sitesrules import require_one_query


def build_temp(job: Job) -> Marker:
    """Compute the summary into temp and prove that it agrees with the sources.

    Raises SourcesMissing, BillingFault or TotalsDiffer; main is never touched.
    """
    with job.builder.session() as session:
        return build_proven(job, session)


def build_proven(job: Job, session: Session) -> Marker:
    """Build, and show it to the other engines; a first difference is answered by one rebuild."""
    while True:
        try:
            with session.transaction():
                marker = _build_once(job, session)
            refresh(
                job, "temp", Statements.refresh_temp, Step.BUILD, run_id=marker.run_id, writer=job.builder
            )
            return marker
        except TotalsDiffer as error:
            job.budget.spend(error)


def _build_once(job: Job, session: Session) -> Marker:
    started = now()
    statements = job.statements(Step.BUILD, job.make_run_id(job.date), job.builder)
    doubles = job.builder.capabilities.double_rates
    renew = job.builder is not job.engine  # which SourcesReady has shown the sources
    holdings = readiness.ask(
        session, statements, job.months, double_rates=doubles, when=job.when, renew=renew
    )
    scope = readiness.judge(holdings, job.months, job.settings).require()
    make_lost_tables(job, session, statements, holdings.tables)
    totals = query_each(session, statements.source_totals(scope.months, odd=True))
    sources, odd = read_source_totals(totals), _odd_rows(job, session, statements, totals)
    rates = read_rates(session.query(statements.rates(scope.months)))
    held = partial(_rate_months, session, statements)
    found = faults(sources, rates, job.settings.rate_fallback_months, held)
    _refuse_faults(found, odd, job)
    require_one_query(job.builder, statements, scope.months)
    table = columns(session, statements, job.settings.temp_table)
    with session.writing(job.settings.temp_target(job.date)):
        send(session, statements.build(scope.months, table))
    temp = read_summary_totals(session.query(statements.temp_totals()))
    differences = compare_sources(sources, temp, Build(statements.run_id, str(job.date)))
    differences += wrong_rates(temp, rates, scope.months, job.settings.rate_fallback_months)
    if differences:
        raise TotalsDiffer(
            listed("the control totals of the sources and temp differ:", differences),
            next_command=_after_a_difference(job),
        )
    marker = Marker(
        Step.BUILD,
        job.date,
        statements.run_id,
        started,
        months=month_totals(temp, scope.months),
        left_out=tuple(map(str, scope.left_out)),
        empty_sources=scope.empty_sources,
        odd_rows=odd,
    )
    _tell_built(job, marker, scope, _gone(job, session, statements, scope, holdings))
    return marker


def _after_a_difference(job: Job) -> str:
    """A site's own rules are what to look at first; ours are right, so the sources moved."""
    rules = job.settings.sql_dir
    return f"ciss plan --date {job.date}, then correct {rules / 'build.sql'}" if rules else ""


def _odd_rows(
    job: Job, session: Session, statements: Statements, totals: Sequence[Row]
) -> tuple[OddRows, ...]:
    """The source rows that no run uses; those of the register came with its totals."""
    names = {table.role: job.settings.source(table.role) for table in schema.SOURCES}
    return read_odd_rows(read_odd_register(totals), session.query(statements.odd_rows()), names)


def _rate_months(session: Session, statements: Statements) -> RateMonths:
    return read_rate_months(session.query(statements.rates_held()))


def _refuse_faults(found: Sequence[str], odd: Sequence[OddRows], job: Job) -> None:
    if job.settings.odd_rows == "fail":
        found = [*found, *(f"{one} (odd_rows = fail)" for one in odd)]
    if found:
        raise BillingFault(
            listed("the source data has errors; nothing was published:", found),
            state="main was not touched; temp holds nothing of this attempt",
            next_command="correct the source rows, then the same command again",
        )


def _gone(
    job: Job, session: Session, statements: Statements, scope: Scope, holdings: Holdings
) -> list[tuple[str, Month]]:
    """The sources that had rows in the month before and have none now; asked only where one has none."""
    unknown = readiness.unknown_before(scope, job.months)
    before = {(role, month) for role, month in query_each(session, statements.readiness(unknown))}
    return readiness.gone(scope, holdings.months | before)


def _tell_built(job: Job, marker: Marker, scope: Scope, gone: Collection[tuple[str, Month]]) -> None:
    for month in marker.months:
        job.tell(f"built {month.month}: {month.rows} rows from {month.source_rows} source rows")
    for left, why in scope.why_left_out.items():
        job.warn(f"{left} is not built: {why}, and main holds nothing of it")
    for role, empty in scope.empty:
        text = f"{job.settings.source(role)} has no row for {empty}"
        if (role, empty) in gone:
            job.warn(f"{text}, though it has rows for {empty.minus(1)}; {empty} is built without it")
        else:
            job.tell(text)
    for one in marker.odd_rows:
        job.warn(str(one))
