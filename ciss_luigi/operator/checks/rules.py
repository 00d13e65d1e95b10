"""Whether the engine accepts the billing rules: by EXPLAIN, they are never run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from ciss_luigi import commands
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.operator.checks.engines import explain, reaching
from ciss_luigi.operator.checks.findings import CONFIGURATION, Group
from ciss_luigi.queries.named import tagged
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import Job, sitesrules
from ciss_luigi.steps.parts import columns

SHOWN = f"{commands.plan()} shows the statement as it is sent"
EXAMPLE = RunDate.parse("2016-11-02")
"""The date if none was given: what an engine says about a statement does not depend on it."""


def check(group: Group, job: Job, session: Session, *, temp_is_there: bool) -> None:
    """EXPLAIN the statement that BuildTemp would send, on its engine, with the site's own rules if any."""
    settings, builder = job.settings, job.builder
    rules = f"{settings.sql_dir / 'build.sql'}" if settings.sql_dir else "the built-in billing rules"
    makes = builder.capabilities.transactions
    statements = job.statements(Step.BUILD, "check", builder)
    if found := sitesrules.fault(builder, statements, job.months):
        group.fault(str(replace(found, example="")), "write it as one query", code=CONFIGURATION)
        return
    with reaching(group, builder), _on(builder, job, session) as own:
        if temp_is_there or makes:
            *_, text = statements.build(job.months, columns(own, statements, settings.temp_table))
        else:  # the query alone, without the table that it will fill
            text = tagged(statements.rules(job.months), "check")
        error = explain(own, text, statements.create_tables() if makes else ())
        if error is None:
            group.ok(f"{builder.identity.kind} accepts {rules}")
        else:
            group.refused(rules, error, SHOWN)


def _on(builder: Engine, job: Job, session: Session) -> AbstractContextManager[Session]:
    """The session that is open, or one on BuildTemp's own engine."""
    return nullcontext(session) if builder is job.engine else builder.session()


def check_merge(group: Group, job: Job, session: Session) -> None:
    """EXPLAIN the statement that MergeMain would send: it fails for a view or for other partitions."""
    settings, statements = job.settings, job.statements(Step.MERGE, "check")
    table = columns(session, statements, settings.main_table)
    *_, write = statements.merge(job.months[-1], table)
    error = explain(session, write)
    if error is not None:
        group.refused(f"{settings.main} cannot be written", error, SHOWN)
