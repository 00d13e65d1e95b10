"""A PostgreSQL that falls silent at any byte ends the run by itself, with nothing published."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ciss_luigi.errors import EngineUnavailable
from ciss_luigi.locking.leases import TERM_SECONDS
from ciss_luigi.locking.postgres import CALL_SECONDS, CONNECT_SECONDS, LeaseDatabase
from tests.command import STEPS, Place
from tests.hosts.postgres import Postgres
from tests.servers.tcpproxy import tcp_proxy

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE = "2016-11-10"
SHORT = """
from ciss_luigi.locking import postgres
postgres.LeaseDatabase.__init__.__defaults__ = (2.0,)
postgres._LINE["connect_timeout"] = 2
"""
"""A prelude: a call of two seconds."""


_SHORT_CALLS = (0, 8, 700, 2500)
_AT_ONCE = 40
"""Fewer than the connections that a PostgreSQL allows by default."""
_GIVEN_UP_SECONDS = 15
_SHORT_RUNS = (0, 1500, 4500, 7500, 10_500)


def counts(short: tuple[int, ...], every: range) -> list[Any]:
    """Numbers of bytes after which the line falls silent; all but a few are of the long form."""
    return [*short, *(pytest.param(one, marks=pytest.mark.long) for one in every if one not in short)]


def through(database: Postgres, port: int) -> str:
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"


def ask_often(leases: LeaseDatabase) -> None:
    """More statements than a silent line lets through."""
    with leases.transaction() as connection:
        for _ in range(20):
            connection.exec_driver_sql("SELECT 1")


def test_a_call_is_given_up_before_its_lease_runs_out() -> None:
    assert CONNECT_SECONDS < CALL_SECONDS < TERM_SECONDS / 4 + CALL_SECONDS < TERM_SECONDS


@pytest.mark.parametrize("count", _SHORT_CALLS)
def test_a_call_ends_by_itself(database: Postgres, count: int) -> None:
    call_on_a_line_that_falls_silent(database, count)


@pytest.mark.long
def test_a_call_ends_by_itself_at_each_byte(database: Postgres) -> None:
    """Most of it is waiting, so many wait at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended = [pool.submit(call_on_a_line_that_falls_silent, database, count) for count in range(2600)]
    assert [count for count, one in enumerate(ended) if one.exception() is not None] == []


def call_on_a_line_that_falls_silent(database: Postgres, count: int) -> None:
    """A call after so many bytes of which nothing comes any more: it has to fail, and soon."""
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        proxy.silent_after = count
        leases = LeaseDatabase(through(database, proxy.port) + "?connect_timeout=2", call_seconds=2.0)
        began = time.monotonic()
        with pytest.raises(EngineUnavailable, match="cannot be asked"):
            ask_often(leases)
        assert time.monotonic() - began < _GIVEN_UP_SECONDS


@pytest.mark.parametrize("count", counts(_SHORT_RUNS, range(0, 12_000, 50)))
def test_a_run_ends_by_itself_and_publishes_nothing(place: Place, database: Postgres, count: int) -> None:
    """The last bytes of a run only free what it held: silence then costs nobody anything."""
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        place.configure(lease_url=through(database, proxy.port))
        proxy.silent_after = count
        finished = place.merge(DATE, prelude=SHORT)
    began = bool(place.attempts(DATE))
    if finished.code == 0:
        assert count > 6000
        assert place.marked(DATE) == list(STEPS)
        return
    finished.explained(30 if began else 35, "the leases (lease_url) cannot be asked", "State: ", "Next:  ")
    assert "MergeMain" not in place.marked(DATE)
    if "BuildTemp" in place.marked(DATE):
        assert place.main() == []
    place.configure()
    place.merge(DATE).explained(0)
    assert place.marked(DATE) == list(STEPS)


@pytest.mark.parametrize("number", [1, 2], ids=["before the write", "after it"])
def test_silence_in_the_open_transaction_publishes_nothing_and_frees_the_file(
    place: Place, database: Postgres, number: int
) -> None:
    """The lease is looked at before main is written and after it, both in DuckDB's transaction."""
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        place.configure(lease_url=through(database, proxy.port))
        silent = proxy.when_sent(b"SELECT 1 FROM ciss_lease", "stall", number=number)
        finished = place.merge(DATE, prelude=SHORT)
        assert place.main() == []  # this process may open the file at once
    assert silent.is_set()
    finished.explained(30, "the leases (lease_url) cannot be asked: no answer within 2 s", "State: ")
    assert "MergeMain" not in place.marked(DATE)
