"""Hive's and Spark's errors: what each calls for, and what of it the user reads."""

from __future__ import annotations

import pytest
from TCLIService import ttypes

from ciss_luigi.engines.hive.driver import HiveDriver
from ciss_luigi.engines.hiveserver2 import thrift
from ciss_luigi.engines.hiveserver2.client import OperationState, Status
from ciss_luigi.engines.hiveserver2.verdicts import Verdict
from ciss_luigi.engines.impala.driver import _ttypes
from ciss_luigi.errors import SettingRefused, StatementFailed
from tests.engines.cluster import HIVE, HIVE_IMPYLA, SPARK_ANSI, SPARK_IMPYLA, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster

ERRORS = {
    "TSocket read 0 bytes": Verdict.LOST,
    "[Errno 104] Connection reset by peer": Verdict.LOST,
    "Invalid SessionHandle: SessionHandle [1a2b]": Verdict.LOST,
    "Invalid OperationHandle: OperationHandle [opType=EXECUTE_STATEMENT]": Verdict.LOST,
    "Could not connect to any of [('127.0.0.1', 46653)]": Verdict.RETRY,
    "Error in acquiring locks: LockException: Lock acquisition for LockRequest timed out": Verdict.RETRY,
    "MetaException(message:Got exception: org.apache.thrift.TTransportException null)": Verdict.RETRY,
    "Vertex failed, Container killed on request. Exit code is 143": Verdict.RETRY,
    "MetaException(message:AlreadyExistsException(message:Table hive.mnaas.t already exists))": Verdict.RETRY,
    "MetaException(message:JDODataStoreException: it would have caused a duplicate key value in a unique or "
    "primary key constraint or unique index identified by 'UNIQUETABLE'": Verdict.RETRY,
    "MetaException(message:Duplicate entry 'main-1' for key 'UNIQUETABLE'": Verdict.RETRY,
    'MetaException(message:duplicate key value violates unique constraint "UNIQUETABLE"': Verdict.RETRY,
    "MetaException(message:ORA-00001: unique constraint (HIVE.UNIQUETABLE) violated": Verdict.RETRY,
    "Vertex failed, application exited with code 14301": Verdict.NEVER,
    "Query timed out after 3600 seconds": Verdict.NEVER,
    "FAILED: SemanticException [Error 10001]: Line 1:14 Table not found 'nosuch'": Verdict.NEVER,
    "FAILED: ParseException line 1:0 cannot recognize input near 'selec' '1' '<EOF>'": Verdict.NEVER,
    "HiveAccessControlException Permission denied: Principal [name=bob, type=USER]": Verdict.NEVER,
    "Query was cancelled. Query ann_1 cancelled": Verdict.NEVER,
    "[ARITHMETIC_OVERFLOW] long overflow": Verdict.NEVER,
}


@pytest.mark.parametrize("text", ERRORS)
def test_what_an_error_calls_for(text: str) -> None:
    assert HiveDriver(lambda: None).verdict(RuntimeError(text)) is ERRORS[text]


def test_a_time_limit_of_hives_own_is_called_one() -> None:
    error = RuntimeError("Illegal Operation state transition from TIMEDOUT to ERROR")
    assert HiveDriver(lambda: None).words(error).startswith("a statement ran longer than its time limit: ")


@pytest.mark.parametrize("number", [5, 6, 8, 9])
def test_a_state_that_is_not_under_way_is_an_end(number: int) -> None:
    """8 is a time limit of the server's, which impyla's copy of the protocol does not know."""
    for types in (ttypes, _ttypes()):
        status = thrift.status(types, types.TGetOperationStatusResp(operationState=number))
        assert status.state is (OperationState.OVERDUE if number == 8 else OperationState.FAILED)


class Forgetful:
    """A server that takes any setting and keeps none; neither Hive nor Spark does so with a name at hand."""

    def start(self, statement: str) -> None:
        self._name = statement.removeprefix("SET ").partition("=")[0]

    def status(self) -> Status:
        return Status(OperationState.DONE)

    def rows(self) -> list[tuple[str]]:
        return [(f"{self._name}=what it was",)]


def test_a_setting_that_hive_takes_and_forgets_is_found() -> None:
    with pytest.raises(SettingRefused, match=r"hive\.query\.name: ignored: asked for it, the server answers"):
        HiveDriver(lambda: None).settings(Forgetful(), {"hive.query.name": "ciss"})  # type: ignore[arg-type]


WORDS = {
    HIVE: "Hive: SemanticException [Error 10001]: Line 1:14 Table not found 'nosuch'",
    SPARK_ANSI: "Hive: [TABLE_OR_VIEW_NOT_FOUND] The table or view `mnaas`.`nosuch` cannot be found.",
    HIVE_IMPYLA: "Table not found 'nosuch'",
    SPARK_IMPYLA: "[TABLE_OR_VIEW_NOT_FOUND] The table or view `mnaas`.`nosuch` cannot be found.",
}


@pytest.mark.parametrize("where", engine_params(*WORDS, long=()))
def test_the_servers_words_arrive_without_the_drivers_dump(make_cluster: MakeCluster, where: Where) -> None:
    with make_cluster(where).site().engine().session() as session, pytest.raises(StatementFailed) as caught:
        session.query("SELECT 1 FROM mnaas.nosuch")

    assert WORDS[where] in caught.value.what
    assert not any(
        word in caught.value.what for word in ("TStatus", "infoMessages", "\tat ", "HiveSQLException")
    )
