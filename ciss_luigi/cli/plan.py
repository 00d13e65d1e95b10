"""``ciss plan``: the SQL of a run before it runs, as a file that any SQL tool reads."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ciss_luigi import commands, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.counting import counted
from ciss_luigi.errors import Refused
from ciss_luigi.futuredates import refuse_after_tomorrow
from ciss_luigi.operator import plan as plans
from ciss_luigi.operator.foretell import foretell
from ciss_luigi.operator.plan import Plan, StepPlan
from ciss_luigi.operator.rehearsal import Planned
from ciss_luigi.operator.stage import RUN_ID
from ciss_luigi.operator.status import DATES_AT_MOST
from ciss_luigi.sql.files import without_semicolons_in_comments


@click.command(
    "plan",
    epilog="\b\nExamples: ciss plan --date 2016-11-22\n          ciss plan --from 2016-11-01 --to 2016-11-30",
)
@click.option("--date", type=DATE, help="The run date, for example 2016-11-22.")
@click.option("--all", "show_all", is_flag=True, help="Show the steps that are done already, too.")
@click.option("--from", "first", type=DATE, help="Instead of one date: the first of a backfill.")
@click.option("--to", "last", type=DATE, help="The last date of the backfill (included).")
def command(date: RunDate | None, show_all: bool, first: RunDate | None, last: RunDate | None) -> None:
    """Print the SQL that a run of a date would send now, or what a backfill would do; send nothing.

    Every statement, in order. {run_id} stands for the id that BuildTemp makes. A statement that is sent only
    under a condition says so; if the condition does not hold now, it is commented out. Exit code 1 if the
    sources are not ready.

    With --from and --to: what would happen to each date if the range is run now, oldest first: it runs, it is
    merged already (skip), a newer estimate supersedes it, its sources are missing (not an error here), or
    they have errors with which its run would fail. Then the command that runs the range.
    """
    here = site.current()
    if first is not None and last is not None and date is None and not show_all:
        _backfill(here, first, last)
        return
    if date is None or first is not None or last is not None:
        raise click.UsageError("Give --date, or --from and --to.")
    refuse_after_tomorrow(here, [date.date])
    if here.settings.loader == "java":
        from ciss_luigi.config.legacy import JAVA
        from ciss_luigi.steps.javacommands import command_lines

        for line in command_lines(here.settings.others[JAVA], date):
            say(line)
        return
    with waiting("asking the warehouse"):
        plan = plans.make(here, date)
    for line in render(plan, names(here), show_all=show_all):
        click.echo(line)
    if plan.missing:
        raise Refused(
            "\n".join([f"the sources are not ready for {date}:", *(f"  - {one}" for one in plan.missing)]),
            state="no table was touched; the plan shows the months in scope",
            next_command=commands.check(date),
        )


def _backfill(here: site.Site, first: RunDate, last: RunDate) -> None:
    if last < first:
        raise click.UsageError(f"--from {first} is later than --to {last}")
    if last.date.toordinal() - first.date.toordinal() >= DATES_AT_MOST:
        raise click.UsageError(f"a range has at most {DATES_AT_MOST:,} dates")
    if here.settings.loader == "java":
        raise Refused(
            "with loader = java a range cannot be foretold: main does not say which estimate is newer",
            state="nothing was asked",
            next_command=commands.plan(last),
        )
    refuse_after_tomorrow(here, [last.date])
    with waiting("asking the warehouse"):
        found = foretell(here, first, last)
    for one in found.dates:
        months = ", ".join(map(str, one.months))
        say(f"{one.date}  {one.fate:<10}  {'; '.join(part for part in (months, one.words) if part)}".rstrip())
    counts = ", ".join(f"{count:,} {fate}" for fate, count in found.counts.items())
    say(f"\n{counted(len(found.dates), 'date')}: {counts}")
    say(f"Next:  {found.command}" if found.command else "Nothing is left to run.")


def names(here: site.Site) -> tuple[str, ...]:
    """The names of the session settings; their values may be secret."""
    return tuple(here.settings.warehouse.session_settings)


def render(plan: Plan, session_settings: tuple[str, ...] = (), *, show_all: bool = False) -> Iterator[str]:
    """The plan as lines of plain SQL with comments, which beeline, hive and duckdb can run unchanged."""
    for line in _lines(plan, session_settings, show_all):
        yield line.rstrip(";").replace(";", ",") if line.startswith("--") else line


def _lines(plan: Plan, session_settings: tuple[str, ...], show_all: bool) -> Iterator[str]:
    yield f"-- {commands.merge(plan.date)}"
    yield f"-- months: {', '.join(map(str, plan.months))}"
    for month, why in plan.why_left_out.items():
        yield f"-- left out: {month}: {why}, and main holds no row of it"
    for missing in plan.missing:
        yield f"-- not ready: {missing}"
    if session_settings:
        yield f"-- each session begins with SET of {', '.join(session_settings)}"
    yield f"-- {RUN_ID} stands for the id that BuildTemp makes"
    for step in plan.steps:
        yield ""
        yield from _step(step, show_all)
    if plan.missing and plan.steps[-1].begins:
        yield "-- the run ends here: temp must be built again, and the sources are not ready"


def _step(step: StepPlan, show_all: bool) -> Iterator[str]:
    if step.skipped:
        yield f"-- step {step.name}: skipped, {step.skipped}"
        if not show_all:
            return
    elif step.blocked:
        yield f"-- step {step.name}: not before the sources are ready"
    else:
        yield f"-- step {step.name}"
    if not step.lines:
        yield "-- (nothing: there is no file to ask yet)"
    before = Planned("", "")
    for line in step.lines:
        if line.engine != before.engine:
            yield f"-- on {line.engine}"
        if (line.condition, line.sent) != (before.condition, before.sent):
            yield from _condition(line)
        yield from _statement(line)
        before = line


def _condition(line: Planned) -> Iterator[str]:
    if line.condition:
        yield f"-- {line.condition}:{'' if line.sent else ' not sent'}"
    else:
        yield "-- in any case:"


def _statement(line: Planned) -> Iterator[str]:
    """The lines of the statement with its semicolon, which must not become part of a comment."""
    lines = without_semicolons_in_comments(line.text).split("\n")
    end = ["", ";"] if "--" in lines[-1] else [";"]
    lines[-1] += end[0]
    lines += end[1:]
    yield from lines if line.sent else (f"-- {one}" for one in lines)
