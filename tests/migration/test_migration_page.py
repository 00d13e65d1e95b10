"""The commands of ``docs/migration.md``, in order, on a made-up old site."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.command import PYTHON, Finished
from tests.engines.backends import Backend, copy_of
from tests.engines.conftest import DATABASE, sample_file
from tests.migration import oldsite
from tests.migration.oldsite import JOB
from tests.servers.hiveserver import HiveServer

__all__ = ["sample_file"]

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
OLD_TABLE = f"{DATABASE}.{JOB}"
NEW_TABLE = f"{DATABASE}.{JOB}_new"


def blocks() -> list[str]:
    """The page's commands, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """The page's commands, each whole."""
    joined = "".join(blocks()).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip()]


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
    """The made-up old site: its files, and its table in the warehouse; without a server an embedded one."""

    def __init__(self, folder: Path, backend: Backend, server: HiveServer | None = None) -> None:
        self.folder = folder
        self.conf = oldsite.make(folder / "app").parent
        self.backend = backend
        common = self.conf / "Common.properties"
        text = re.sub(r"IMPALAD.*\n", "", common.read_text())
        if server is None:
            text = re.sub(r"HIVE.*\n", "", text)
        else:
            text = text.replace("hive.example.net", server.host).replace("=10000", f"={server.port}")
        common.write_text(text)

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

    def old_night(self, where: str = "") -> None:
        """What the old job makes of the same sources: the same rows under other names and types."""
        columns = (
            "org_id AS org, business_unit, commercial_offer, currency, "
            "CAST(billable_subs AS INT) AS billable_subs, "
            "CAST(subscription_charge AS STRING) AS subscription_charge, overage_charge, service_charge, "
            "register_charge, CAST(total_charge AS DOUBLE) AS total_charge, total_charge_usd, "
            "month_year AS bill_month"
        )
        self.backend.query(f"DROP TABLE IF EXISTS {OLD_TABLE}")
        self.backend.copied(OLD_TABLE, f"SELECT {columns} FROM {NEW_TABLE} {where}")


@pytest.mark.slow
def test_the_commands_bring_an_old_site_over_and_back(tmp_path: Path, sample_file: Path) -> None:
    """On the embedded warehouse."""
    (tmp_path / "var").mkdir()
    go(OldSite(tmp_path, copy_of(sample_file, tmp_path / "var" / "ciss.duckdb")))


def go(site: OldSite) -> None:
    """All commands in order; then one night on which the old job lost a currency."""
    status = site.conf / f"{JOB}_ProcessStatusFile"
    untouched = status.read_text()
    for command in commands():
        switched = "shadow.cfg" in command or (site.folder / "shadow.cfg").exists()
        if command.startswith("ciss compare"):
            site.old_night()
        site.run(command).expect(0)
        if not switched:
            assert status.read_text() == untouched, f"the old job's status file was touched by {command}"
    assert "MNAAS_job_status=Success" in status.read_text()
    assert "MNAAS_Daily_ProcessStatusFlag=0" in status.read_text()
    assert (site.folder / "luigi.cfg").read_text() == (site.folder / "shadow.cfg").read_text()
    assert "hold the same rows" in (site.folder / "drift.html").read_text()

    ((lost,),) = site.backend.query(f"SELECT MAX(currency) FROM {OLD_TABLE}")
    site.backend.query(f"DROP TABLE IF EXISTS {OLD_TABLE}")
    site.old_night(f"WHERE currency <> '{lost}'")
    (compare,) = [command for command in commands() if command.startswith("ciss compare")]
    site.run(compare).expect(1, f"only in {NEW_TABLE}", f"have currency = {lost}")
