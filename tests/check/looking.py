"""What the tests of ``ciss check`` share: sites, and what it finds there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.operator import check
from ciss_luigi.operator.checks.findings import Findings, Level
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import runner
from tests.sample import MAIN

TEMP = f"{MAIN}_temp"
OVERAGE = "mnaas.usage_overage_charge"
REGISTER = "mnaas.sebs_chn_dtl_invce_reg"
RATE = "mnaas.gbs_curr_avgconv_rate"
ANY = {"required_sources": "register"}

Ciss = Callable[..., Result]


def found(here: Site, date: str | None = None) -> Findings:
    """What is found; whatever it is, a fault says what to do about it."""
    report = check.run(lambda: here, RunDate.parse(date) if date else None)
    assert all(finding.remedy for finding in report.of(Level.FAULT))
    return report


def texts(report: Findings, level: Level) -> list[str]:
    """The texts of the findings of one level."""
    return [finding.text for finding in report.of(level)]


def run(here: Site, date: str, until: Step = Step.MERGE) -> None:
    """The steps of a date, to one of them."""
    for step in list(Step)[: list(Step).index(until) + 1]:
        runner.perform(here, RunDate.parse(date), step, tell=lambda _: None)


def kinds(report: Findings) -> set[Level]:
    """The levels of all findings."""
    return {finding.level for finding in report.findings}


def count(here: Site, rest: str) -> int:
    """How many rows a table holds, or what is written in its place."""
    import duckdb

    with duckdb.connect(here.settings.warehouse.place) as connection:
        ((number,),) = connection.execute(f"SELECT COUNT(*) FROM {rest}").fetchall()
    return int(number)


def run_in_a_process(folder: Path, *prelude: str) -> subprocess.CompletedProcess[str]:
    """``ciss check`` in a process of its own, after some lines of Python."""
    script = "\n".join([*prelude, "from ciss_luigi.cli import main", "main()"])
    return subprocess.run(
        [sys.executable, "-c", script, "check"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
