"""BuildTemp: puts the summary into temp, and proves it against the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ciss_luigi import commands
from ciss_luigi.billing.oddrows import OddRows
from ciss_luigi.billing.rates import RateMonths, faults, wrong_rates
from ciss_luigi.billing.totals import Build, Key, SummaryTotals, compare_sources, month_totals
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session
from ciss_luigi.errors import BillingFault, TotalsDiffer
from ciss_luigi.queries import readiness
from ciss_luigi.queries import survey as surveys
from ciss_luigi.queries.readiness import Scope
from ciss_luigi.queries.statements import Statements
from ciss_luigi.queries.survey import Survey
from ciss_luigi.queries.totalsread import read_rate_months, read_summary_totals
from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.job import Job
from ciss_luigi.steps.parts import columns, listed, make_lost_tables, now, refresh, send
from ciss_luigi.steps.sitesrules import require_one_query


def build_temp(job: Job) -> Marker:
    """Compute the summary into temp and prove that it agrees with the sources; main is never touched.

    Returns the step's marker. Raises SourcesMissing, ConfigurationError, EngineUnavailable, OSError and
    StepFailed; among the last are BillingFault and TotalsDiffer.
    """
    with job.builder.session() as session:
        return build_proven(job, session)


def build_proven(job: Job, session: Session) -> Marker:
    """Build in an open session, and make the other engines see it; after a first difference, build once more.

    Returns and raises what ``build_temp`` does.
    """
    while True:
        try:
            # the proof is inside: where there are transactions, what proves wrong is never in temp
            with session.transaction():
                marker = _build_once(job, session)
            refresh(
                job, "temp", Statements.refresh_temp, Step.BUILD, run_id=marker.run_id, writer=job.builder
            )
            if job.builder is job.engine:  # if not, the merging engine has to see for itself
                job.known.temp = marker
            return marker
        except TotalsDiffer as error:
            job.budget.spend(error)


def _build_once(job: Job, session: Session) -> Marker:
    started = now()
    job.known.temp = None  # temp is about to change: nothing that was proven of it holds any more
    statements = job.statements(Step.BUILD, job.make_run_id(job.date), job.builder)
    known = job.known.take_survey()
    # SourcesReady has made the job's engine look at the sources already
    survey = known or look(job, session, statements, renew=job.builder is not job.engine)
    scope = readiness.judge(survey.holdings, job.months, job.settings).require()
    if not (known and job.known.has_tables):  # an older survey does not list what TruncateTemp has made since
        make_lost_tables(job, session, statements, survey.holdings.tables)
    sources = _concerned(survey, scope, statements)
    held = partial(_rate_months, session, statements)
    found = faults(sources.totals, sources.rates, job.settings.rate_fallback_months, held)
    _refuse_faults(found, survey.odd_rows, job)
    # once more: the site may have changed its build.sql since SourcesReady looked at it
    require_one_query(job.builder, statements, scope.months)
    table = columns(session, statements, job.settings.temp_table)
    with session.writing(job.settings.temp_target(job.date)):
        send(session, statements.build(scope.months, table))
    temp = read_summary_totals(session.query(statements.temp_totals()))
    differences = _differences(job, temp, survey, scope, statements)
    if differences and known is not None:  # the sources may have changed since SourcesReady asked
        survey = look(job, session, statements)
        differences = _differences(job, temp, survey, scope, statements)
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
        odd_rows=survey.odd_rows,
    )
    _tell_built(job, marker, scope, survey)
    return marker


def look(job: Job, session: Session, statements: Statements, *, renew: bool = True) -> Survey:
    """Look at the sources of the months in scope; ``renew`` as in ``readiness.ask``."""
    doubles = job.builder.capabilities.double_rates
    return surveys.take(session, statements, job.months, double_rates=doubles, renew=renew, when=job.when)


def _concerned(survey: Survey, scope: Scope, statements: Statements) -> Survey:
    """The survey of the months that are built: faults in a month that is left out do not count."""
    return survey.of(scope.months, statements.rate_months(scope.months))


def _differences(
    job: Job, temp: Mapping[Key, SummaryTotals], survey: Survey, scope: Scope, statements: Statements
) -> list[str]:
    """Where temp is not what the sources and the rates require, one line each."""
    sources = _concerned(survey, scope, statements)
    differences = compare_sources(sources.totals, temp, Build(statements.run_id, str(job.date)))
    fallback = job.settings.rate_fallback_months
    return differences + wrong_rates(temp, sources.rates, scope.months, fallback)


def _after_a_difference(job: Job) -> str:
    """The next command after a difference: look at the site's own rules. Empty if it has none: run again."""
    rules = job.settings.sql_dir
    return f"{commands.plan(job.date)}, then correct {rules / 'build.sql'}" if rules else ""


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


def _tell_built(job: Job, marker: Marker, scope: Scope, survey: Survey) -> None:
    gone = readiness.gone(scope, survey.holdings.months | survey.held_before)
    for month in marker.months:
        rows, sources = counted(month.rows, "row"), counted(month.source_rows, "source row")
        job.tell(f"built {month.month}: {rows} from {sources}")
    for left, why in scope.why_left_out.items():
        job.warn(f"{left} is not built: {why}, and main holds no row of it")
    for role, empty in scope.empty:
        text = f"{job.settings.source(role)} has no row for {empty}"
        if (role, empty) in gone:
            job.warn(f"{text}, though it has rows for {empty.minus(1)}; {empty} is built without it")
        elif earlier := job.charged_before(role, empty):
            job.warn(f"{text}, though {earlier}; {empty} is built without it")
        else:
            job.tell(text)
    for one in marker.odd_rows:
        job.warn(str(one))
    if not survey.has_mapping:
        job.warn(f"{job.settings.source('mapping')} has no row: every customer is unmapped, and has no name")
