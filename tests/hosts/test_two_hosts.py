"""Two hosts on one warehouse, each with a state folder of its own: what their file locks cannot see."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.command import STEPS, STOPPED_BEFORE_MAIN, Place, slow_sql
from tests.helpers import ciss
from tests.hostile.words import PRINTABLE, silent
from tests.hosts.postgres import WITH_PASSWORD, Postgres, short_term
from tests.servers.tcpproxy import tcp_proxy
from tests.two_at_once.watching import Hold

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE = "2016-11-10"
SHORT_TERM = short_term(2.0)

KILLED_IN_BUILD = """
import os, signal
from ciss_luigi.steps import runner
runner.steps.ACTIONS["BuildTemp"] = lambda job: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def hosts(tmp_path: Path, small_warehouse: Path, database: Postgres) -> tuple[Place, Place]:
    """Two folders with state of their own; the second uses the first's warehouse."""
    first = Place(tmp_path / "first", small_warehouse)
    second = Place(tmp_path / "second", small_warehouse)
    first.configure(lease_url=database.url)
    second.configure(lease_url=database.url, warehouse_url=f"duckdb:///{first.warehouse}")
    return first, second


def test_a_date_that_runs_on_another_host_is_10(hosts: tuple[Place, Place], tmp_path: Path) -> None:
    first, second = hosts
    lease = second.config.read_text().split("lease_url = ")[1].splitlines()[0]
    first.configure(lease_url=lease, sql_dir=slow_sql(tmp_path / "slow", 50_000))
    running = first.merging(DATE)
    first.wait_for_step(DATE, "BuildTemp")

    second.merge(DATE).explained(10, "is being run by pid", "touched nothing")

    running.end()


def test_a_killed_runs_lease_is_said_to_run_out(hosts: tuple[Place, Place], database: Postgres) -> None:
    """It is held for a while by nobody; the words name what will end that."""
    first, _ = hosts
    running = first.merging(DATE, prelude=KILLED_IN_BUILD)
    running.finish()

    soon = "Next:  the same command again, after two minutes at most if that run is gone"
    first.merge(DATE).explained(10, f"is being run by pid {running.pid} on", "outlives a killed run", soon)
    ciss(first.folder, "reset", "--date", DATE).explained(1, f"pid {running.pid} on", soon)
    database.query("UPDATE ciss_lease SET expires_at = clock_timestamp() - interval '1 second'")
    first.merge(DATE).explained(0)


def test_a_date_done_on_one_host_is_done_again_to_the_same_end_on_the_other(
    hosts: tuple[Place, Place],
) -> None:
    first, second = hosts
    first.merge(DATE).expect(0)
    before = first.main()

    second.merge(DATE).expect(0)

    assert first.main() == before


def test_workers_are_forked_while_the_lease_is_renewed(hosts: tuple[Place, Place]) -> None:
    first, _ = hosts
    first.merge(DATE, "--workers", "2", prelude=SHORT_TERM).explained(0)
    assert first.marked(DATE) == list(STEPS)


def test_leases_that_cannot_be_asked_are_35(hosts: tuple[Place, Place]) -> None:
    first, _ = hosts
    first.configure(lease_url="postgresql://ciss:s3cret@127.0.0.1:1/ciss")

    finished = first.merge(DATE).explained(35, "lease_url", "State: nothing was touched", "Next:  ciss check")

    assert "s3cret" not in finished.text
    assert first.attempts(DATE) == []
    ciss(first.folder, "check").expect(35, "lease_url", "see that PostgreSQL answers")


def test_a_check_asks_the_leases_and_makes_nothing(hosts: tuple[Place, Place], database: Postgres) -> None:
    first, _ = hosts
    ciss(first.folder, "check").expect(0, "lease_url answers; the first run makes its table ciss_lease")
    assert database.query("SELECT to_regclass('ciss_lease')") == [(None,)]
    first.merge(DATE).explained(0)
    assert "first run" not in ciss(first.folder, "check").expect(0, "lease_url answers").out


def test_a_password_with_every_printable_character_opens_the_leases(
    hosts: tuple[Place, Place], database: Postgres
) -> None:
    first, _ = hosts
    quoted = PRINTABLE.replace("'", "''")
    database.query(f"CREATE ROLE {WITH_PASSWORD} LOGIN PASSWORD '{quoted}'")
    database.query(f"GRANT CREATE ON SCHEMA public TO {WITH_PASSWORD}")
    url = f"postgresql://{WITH_PASSWORD}:${{LEASE_PASSWORD}}@127.0.0.1:{database.port}/postgres"
    first.configure(lease_url=url)

    wrong = first.merge(DATE, LEASE_PASSWORD=PRINTABLE[::-1]).explained(35, "password authentication failed")
    right = first.merge(DATE, LEASE_PASSWORD=PRINTABLE).explained(0)

    silent(PRINTABLE, right.text)
    silent(PRINTABLE[::-1], wrong.text)


def test_leases_that_are_gone_in_the_midst_of_a_run_stop_it_before_it_publishes(
    hosts: tuple[Place, Place], database: Postgres
) -> None:
    first, _ = hosts
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        first.configure(lease_url=database.url.replace(str(database.port), str(proxy.port)))
        hold = Hold(first, "MergeMain")
        running = first.merging(DATE, **hold.how)
        hold.wait(running)
        proxy.refusing = True
        proxy.cut()
        hold.let_go()
        running.finish().explained(30, "the leases (lease_url) cannot be asked", "Next:  luigi")
        assert first.main() == []
        proxy.refusing = False
        database.query("UPDATE ciss_lease SET expires_at = clock_timestamp() - interval '1 second'")
        first.merge(DATE).explained(0)


def test_a_lease_is_renewed_while_a_long_statement_runs(
    hosts: tuple[Place, Place], database: Postgres, tmp_path: Path
) -> None:
    first, _ = hosts
    first.configure(lease_url=database.url, sql_dir=slow_sql(tmp_path / "slow", 50_000))
    running = first.merging(DATE, prelude=SHORT_TERM)
    first.wait_for_step(DATE, "BuildTemp")
    time.sleep(4.0)

    alive = database.query(
        "SELECT 1 FROM ciss_lease WHERE name LIKE '%_temp %' AND expires_at > clock_timestamp()"
    )

    running.end()
    assert alive == [(1,)]


def test_a_holder_that_was_paused_past_its_lease_publishes_nothing(
    hosts: tuple[Place, Place], database: Postgres
) -> None:
    """It is stopped right before it publishes; its lease passes on; then it wakes up."""
    first, _ = hosts
    running = first.merging(DATE, prelude=SHORT_TERM + STOPPED_BEFORE_MAIN)
    running.wait_for_stop()
    database.query(
        "UPDATE ciss_lease SET token = token + 1, expires_at = clock_timestamp() + interval '1 hour'"
    )

    running.send(signal.SIGCONT)

    running.finish().explained(30, "ran out before its rows were published")
    assert first.main() == []
    assert "MergeMain" not in first.marked(DATE)
