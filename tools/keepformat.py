"""Keep markers and ledgers as this version writes them, for every version to come: part of a release.

    python -m tools.keepformat

writes ``tests/formats/<version>``, which ``tests/test_formats.py`` then reads for ever. Never edit it.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.ledger import Outcome
from ciss_luigi.state.markers import STEPS, Markers, Place, Step
from ciss_luigi.steps import runner
from ciss_luigi.version import VERSION
from tests.command import make_warehouse, name_of

FORMATS = Path(__file__).parents[1] / "tests" / "formats"
HIVE = "hive hive.example.net:10000"


def main() -> None:
    """Make the folder of this version; it must not be there yet."""
    into = FORMATS / VERSION
    into.mkdir()
    socket.gethostname = lambda: "dwh01"
    with tempfile.TemporaryDirectory() as name:
        london = _london(Path(name, "london"))
        _keep(london, into / "duckdb")
        _keep(_zurich(Path(name, "Zürich Ω")), into / "unicode")
        tables = ("mnaas", "customer_invoice_summary_estimated", "customer_invoice_summary_estimated_temp")
        hive = Markers(into / "hive" / "markers", Place(HIVE, *tables), HIVE)
        for step in Step:
            marker = london.markers.read(RunDate.parse("2016-11-05"), step)
            if marker is not None:
                hive.write(marker)


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
    for part in ("markers", "ledger"):
        shutil.copytree(here.settings.state_dir / part, into / part)


if __name__ == "__main__":
    main()
