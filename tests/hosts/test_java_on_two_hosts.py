"""``loader = java`` on two hosts: temp is one table for all dates, and a class outlives its command."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.command import MAIN, TEMP, Place, Running
from tests.hosts.postgres import Postgres, short_term
from tests.migration.javasite import section

pytestmark = [pytest.mark.server, pytest.mark.slow]

HANGS = "#!/bin/sh\necho hangs\nwhile [ -e {folder}/hang ]; do sleep 0.1; done\nexit 7\n"
"""In Java's place."""


def named(host: str) -> str:
    """A prelude: the command believes to be on a host of that name."""
    return f"import socket\nsocket.gethostname = lambda: {host!r}\n"


@pytest.fixture
def hosts(tmp_path: Path, small_warehouse: Path, database: Postgres) -> tuple[Place, Place]:
    """Two folders with state of their own; the second uses the first's warehouse."""
    first = Place(tmp_path / "first", small_warehouse)
    second = Place(tmp_path / "second", small_warehouse)
    for table in (TEMP, MAIN):
        first.query(f"CREATE TABLE mnaas.{table} (org_id VARCHAR, month_year VARCHAR)")
    (tmp_path / "java").write_text(HANGS.format(folder=tmp_path))
    (tmp_path / "hang").touch()
    (tmp_path / "java").chmod(0o755)
    for place in (first, second):
        place.configure(
            section("classes", java=str(tmp_path / "java")), loader="java", lease_url=database.url,
            warehouse_url=f"duckdb:///{first.warehouse}",
        )  # fmt: skip
    return first, second


def hanging(place: Place, date: str) -> Running:
    running = place.merging(date, prelude=named("first-host") + short_term(2.0))
    running.wait_for("made.temp: hangs")
    return running


def ends(running: Running, place: Place) -> None:
    """The class ends by itself, and badly; no host has to end it."""
    (place.folder.parent / "hang").unlink()
    running.finish().explained(30, "made.temp ended with exit code 7")


def test_another_date_on_another_host_is_10_and_names_who_has_temp(hosts: tuple[Place, Place]) -> None:
    first, second = hosts
    running = hanging(first, "2016-11-22")
    second.merge("2016-12-23").explained(
        10, f"{TEMP}, which is one table for all dates, is in use by pid {running.pid} on first-host"
    )
    second.range("2016-12-20", "2016-12-23").explained(10, f"in use by pid {running.pid} on first-host")
    assert second.marked("2016-12-23") == []
    ends(running, first)
    second.merge("2016-12-23", prelude=named("second-host")).explained(30, "made.temp ended with exit code 7")


def test_a_class_that_outlived_its_command_keeps_other_hosts_out(hosts: tuple[Place, Place]) -> None:
    first, second = hosts
    running = hanging(first, "2016-11-22")
    running.send_group(signal.SIGKILL)
    running.finish()
    elsewhere = named("second-host") + short_term(2.0)
    while "or was until a moment ago" in (done := second.merge("2016-12-23", prelude=elsewhere)).text:
        continue
    done.explained(
        10, "made.temp was started on first-host, process", "Next:  the same command on first-host"
    )
    healing = hanging(first, "2016-11-22")
    healing.wait_for("ending what a killed run left behind: made.temp")
    ends(healing, first)
    second.merge("2016-12-23", prelude=elsewhere).explained(30, "made.temp ended with exit code 7")
