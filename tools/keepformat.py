"""Keep what this version writes into ``state_dir``, for every version to come: part of a release.

    python -m tools.keepformat

writes ``tests/formats/<version>``, which ``tests/test_formats.py`` then reads for ever. Never edit it.
Of a version that is not released yet it may be removed and made again.
"""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ciss_luigi import site
from ciss_luigi.alerts.failure import ClosedBy, Seen, Sent
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.billing.totals import MonthTotals
from ciss_luigi.operator import adopt, rollback
from ciss_luigi.site import Site
from ciss_luigi.state import commandledger
from ciss_luigi.state.ledger import Outcome
from ciss_luigi.state.markers import STEPS, Marker, Markers, Place, Step
from ciss_luigi.steps import javaloaders, runner
from ciss_luigi.version import VERSION
from tests.command import make_warehouse, name_of

FORMATS = Path(__file__).parents[1] / "tests" / "formats"
HIVE = "hive hive.example.net:10000"
SITES = "/srv/ciss"
"""What is kept in the place of this machine's folder."""
TOLD = dt.datetime(2016, 11, 23, 3, 30, tzinfo=dt.UTC)
"""When the failures were told."""


def main() -> None:
    """Make the folder of this version; it must not be there yet."""
    into = FORMATS / VERSION
    into.mkdir()
    socket.gethostname = lambda: "dwh01"
    with tempfile.TemporaryDirectory() as name:
        london = _london(Path(name, "london"))
        _commands(london)
        _alerts(london.settings.state_dir / "alerts")
        _keep(london, into / "duckdb")
        _keep(_zurich(Path(name, "Zürich Ω")), into / "unicode")
        _keep(_adopted(Path(name, "before"), Path(name, "moved")), into / "adopted")
        _keep(_rolled_back(Path(name, "rolled-back")), into / "rolled-back")
        tables = ("mnaas", "customer_invoice_summary_estimated", "customer_invoice_summary_estimated_temp")
        hive = Markers(into / "hive" / "markers", Place(HIVE, *tables), HIVE)
        for step in Step:
            marker = london.markers.read(RunDate.parse("2016-11-05"), step)
            if marker is not None:
                hive.write(marker)
        java = Markers(into / "java" / "markers", Place(HIVE, *tables), HIVE)
        for step in Step:
            marker = london.markers.read(RunDate.parse("2016-11-05"), step)
            if marker is not None:
                java.write(_by_java(marker))


def _london(folder: Path) -> Site:
    """Months superseded, left out and built only; attempts that failed, were stopped and were killed."""
    register = name_of("register")
    here = _site(folder, [f"UPDATE mnaas.{register} SET invoice_date = '22/11/2016' WHERE line_no IS NULL"])
    for date in ("2016-11-05", "2016-11-09", "2016-11-08", "2016-12-09", "2016-12-03", "2017-02-02"):
        _run(here, date)
    _run(here, "2016-10-20", Step.BUILD)
    _run(here, "2016-10-21", Step.TRUNCATE)
    day = RunDate.parse("2016-10-21")
    attempt = here.ledger.start(day, "BuildTemp")
    here.ledger.rebuild(day, attempt, "f" * 32)
    here.ledger.end(
        day, attempt, Outcome.FAILED, f"BuildTemp of {day}: 2 faults\nState: main was not touched"
    )
    here.ledger.end(day, here.ledger.start(day, "BuildTemp"), Outcome.STOPPED, "stopped by SIGTERM")
    here.ledger.start(day, "BuildTemp")
    return here


def _zurich(folder: Path) -> Site:
    """A path and a currency that are not ASCII, a source without rows, rows of no month."""
    rate = name_of("rate")
    statements = [
        f"UPDATE mnaas.{name_of('billable')} SET currency = '₣' WHERE currency = 'USD'",
        f"INSERT INTO mnaas.{rate} SELECT cal_month, '₣', 'USD', 1.01 FROM mnaas.{rate}",
        f"DELETE FROM mnaas.{name_of('service')}",
        f"UPDATE mnaas.{name_of('register')} SET invoice_date = '05/11/2016' WHERE org_id = 'org1'",
    ]
    here = _site(folder, statements, grace_days=0, main_table="umsatz", temp_table="umsatz_temp")
    _run(here, "2016-11-30")
    return here


def _by_java(marker: Marker) -> Marker:
    """The marker that ``loader = java`` writes for the same step: rows are counted, sums are not known."""
    months = tuple(MonthTotals(month.month, month.rows, 0, {}) for month in marker.months)
    checks = {Step.BUILD: javaloaders.BUILD_CHECKS, Step.MERGE: javaloaders.MERGE_CHECKS}
    return Marker(
        marker.step,
        marker.date,
        marker.run_id,
        marker.started_at,
        months=months,
        loader="java",
        checks=checks.get(marker.step, ()),
    )


def _adopted(before: Path, after: Path) -> Site:
    """A warehouse that was moved, and whose markers were adopted."""
    _run(_site(before, []), "2016-11-05")
    before.rename(after)
    here = site.load({}, after)
    left = adopt.adopt(here).left
    if left:
        raise SystemExit(f"{left[0].date} was not adopted: {left[0].why}")
    return here


def _rolled_back(folder: Path) -> Site:
    """An older date that may replace a newer estimate once."""
    here = _site(folder, [])
    for date in ("2016-11-05", "2016-11-09"):
        _run(here, date)
    rollback.roll_back(here, RunDate.parse("2016-11-05"))
    return here


def _commands(here: Site) -> None:
    """Commands that ended well, that failed for two reasons, and that were killed."""
    arguments = ["--module", "ciss_luigi", "MergeMain", "--date", "2016-11-05"]
    path = here.commands.begin("a" * 32, arguments)
    commandledger.end(path, "a" * 32, 0)
    path = here.commands.begin("b" * 32, [*arguments, "--password", "of-nobody"])
    for reason in ("BuildTemp of 2016-11-05: 2 faults", "MergeMain was not reached"):
        commandledger.note(path, "b" * 32, reason)
    commandledger.end(path, "b" * 32, 30)
    here.commands.begin("c" * 32, arguments)


def _alerts(folder: Path) -> None:
    """A failure that is open and waits for a channel, and one that is over and was taken by the desk."""
    records, outbox = Records(folder), Outbox(folder)
    notices = Notices(records, outbox, ("mail",), dt.timedelta(hours=1), TOLD)
    (over,) = notices.fail(
        [Seen("BuildTemp failed", "BuildTemp", 30, "BillingFault", "no rate", ("2016-11-21",))]
    )
    sent = Sent(TOLD.isoformat(), "desk", "failure", 1)
    records.note_sent(over.id, sent, request="4711")
    replace(notices, now=TOLD + dt.timedelta(minutes=5)).heal(lambda date, _: date == "2016-11-21")
    notices.fail(
        [
            Seen(
                "MergeMain failed",
                "MergeMain",
                35,
                "EngineUnavailable",
                "Zürich does not answer",
                ("2016-11-22", "2016-11-23"),
                engine="hive",
                scope=ClosedBy.DATES,
                log="the last line",
            )
        ]
    )


def _site(folder: Path, statements: Sequence[str], **keys: object) -> Site:
    import duckdb

    folder.mkdir()
    make_warehouse(folder / "warehouse.duckdb")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    head = "[ciss]\nwarehouse_url = duckdb:///warehouse.duckdb\nstate_dir = state\n"
    (folder / "luigi.cfg").write_text(head + lines, encoding="utf-8")
    return site.load({}, folder)


def _run(here: Site, date: str, until: Step = Step.MERGE) -> None:
    for step in STEPS[: STEPS.index(until) + 1]:
        runner.perform(here, RunDate.parse(date), step, tell=lambda _: None)


def _keep(here: Site, into: Path) -> None:
    for part in ("markers", "ledger", "alerts"):
        if (here.settings.state_dir / part).is_dir():
            ignored = shutil.ignore_patterns("*.lock")
            shutil.copytree(here.settings.state_dir / part, into / part, ignore=ignored)
    folders = str(here.settings.state_dir.parent.parent)
    for path in [path for path in into.rglob("*") if path.is_file()]:
        path.write_text(path.read_text(encoding="utf-8").replace(folders, SITES), encoding="utf-8")


if __name__ == "__main__":
    main()
