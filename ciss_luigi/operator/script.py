"""The statements of each step as a run would send them, in the order of ``steps``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.base import BEGIN, COMMIT, ROLLBACK, Engine
from ciss_luigi.plaintext import printable
from ciss_luigi.queries.readiness import unknown_before
from ciss_luigi.queries.statements import Statements
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import Job
from ciss_luigi.steps.situation import SOURCES_READY, Outlook

RUN_ID = "{run_id}"


@dataclass(frozen=True)
class Line:
    """One statement of a plan: where it goes, under which condition, and whether that holds now."""

    text: str
    engine: str
    condition: str = ""
    sent: bool = True


def months_of(job: Job, outlook: Outlook) -> tuple[Month, ...]:
    """The months that are built; those in scope when nothing can be built yet."""
    return job.months if outlook.scope.missing else outlook.scope.months


# --- the steps ----------------------------------------------------------------------------------------


def sources_ready(job: Job, outlook: Outlook) -> Iterator[Line]:
    """The question for the sources; nothing where an embedded engine has no file yet."""
    if not job.engine.exists():
        return
    statements = Statements(job.settings, job.engine.dialect, job.date, SOURCES_READY)
    place = str(job.engine.identity)
    main = job.settings.main_table.lower() in outlook.tables
    there = not outlook.holdings.absent
    yield Line(statements.list_tables(), place)
    if not job.builder.capabilities.double_rates:
        yield Line(_rate_columns(statements), place, "only if all source tables are there", there)
    for text in statements.readiness(job.months):
        yield Line(text, place, "only if all source tables are there", there)
    condition = f"only if there is a table {job.settings.main}"
    yield Line(statements.main_rows(job.months), place, condition, there and main)


def truncate(job: Job, outlook: Outlook) -> Iterator[Line]:
    """TruncateTemp's statements."""
    statements = job.statements(Step.TRUNCATE)
    old = outlook.finished_in_temp
    yield from _together(
        job.engine,
        [
            *_lines(job.engine, statements.create_tables()),
            *_lines(job.engine, _columns(statements, job.settings.temp_table)),
            *_lines(job.engine, statements.empty_temp(outlook.temp_columns)),
            *_lines(job.engine, [statements.list_temp()]),
            *_lines(job.engine, statements.drop_temp(old) if old else [], _finished_only(job)),
        ],
    )
    for engine in job.shown(job.engine):
        yield from _lines(engine, job.statements(Step.TRUNCATE, engine=engine).refresh_temp(whole=bool(old)))


def build(job: Job, outlook: Outlook, *, lost: bool) -> Iterator[Line]:
    """BuildTemp's statements; ``lost`` when main or temp was dropped since TruncateTemp made them."""
    statements = job.statements(Step.BUILD, RUN_ID, job.builder)
    main = not lost or job.settings.main_table.lower() in outlook.tables
    months = months_of(job, outlook)
    texts = [
        *_question(job, statements, main=main),
        *(statements.create_tables() if lost else []),
        *statements.source_totals(months, odd=True),
        statements.odd_rows(),
        statements.rates(months),
        *_columns(statements, job.settings.temp_table),
        *statements.build(months, outlook.temp_columns if job.builder.dialect.positional else ()),
        statements.temp_totals(),
        *statements.readiness(unknown_before(outlook.scope, job.months)),
    ]
    yield from _together(job.builder, _lines(job.builder, texts))
    for engine in job.shown(job.builder):
        yield from _lines(engine, job.statements(Step.BUILD, RUN_ID, engine).refresh_temp())


def _question(job: Job, statements: Statements, *, main: bool) -> list[str]:
    """The question for the sources that a build begins with."""
    return [
        statements.list_tables(),
        *([] if job.builder.capabilities.double_rates else [_rate_columns(statements)]),
        *statements.readiness(job.months),
        *([statements.main_rows(job.months)] if main else []),
    ]


def _refused_build(job: Job, outlook: Outlook) -> Iterator[Line]:
    """As far as a build gets whose sources are missing: absent tables are not asked for rows."""
    question = _question(job, job.statements(Step.BUILD, RUN_ID, job.builder), main=True)
    sent = question[:1] if outlook.holdings.absent else question
    yield from _together(job.builder, _lines(job.builder, sent), end=ROLLBACK)


def merge(job: Job, outlook: Outlook, *, heals: bool) -> Iterator[Line]:
    """MergeMain's statements; ``heals`` when BuildTemp is done and temp has to be held against its marker."""
    place = job.engine
    built = outlook.built if heals else None
    run_id, months = RUN_ID, months_of(job, outlook)
    if built is not None:
        run_id, months = built.run_id, tuple(Month.parse(month.month) for month in built.months)
        yield from _proof(job, outlook, run_id)
        if outlook.temp_differences and outlook.scope.missing:
            yield from _refused_build(job, outlook)
            return
        if outlook.temp_differences:
            yield from build(job, replace(outlook, tables=_with_ours(job, outlook)), lost=False)
            run_id, months = RUN_ID, months_of(job, outlook)
    if built is None or outlook.temp_differences:
        yield from _proof(job, replace(outlook, tables=_with_ours(job, outlook)), run_id)
    if not job.settings.allow_older:
        yield from _lines(place, [job.statements(Step.MERGE, run_id).main_rows(months)])
    yield from _lines(place, _columns(job.statements(Step.MERGE, run_id), job.settings.main_table))
    for month in months:
        yield from _merge_month(job, outlook, job.statements(Step.MERGE, run_id), month)


def _proof(job: Job, outlook: Outlook, run_id: str) -> Iterator[Line]:
    """The look at temp before it is published; a table that was dropped is made anew first."""
    statements = job.statements(Step.MERGE, run_id)
    texts = [statements.list_tables()]
    if has_lost_tables(job, outlook):
        texts += statements.create_tables()
    if job.settings.temp_table.lower() in outlook.tables:
        texts.append(statements.temp_totals())
    yield from _lines(job.engine, texts)


def _merge_month(job: Job, outlook: Outlook, statements: Statements, month: Month) -> Iterator[Line]:
    newest = outlook.newest_in_main.get(str(month))
    sent = job.settings.allow_older or newest is None or newest <= str(job.date)
    condition = ""
    if not job.settings.allow_older:
        now = f"now one of {printable(newest)}" if newest else "now none"
        condition = f"only if main holds no newer estimate of {month} than {job.date} ({now})"
    texts = [*statements.merge(month, outlook.main_columns), statements.main_totals([month])]
    yield from _together(job.engine, _lines(job.engine, texts, condition, sent=sent), condition, sent=sent)
    for engine in job.shown(job.engine):
        shown = job.statements(Step.MERGE, statements.run_id, engine).refresh_main(month)
        yield from _lines(engine, shown, condition, sent=sent)


# --- parts --------------------------------------------------------------------------------------------


def has_lost_tables(job: Job, outlook: Outlook) -> bool:
    """Whether main or temp is not there (any more)."""
    return not {job.settings.temp_table.lower(), job.settings.main_table.lower()} <= outlook.tables


def _with_ours(job: Job, outlook: Outlook) -> frozenset[str]:
    return outlook.tables | {job.settings.temp_table.lower(), job.settings.main_table.lower()}


def _finished_only(job: Job) -> str:
    oldest_kept = job.date.days_earlier(job.settings.temp_keep_days)
    return f"only if temp holds merged dates before {oldest_kept}; now these"


def _rate_columns(statements: Statements) -> str:
    """The look at the rates' type, where DOUBLE is refused."""
    return statements.list_columns(statements.settings.source_tables["rate"])


def _columns(statements: Statements, table: str) -> list[str]:
    """The look at a table's columns, where inserts go by position."""
    return [statements.list_columns(table)] if statements.dialect.positional else []


def _lines(engine: Engine, texts: Iterable[str], condition: str = "", *, sent: bool = True) -> list[Line]:
    return [Line(text, str(engine.identity), condition, sent) for text in texts]


def _together(
    engine: Engine, lines: list[Line], condition: str = "", *, sent: bool = True, end: str = COMMIT
) -> Iterator[Line]:
    """Lines in one transaction, where the engine has them."""
    if engine.capabilities.transactions:
        (begin, last) = _lines(engine, [BEGIN, end], condition, sent=sent)
        lines = [begin, *lines, last]
    yield from lines
