"""Finding before a run what would go wrong: in configuration, state, engines, tables and sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ciss_luigi import commands, futuredates
from ciss_luigi.billing import schema
from ciss_luigi.billing.oddrows import OddPart
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.base import Session
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.operator.checks import (
    dated,
    engines,
    leases,
    oldjob,
    rights,
    room,
    rules,
    sources,
    state,
    statefiles,
    storage,
    tables,
    told,
    warehousefiles,
)
from ciss_luigi.operator.checks.findings import CONFIGURATION, FILL, Findings, Group
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.steps import Job
from ciss_luigi.steps.job import job_of

RetCodes = Mapping[str, tuple[str, int]]
"""Exit codes that the site has set: for a key of ``[retcode]``, the site's number and the job's own."""


@dataclass(frozen=True)
class LuigisOwn:
    """What in Luigi's own sections would stop a run, or changes its exit code."""

    faults: Sequence[Fault] = ()
    retcodes: RetCodes = field(default_factory=dict)


def run(load: Callable[[], Site], date: RunDate | None = None, luigis: LuigisOwn | None = None) -> Findings:
    """Check everything that can be checked; leaves no change behind. Without a date, only what needs none."""
    report = Findings()
    here = _configuration(Group(report, "configuration"), load, luigis or LuigisOwn())
    if here is None:
        return report
    if date is not None and (late := futuredates.refused(here, [date.date])):
        refused, date = Group(report, f"run of {date}"), None
        remedy = f"check an earlier date; if this one is meant, {futuredates.ALLOW}"
        refused.fault(futuredates.why(late), remedy, code=CONFIGURATION)
    # somebody waits for the answer, so an engine that is away is not asked again
    here = replace(here, settings=replace(here.settings, retries=0))
    state.check(Group(report, "state"), here.settings.state_dir)
    statefiles.check(Group(report, "state"), here.settings.state_dir)
    room.check(Group(report, "room"), here.settings)
    told.check(Group(report, "alerts"), here)
    leases.check(Group(report, "leases"), here.leases)
    oldjob.check_files(Group(report, "old job"), here.settings)
    job = job_of(here, date or rules.EXAMPLE)
    group = Group(report, "engine")
    if not job.engine.exists():
        with engines.reaching(group, job.engine):
            here.require_warehouse()  # a file that was there, by the markers, is missed in other words
            group.fault(f"there is no {job.engine.identity} yet", commands.load())
        return report
    warehousefiles.check(group, here.settings.warehouse)
    engines.check_others(group, job)
    with engines.reaching(group, job.engine), job.engine.session() as session:
        engines.tell_version(group, job.engine, session)
        _Check(report, job, session).all(dated=date is not None)
    return report


def _configuration(group: Group, load: Callable[[], Site], luigis: LuigisOwn) -> Site | None:
    for fault in luigis.faults:
        _tell(group, fault)
    try:
        here = load()
    except ConfigurationError as error:
        for fault in error.faults:
            _tell(group, fault)
        if not error.faults:
            group.fault(error.what, error.next_command, code=CONFIGURATION)
        return None
    if not luigis.faults:
        group.ok(f"{here.config_path} has no faults")
    for name, (theirs, ours) in luigis.retcodes.items():
        group.warn(f"[retcode] {name} = {theirs} is the site's own and wins; this job would end with {ours}")
    return here


def _tell(group: Group, fault: Fault) -> None:
    remedy = f"for example: {fault.example}" if fault.example else "correct it in the file that has [ciss]"
    group.fault(str(replace(fault, example="")), remedy, code=CONFIGURATION)


@dataclass(frozen=True)
class _Check:
    """The questions to the main engine, in one session."""

    report: Findings
    job: Job
    session: Session

    def all(self, *, dated: bool) -> None:
        """Check the tables first: one that lacks columns is not asked for its rows."""
        settings = self.job.settings
        statements = Statements(settings, self.job.engine.dialect, self.job.date, "check")
        there = self.session.tables(statements.list_tables(), statements.all_tables)
        main, temp = (name.lower() in there for name in (settings.main_table, settings.temp_table))
        if main:
            oldjob.check_iceberg(self._group("tables"), self.session, statements)
        if settings.loader == "java":
            oldjob.check_tables(self._group("tables"), self.session, statements, there)
            self._sources(statements, there)
            return
        main_fits, temp_fits = self._outputs(statements, main=main, temp=temp)
        rights.check(self._group("tables"), self.job, self.session, statements, there)
        readable = len(self._sources(statements, there)) == len(schema.SOURCES)
        if main and temp and main_fits and temp_fits:
            rules.check_merge(self._group("tables"), self.job, self.session)
        if temp_fits and readable:
            rules.check(self._group("billing rules"), self.job, self.session, temp_is_there=temp)
        if dated:
            self._dated(statements, main, main_fits and readable)

    def _outputs(self, statements: Statements, *, main: bool, temp: bool) -> tuple[bool, bool]:
        """Whether the job can write main and temp; one that does not exist yet fits."""
        group, settings = self._group("tables"), self.job.settings
        main_fits, temp_fits = not main, not temp
        for name, there in ((settings.main, main), (settings.temp, temp)):
            if not there:
                group.note(f"there is no table {name} yet: the first run makes it", commands.init())
        with group.asking(settings.main):
            main_fits = main_fits or (
                storage.is_table(group, self.session, statements, settings.main_table, settings.main)
                and tables.check_main(group, self.session, statements)
                and storage.check_main(group, self.session, statements, self.job.engine)
            )
        with group.asking(settings.temp):
            temp_fits = temp_fits or (
                storage.is_table(group, self.session, statements, settings.temp_table, settings.temp)
                and tables.check_temp(group, self.session, statements)
                and storage.check_temp(group, self.session, statements, self.job.builder)
            )
        if main_fits and temp_fits and main and temp:
            group.ok(f"{settings.main} and {settings.temp} have the columns that a run writes")
        return main_fits, temp_fits

    def _sources(self, statements: Statements, there: frozenset[str]) -> list[str]:
        """The roles of the source tables that can be read, after asking what they hold."""
        group, settings = self._group("sources"), self.job.settings
        readable = []
        register: list[OddPart] = []
        for table in schema.SOURCES:
            name = settings.source(table.role)
            if settings.source_tables[table.role].lower() not in there:
                group.fault(f"there is no table {name}", FILL)
                continue
            with group.asking(name):
                capabilities = self.job.builder.capabilities
                if tables.check_source(group, self.session, statements, table, capabilities):
                    readable.append(table.role)
                    odd = self._holdings(group, statements, table)
                    register += odd if table is schema.REGISTER else []
        if len(readable) == len(schema.SOURCES):
            with group.asking("odd rows"):
                sources.check_odd_rows(group, self.session, statements, register)
        return readable

    def _holdings(self, group: Group, statements: Statements, table: schema.Table) -> list[OddPart]:
        """Say what a table holds; returns the rows of a charge source that belong to no month."""
        if table in schema.CHARGE_SOURCES:
            return sources.check_months(group, self.session, statements, table)
        if table is schema.RATES:
            sources.check_rates(group, self.session, statements)
        else:
            group.ok(f"{self.job.settings.source(table.role)} can be read")
        return []

    def _dated(self, statements: Statements, main: bool, usable: bool) -> None:
        group = self._group(f"run of {self.job.date}")
        if usable:
            dated.check(group, self.job, self.session, statements, main_is_there=main)
        else:
            group.note("not checked: the tables have faults that come first")

    def _group(self, name: str) -> Group:
        return Group(self.report, name)
