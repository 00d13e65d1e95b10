"""The commands of ``docs/migration.md``, in order, on a made-up old site."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.relay import relaying
from tests.command import PYTHON, Finished
from tests.engines.backends import Backend, copy_of
from tests.engines.sites import DATABASE, Loaded
from tests.migration import oldsite
from tests.migration.oldsite import JOB
from tests.reference import build, read_tables
from tests.sample import SAMPLE
from tests.servers.hiveserver import HiveServer

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
MONTH = "2016-11"
NIGHTS = ("2016-11-21", "2016-11-22")
NAMES = (
    "org_id", "business_unit", "commercial_offer", "currency", "billable_subs", "subscription_charge",
    "overage_charge", "service_charge", "register_charge", "total_charge", "total_charge_usd",
)  # fmt: skip
COLUMNS = (
    "org VARCHAR(200), business_unit VARCHAR(200), commercial_offer VARCHAR(200), currency VARCHAR(3), "
    "billable_subs INT, subscription_charge VARCHAR(40), overage_charge DECIMAL(18,4), "
    "service_charge DECIMAL(18,4), register_charge DECIMAL(18,4), total_charge DOUBLE, "
    "total_charge_usd DECIMAL(18,4)"
)
"""The old table has names and types of its own."""

LOADER = """\
#!{python}
import json
from pathlib import Path
import duckdb
from pyhive import hive

session = {connect}
for statement in json.loads(Path({folder!r}, "night.json").read_text()):
    session.execute(statement)
"""
OLD_TABLE = f"{DATABASE}.{JOB}"
NEW_TABLE = f"{DATABASE}.{JOB}_new"


def blocks() -> list[str]:
    """The page's commands, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands(*of: str) -> list[str]:
    """The commands of some blocks, or of all, each whole."""
    joined = "".join(of or blocks()).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip()]


def nightly(date: str) -> str:
    """The comparison as the page's line for cron has it, of one date; cron's PATH has no /opt/ciss/bin."""
    (line,) = re.findall(r"^    30 4 \* \* \*  cd \S+ && (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert line.startswith("/opt/ciss/bin/ciss compare ")
    here = line.replace("/opt/ciss/bin/ciss", str(PYTHON.with_name("ciss")))
    return "PATH=/usr/bin:/bin; " + re.sub(r'"[$][(]date .*?[)]"', date, here)


def test_the_page_goes_from_import_to_the_way_back() -> None:
    verbs = [" ".join(line.split()[:2]) for line in commands()]
    wanted = [
        "ciss import-properties",
        "ciss check",
        "ciss init",
        "luigi --module",
        "ciss compare",
        "cp luigi.cfg",
        "cp shadow.cfg",
    ]
    places = [verbs.index(verb) for verb in wanted]
    assert places == sorted(places)


class OldSite:
    """The made-up old site: its files, its script, and its table, whose month column has another name."""

    def __init__(self, folder: Path, backend: Backend) -> None:
        self.folder = folder
        self.conf = oldsite.make(folder / "app").parent
        self.backend = backend
        self.status = self.conf / f"{JOB}_ProcessStatusFile"
        self._say_where()
        loader = folder / "app" / "loader"
        loader.write_text(LOADER.format(python=PYTHON, folder=str(folder / "app"), connect=self.connect()))
        loader.chmod(0o755)
        backend.query(self.create(COLUMNS))

    def _say_where(self) -> None:
        common = self.conf / "Common.properties"
        common.write_text(self.placed(re.sub(r"IMPALAD.*\n", "", common.read_text())))

    def placed(self, properties: str) -> str:
        """The shared properties of a site on this engine."""
        return re.sub(r"HIVE.*\n", "", properties)

    def connect(self) -> str:
        """How the loader opens the engine, in Python."""
        return f"duckdb.connect({str(self.folder / 'var' / 'ciss.duckdb')!r})"

    def create(self, columns: str) -> str:
        """The statement that makes the table."""
        return f"CREATE TABLE {OLD_TABLE} ({columns}, bill_month VARCHAR)"

    def emptied(self) -> str:
        """The statement that takes a month's rows away."""
        return f"DELETE FROM {OLD_TABLE} WHERE bill_month = '{MONTH}'"

    def filled(self, rows: Sequence[Sequence[str]]) -> str:
        """The statement that writes a month's rows."""
        return f"INSERT INTO {OLD_TABLE} VALUES {self.values([*row, MONTH] for row in rows)}"

    def values(self, rows: Iterable[Sequence[str]]) -> str:
        """Rows as literals."""
        return ", ".join(f"({', '.join(map(self.literal, row))})" for row in rows)

    def literal(self, text: str) -> str:
        """A text; the engine makes a number of it where the column is one."""
        return "'" + text.replace("'", "''") + "'"

    def run(self, command: str) -> Finished:
        """Type a command."""
        environment = {
            "HOME": str(self.folder), "PATH": f"{PYTHON.parent}:{os.defpath}", "COLUMNS": "200",
            "no_proxy": "*",
        }  # fmt: skip
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", command.replace("/app/conf", str(self.conf))],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout + done.stderr)

    def type(self, block: str) -> None:
        """Type the commands of a block of the page, each of which has to end well."""
        for command in commands(block):
            self.run(command).expect(0)

    def old_night(self, lost: str = "") -> None:
        """The old script runs: the same rows as the new job's, under other names and types.

        It may lose a customer.
        """
        rows = [
            [row.texts()[name] for name in NAMES]
            for row in build(read_tables(SAMPLE), [MONTH], 1)
            if row.org_id != lost
        ]
        (self.folder / "app" / "night.json").write_text(json.dumps([self.emptied(), self.filled(rows)]))
        self.run(f"/bin/sh {self.folder}/app/{JOB}.sh").expect(0)
        assert "MNAAS_job_status=Success" in self.status.read_text()

    def old_rows(self) -> list[tuple[Any, ...]]:
        """What the old table holds."""
        return sorted(self.backend.query(f"SELECT * FROM {OLD_TABLE}"))


class OldSiteOnHive(OldSite):
    """The same on a real HiveServer2, where the month is a partition."""

    def __init__(self, folder: Path, backend: Backend, server: HiveServer) -> None:
        self._server = server
        super().__init__(folder, backend)

    def placed(self, properties: str) -> str:
        """The shared properties of a site on this engine."""
        named = properties.replace("hive.example.net", self._server.host)
        return named.replace("HIVE_JDBC_PORT=10000", f"HIVE_JDBC_PORT={self._server.port}")

    def connect(self) -> str:
        """How the loader opens the engine, in Python."""
        return f"hive.connect({self._server.host!r}, port={self._server.port}, username='old').cursor()"

    def create(self, columns: str) -> str:
        """The statement that makes the table."""
        return f"CREATE TABLE {OLD_TABLE} ({columns}) PARTITIONED BY (bill_month STRING) STORED AS PARQUET"

    def emptied(self) -> str:
        """The statement that takes a month's rows away."""
        return f"ALTER TABLE {OLD_TABLE} DROP IF EXISTS PARTITION (bill_month = '{MONTH}')"

    def filled(self, rows: Sequence[Sequence[str]]) -> str:
        """The statement that writes a month's rows."""
        return f"INSERT INTO {OLD_TABLE} PARTITION (bill_month = '{MONTH}') VALUES {self.values(rows)}"

    def literal(self, text: str) -> str:
        """A text; the engine makes a number of it where the column is one."""
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.slow
def test_the_commands_bring_an_old_site_over_and_back(tmp_path: Path, sample_file: Path) -> None:
    """On the embedded warehouse."""
    (tmp_path / "var").mkdir()
    go(OldSite(tmp_path, copy_of(sample_file, tmp_path / "var" / "ciss.duckdb")))


@pytest.mark.slow
@pytest.mark.server
def test_they_do_so_on_a_real_hiveserver2(
    tmp_path: Path, hive: HiveServer, loaded_on: Loaded, sample_file: Path
) -> None:
    backend = loaded_on("hive", sample_file, DATABASE)
    try:
        go(OldSiteOnHive(tmp_path, backend, hive))
    finally:
        for table in (OLD_TABLE, NEW_TABLE, f"{NEW_TABLE}_temp"):
            backend.query(f"DROP TABLE IF EXISTS {table}")


def go(site: OldSite) -> None:
    """All commands in order, with the old script beside them; a night on which it loses a customer, too."""
    imported, beside, shadow, switch, back = blocks()
    site.type(imported)
    site.type(beside)
    for date in NIGHTS:
        site.old_night()
        untouched = site.status.read_text()
        site.type(shadow.replace(NIGHTS[-1], date))
        assert site.status.read_text() == untouched, "the new job wrote the old one's status file"
        assert "hold the same rows" in (site.folder / "drift.html").read_text()
    drift_is_told(site)
    site.old_night()
    old_rows = site.old_rows()
    assert old_rows

    site.type(switch)
    for line in ("ProcessStatusFlag=0", "job_status=Success", "Script_Process_Id=\n"):
        assert line in site.status.read_text()

    site.type(back)
    assert (site.folder / "luigi.cfg").read_text() == (site.folder / "shadow.cfg").read_text()
    assert site.old_rows() == old_rows, "the switch changed the old job's table"
    site.old_night()
    site.type(shadow)


def drift_is_told(site: OldSite) -> None:
    """The night on which the old job lost a customer: one mail, however often it is compared."""
    customers = [row.org_id for row in build(read_tables(SAMPLE), [MONTH], 1)]
    lost = max(customers, key=customers.count)
    site.old_night(lost)
    config = site.folder / "luigi.cfg"
    silent = config.read_text()
    with relaying() as relay:
        smtp = relay.smtp_section(no_tls=True).partition("[email]")[0]
        config.write_text(silent.replace("#mail_", "mail_") + smtp)
        for _ in range(2):
            site.run(nightly(NIGHTS[-1])).expect(1)
        said = (site.folder / "drift.txt").read_text()
        assert f"only in {NEW_TABLE}" in said
        assert f"have org_id = {lost}" in said
        (post,) = relay.post
    assert NIGHTS[-1] in post.subject
    (again,) = re.findall(r"^Next: +(ciss compare .*)$", post.text, re.MULTILINE)
    site.run(again).expect(1, f"have org_id = {lost}")
    config.write_text(silent)
