"""``ciss check``: what is wrong, all at once, before a run finds out."""

from __future__ import annotations

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say, say_json
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.counting import counted
from ciss_luigi.operator import check
from ciss_luigi.operator.checks.findings import Finding, Findings, Level

_COLOURS = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.FAULT: "red"}


@click.command("check", epilog="\b\nExample: ciss check --date 2016-11-22")
@click.option("--date", type=DATE, help="Check what a run of this date would find, too.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def command(context: click.Context, date: RunDate | None, as_json: bool) -> None:
    """Check configuration, state, engines, permissions, tables and sources.

    It leaves no change behind. Exit code 0 if there is no fault (a warning is none), 1 for a fault in data or
    tables, 35 if an engine is away, 40 for a faulty configuration.
    """
    with waiting("asking the warehouse"):
        report = check.run(site.current, date, _luigis_own())
    if as_json:
        say_json({"date": str(date) if date else None, **report.to_json()})
    else:
        _print(report)
    context.exit(report.exit_code)


def _luigis_own() -> check.LuigisOwn:
    """Luigi's sections; importing Luigi takes a while, so no other verb does."""
    from ciss_luigi.exitcodes import RETCODES
    from ciss_luigi.scheduling import luigisections
    from ciss_luigi.scheduling.defaults import overridden

    found = luigisections.faults()
    bad = {fault.key for fault in found if fault.section == "retcode"}
    theirs = {name: value for name, value in overridden().items() if name not in bad}
    return check.LuigisOwn(found, {name: (value, RETCODES[name]) for name, value in theirs.items()})


def _print(report: Findings) -> None:
    for name, findings in report.groups():
        say(name)
        for finding in findings:
            _print_one(finding)
    faults, warnings = (len(report.of(level)) for level in (Level.FAULT, Level.WARNING))
    say(f"{_count(faults, 'fault')}, {_count(warnings, 'warning')}")


def _print_one(finding: Finding) -> None:
    head = click.style(f"{finding.level:<7}", fg=_COLOURS[finding.level])
    indent = " " * 11
    text = safe(finding.text).replace("\n", f"\n{indent}")
    click.echo(f"  {head}  {text}")
    if finding.remedy:
        remedy = safe(finding.remedy).replace("\n", f"\n{indent}   ")
        click.echo(f"{indent}-> {remedy}")


def _count(number: int, what: str) -> str:
    return counted(number, what) if number else f"no {what}s"
