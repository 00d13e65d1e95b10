"""The Impala front, before Hive: statements run for real, and what is Impala's is Impala's."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.clients import PARTITIONED, SLEEPY_HIVE, impyla, overwrite, run, until
from tests.servers.tcpproxy import tcp_proxy

if TYPE_CHECKING:
    from tests.servers.hiveserver import HiveServer
    from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]


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
        number = ".".join(map(str, impala.version))
        assert run(cursor, "SELECT version()")[0][0].startswith(f"impalad version {number}")
        run(cursor, f"INVALIDATE METADATA {filled}", f"COMPUTE INCREMENTAL STATS {filled}")
        assert run(cursor, f"TRUNCATE {filled}") == [("Table has been truncated.",)]
        assert run(cursor, f"SELECT * FROM {filled}") == []


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("REFRESH {t} PARTITION (id=1)", "Column 'id' is not a partition column in table: {t}"),
        ("REFRESH {t} PARTITION (month_year='1', id=1)", "match the partition columns .* {t} \\(2 vs 1\\)"),
        ("REFRESH default.nosuch", "AnalysisException: Table does not exist: default.nosuch"),
        ("SELECT * FROM default.nosuch", "Could not resolve table reference: 'default.nosuch'"),
        ("DESCRIBE default.nosuch", "Could not resolve path: 'default.nosuch'"),
        ("SHOW TABLES IN nosuch", "AnalysisException: Database does not exist: nosuch"),
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
        listed = {option: (value, level) for option, value, level in run(cursor, "SET ALL")}
        assert listed["REQUEST_POOL"] == ("root.ciss", "REGULAR")
        assert listed["MEM_LIMIT"] == ("2147483648", "REGULAR")
        assert listed["DECIMAL_V2"] == (str(int(impala.version >= (3, 0))), "DEVELOPMENT")
        assert "DECIMAL_V2" not in {row[0] for row in run(cursor, "SET")}
        assert "NO_SUCH" not in listed
        with pytest.raises(Exception, match="Invalid query option: nope"):
            cursor.execute("SELECT 1", configuration={"nope": "1"})
    assert impala.options == {"REQUEST_POOL": "root.ciss", "MEM_LIMIT": "2147483648"}
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


def test_behind_the_front_a_statement_outlives_its_client(impala: ImpalaFront, filled: str) -> None:
    with tcp_proxy(impala.host, impala.port) as proxy:
        proxy.when_sent(b"INSERT OVERWRITE", "cut")
        with (
            pytest.raises(Exception, match=r"TSocket read 0 bytes|unexpected exception"),
            impyla(proxy) as cursor,
        ):
            run(cursor, overwrite(filled, "2016-12", "SELECT 12, CAST(NULL AS DECIMAL(18,4))"))
    with impyla(impala) as cursor:
        assert until(lambda: run(cursor, f"SELECT id FROM {filled} WHERE month_year='2016-12'") == [(12,)])


def lines_to(port: int) -> int:
    """How many connections to a port are open on this machine."""
    established, ends = "01", f":{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for line in lines if line[2].endswith(ends) and line[3] == established)


def test_a_session_that_is_closed_leaves_no_line_to_the_real_server(
    impala: ImpalaFront, hive: HiveServer
) -> None:
    before = lines_to(hive.port)
    for _ in range(20):
        with impyla(impala) as cursor:
            run(cursor, "SELECT 1")
    assert until(lambda: lines_to(hive.port) <= before)
