"""Hive and Spark are real: tables are made in them, statements run, fail, are cancelled and cut."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.servers import hivejars, needs
from tests.servers.clients import (
    PARTITIONED,
    SLEEPY_HIVE,
    SLEEPY_SPARK,
    impyla,
    overwrite,
    pyhive,
    run,
    until,
)
from tests.servers.hiveserver import HiveServer, hive_server
from tests.servers.process import ServerFailed
from tests.servers.sparkserver import SparkServer
from tests.servers.tcpproxy import tcp_proxy

pytestmark = [pytest.mark.server, pytest.mark.slow]


class Server(Protocol):
    """Hive or Spark."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    def active_queries(self) -> list[dict[str, Any]]: ...


@pytest.fixture(params=["hive", "spark_ansi", "spark_plain"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def test_a_static_overwrite_replaces_its_partition_alone(server: Server, table: str) -> None:
    one = "SELECT 1, CAST('1.5' AS DECIMAL(18,4))"
    with pyhive(server) as cursor:
        run(cursor, f"CREATE TABLE {table} {PARTITIONED}")
        for month in ("2016-10", "2016-11", "2016-11"):
            run(cursor, overwrite(table, month, one))
        run(cursor, overwrite(table, "2016-10", one + " WHERE 1 = 0"))
        assert [str(row[1]) for row in run(cursor, f"SELECT id, usd FROM {table}")] == ["1.5000"]
        partitions = [("month_year=2016-10",), ("month_year=2016-11",)]
        assert run(cursor, f"SHOW PARTITIONS {table}") == partitions
    with impyla(server) as cursor:
        (row,) = run(cursor, f"SELECT * FROM {table}")
        assert (row[0], str(row[1]), row[2]) == (1, "1.5000", "2016-11")


def test_what_does_not_fit_is_an_error_or_null(server: Server) -> None:
    overflow = "SELECT CAST(123456 AS DECIMAL(5,2))"
    for client in (pyhive, impyla):
        with client(server) as cursor:
            if isinstance(server, SparkServer) and server.ansi:
                with pytest.raises(Exception, match="NUMERIC_VALUE_OUT_OF_RANGE"):
                    run(cursor, overflow)
            else:
                assert run(cursor, overflow) == [(None,)]


def test_the_server_tells_what_runs_and_a_cancel_is_seen_there(server: Server, table: str) -> None:
    sleepy = SLEEPY_HIVE if isinstance(server, HiveServer) else SLEEPY_SPARK
    with pyhive(server) as cursor:
        run(cursor, f"CREATE TABLE {table} STORED AS PARQUET AS SELECT stack(3, 3, 4, 5) AS id")
        if isinstance(server, HiveServer):
            run(cursor, "SET hive.execution.engine=mr")  # Tez in its local mode does not let go at a cancel
        assert server.active_queries() == []
        cursor.execute(sleepy + table, async_=True)
        assert until(server.active_queries)
        cursor.cancel()
        assert until(lambda: not server.active_queries(), 3)


def test_a_start_that_fails_says_why(tmp_path: Path, hive: HiveServer) -> None:
    with (
        pytest.raises(ServerFailed, match="Unrecognized VM option"),
        hive_server(tmp_path, jvm=["-XX:+NoSuchOption"]),
    ):
        pass


def test_preparing_again_changes_nothing(hive: HiveServer) -> None:
    cache = hivejars.default_cache()
    stamps = [path.stat().st_mtime_ns for path in sorted(hivejars.prepare(cache).iterdir())]
    assert [path.stat().st_mtime_ns for path in sorted(hivejars.prepare(cache).iterdir())] == stamps


def test_what_is_missing_is_named_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"java .*openjdk-17-jre-headless.*mvn .*maven"):
        needs.require([needs.JAVA, needs.MAVEN])
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="openjdk-17-jre-headless"):
        needs.require([needs.JAVA])


# The proxy, before Hive.


@pytest.fixture
def hive_table(hive: HiveServer, table: str) -> Iterator[str]:
    with pyhive(hive) as cursor:
        run(cursor, f"CREATE TABLE {table} {PARTITIONED}")
        yield table


def rows_of(hive: HiveServer, table: str) -> list[tuple[Any, ...]]:
    with pyhive(hive) as cursor:
        return run(cursor, f"SELECT id FROM {table}")


def test_a_statement_cut_after_it_arrived_runs_on_and_one_cut_before_never_ran(
    hive: HiveServer, hive_table: str
) -> None:
    insert = overwrite(hive_table, "2016-11", "SELECT {}, CAST(NULL AS DECIMAL(18,4))")
    with tcp_proxy(hive.host, hive.port) as proxy:
        for number, deliver in ((1, False), (2, True)):
            proxy.when_sent(b"INSERT OVERWRITE", "cut", deliver=deliver)
            with (
                pytest.raises(Exception, match=r"TSocket read 0 bytes|unexpected exception"),
                pyhive(proxy) as cursor,
            ):
                run(cursor, insert.format(number))
    assert until(lambda: rows_of(hive, hive_table) == [(2,)])


def test_a_stalled_line_is_noticed_by_a_timeout_alone(hive: HiveServer) -> None:
    with tcp_proxy(hive.host, hive.port) as proxy, contextlib.suppress(Exception):
        proxy.when_sent(b"SELECT 42", "stall")
        with impyla(proxy, timeout=1) as cursor:
            threading.Timer(4, proxy.cut).start()  # or closing the session would wait as well
            with pytest.raises(Exception, match=r"timed out"):
                run(cursor, "SELECT 42")
