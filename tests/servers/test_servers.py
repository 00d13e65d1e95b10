"""The servers are real: tables are made in them, statements run, fail, are cancelled and cut."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.servers import hivejars, needs
from tests.servers.clients import impyla, pyhive, run
from tests.servers.hiveserver import HiveServer, hive_server
from tests.servers.process import ServerFailed
from tests.servers.sparkserver import SparkServer
from tests.servers.tcpproxy import tcp_proxy

if TYPE_CHECKING:
    from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

PARTITIONED = "(id INT, usd DECIMAL(18,4)) PARTITIONED BY (month_year STRING) STORED AS PARQUET"
# A second for each row. It depends on the row, or it would be worked out once, while compiling.
SLEEPY_HIVE = "SELECT COUNT(reflect('java.lang.Thread', 'sleep', CAST(id * 1000 AS BIGINT))) FROM "
SLEEPY_SPARK = "SELECT java_method('java.lang.Thread', 'sleep', CAST(id * 1000 AS BIGINT)) FROM "


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


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A name of the test's own: the servers are shared."""
    return "".join(letter if letter.isalnum() else "_" for letter in request.node.name.lower())


def until(condition: Callable[[], object], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(condition())


def overwrite(table: str, month: str, rows: str) -> str:
    return f"INSERT OVERWRITE TABLE {table} PARTITION (month_year='{month}') {rows}"


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


# The Impala front, before Hive.


@pytest.fixture
def filled(impala: ImpalaFront, table: str) -> str:
    """A table made and filled through the front in Impala's own forms."""
    name = f"default.{table}"
    with impyla(impala) as cursor:
        run(
            cursor,
            f"CREATE TABLE {name} {PARTITIONED};",
            f"INSERT OVERWRITE {name} PARTITION (month_year='2016-11') /* +NOSHUFFLE */ "
            "WITH q AS (SELECT 7 AS id, BTRIM(' x ') AS x) SELECT id, NULL FROM q WHERE x = 'x'",
        )
    return name


@pytest.mark.parametrize("mechanism", ["NOSASL", "PLAIN", "LDAP"])
def test_statements_run_for_real_and_are_recorded(impala: ImpalaFront, filled: str, mechanism: str) -> None:
    impala.clear()
    refresh = f"REFRESH {filled} PARTITION (month_year='2016-11')"
    with impyla(impala, mechanism) as cursor:
        assert run(cursor, refresh, f"SELECT id, usd FROM {filled}") == [(7, None)]
        assert [column[0] for column in cursor.description] == ["id", "usd"]
    assert [(one.kind, bool(one.sent)) for one in impala.statements] == [("refresh", False), ("select", True)]
    assert impala.texts("refresh") == [refresh]


def test_impala_answers_in_its_own_form(impala: ImpalaFront, filled: str) -> None:
    with impyla(impala) as cursor:
        columns = [("id", "int", ""), ("usd", "decimal(18,4)", ""), ("month_year", "string", "")]
        assert run(cursor, f"DESCRIBE {filled}") == columns
        rows = run(cursor, f"SHOW PARTITIONS {filled}")
        assert [row[0] for row in rows] == ["2016-11", "Total"]
        assert cursor.description[0][0] == "month_year"
        assert run(cursor, "SELECT version()")[0][0].startswith("impalad version 2.12.0")
        run(cursor, f"INVALIDATE METADATA {filled}", f"COMPUTE INCREMENTAL STATS {filled}")
        assert run(cursor, f"TRUNCATE {filled}") == [("Table has been truncated.",)]
        assert run(cursor, f"SELECT * FROM {filled}") == []


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("REFRESH {t} PARTITION (id=1)", "Column 'id' is not a partition column in table: {t}"),
        ("REFRESH {t} PARTITION (month_year='1', id=1)", "match the partition columns .* {t} \\(2 vs 1\\)"),
        ("REFRESH default.nosuch", "AnalysisException: Table does not exist: default.nosuch"),
        ("SELECT * FROM nosuch", "AnalysisException: Table does not exist: default.nosuch"),
        ("REFRESH TABLE {t}", "ParseException: Syntax error in line 1:"),
        ("SELECT 'it''s'", "ParseException: Syntax error in line 1:"),
        ("SET hive.exec.parallel=true", "ParseException: Syntax error in line 1:"),
        ("SET NO_SUCH=1", "Invalid query option: NO_SUCH"),
    ],
)
def test_impala_refuses(impala: ImpalaFront, filled: str, statement: str, error: str) -> None:
    with impyla(impala) as cursor, pytest.raises(Exception, match=error.format(t=filled)):
        run(cursor, statement.format(t=filled))
    assert not impala.statements[-1].sent


def test_an_unpartitioned_table_has_no_partition_to_refresh(impala: ImpalaFront, table: str) -> None:
    with impyla(impala) as cursor:
        run(cursor, f"CREATE TABLE {table} (id INT) STORED AS PARQUET", f"REFRESH {table}")
        with pytest.raises(Exception, match=f"Table is not partitioned: default.{table}"):
            run(cursor, f"REFRESH {table} PARTITION (p='1')")


def test_unknown_options_pass_at_opening_and_are_refused_by_set(impala: ImpalaFront) -> None:
    opened = {"REQUEST_POOL": "root.ciss", "hive.query.name": "x", "no_such": "1"}
    with impyla(impala, configuration=opened) as cursor:
        run(cursor, "SET MEM_LIMIT=2g", "SELECT 1")
        listed = {option: (value, level) for option, value, level in run(cursor, "SET")}
        assert listed["REQUEST_POOL"] == ("root.ciss", "REGULAR")
        assert listed["MEM_LIMIT"] == ("2g", "REGULAR")
        assert "NO_SUCH" not in listed
        with pytest.raises(Exception, match="Invalid query option: nope"):
            cursor.execute("SELECT 1", configuration={"nope": "1"})
    assert impala.options == {"REQUEST_POOL": "root.ciss", "MEM_LIMIT": "2g"}
    assert impala.statements[1].options == impala.options


def test_an_injected_error_arrives_with_its_text_and_nothing_ran(impala: ImpalaFront, filled: str) -> None:
    texts = (
        "AuthorizationException: User 'ann' does not have privileges to execute 'INSERT' on: default.t",
        "Rejected query from pool root.ciss: queue full, limit=10, num_queued=10.",
    )
    for text in texts:
        impala.fail_next("^insert overwrite", text)
        with impyla(impala) as cursor:
            with pytest.raises(Exception, match=text.replace(".", r"\.")):
                run(cursor, overwrite(filled, "2016-11", "SELECT 8, NULL"))
            assert run(cursor, f"SELECT id FROM {filled}") == [(7,)]


def test_a_statement_can_run_and_be_said_to_have_failed(impala: ImpalaFront, filled: str) -> None:
    impala.fail_next("overwrite", "Failed due to unreachable impalad(s): h:22000", after_execution=True)
    with impyla(impala) as cursor:
        with pytest.raises(Exception, match="unreachable impalad"):
            run(cursor, overwrite(filled, "2016-11", "SELECT 8, CAST(NULL AS DECIMAL(18,4))"))
        assert run(cursor, f"SELECT id FROM {filled}") == [(8,)]
        assert run(cursor, overwrite(filled, "2016-11", "SELECT 9, CAST(NULL AS DECIMAL(18,4))")) == []


def test_a_cancel_returns_at_once_and_is_an_error_state(impala: ImpalaFront, filled: str) -> None:
    with impyla(impala) as cursor:
        cursor.execute_async(SLEEPY_HIVE + filled)
        begun = time.monotonic()
        cursor.cancel_operation(reset_state=False)
        assert time.monotonic() - begun < 1
        assert cursor.status() == "ERROR_STATE"
        with pytest.raises(Exception, match=r"^Cancelled$"):
            cursor.fetchall()


def test_a_restarted_coordinator_knows_no_session(impala: ImpalaFront) -> None:
    with contextlib.suppress(Exception), impyla(impala) as cursor:
        impala.restart()
        with pytest.raises(Exception, match=r"Invalid session id: [0-9a-f]+:[0-9a-f]+"):
            run(cursor, "SELECT 1")


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
