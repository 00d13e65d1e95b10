"""Impala, through impyla; impyla also drives Hive and Spark, which is how it is tested."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ciss_luigi.engines.base import Row
from ciss_luigi.engines.hiveserver2 import thrift
from ciss_luigi.engines.hiveserver2.client import Client, OperationState, Status, set_one
from ciss_luigi.engines.hiveserver2.journal import Journal
from ciss_luigi.engines.hiveserver2.verdicts import (
    LINE_LOST,
    MADE_MEANWHILE,
    Sign,
    Verdict,
    judge,
    server_words,
)
from ciss_luigi.engines.impala import options

SIGNS = (
    Sign(r"Try to refresh the whole table instead", Verdict.OTHER_WAY),
    Sign(r"ALTER TABLE not supported on transactional \(ACID\) table", Verdict.OTHER_WAY),
    Sign(r"SYNC_DDL operation .*has been successfully executed", Verdict.DONE),
    Sign(r"Rejected query from pool .*queue full", Verdict.RETRY),
    Sign(r"Rejected query from pool|Invalid pool config", Verdict.NEVER),
    Sign(r"Admission for query exceeded timeout", Verdict.RETRY),
    Sign(r"Cancelled due to unreachable impalad|Failed due to unreachable impalad", Verdict.RETRY),
    Sign(
        r"Exec\(\) rpc failed|RPC recv timed out|RPC client failed to connect|Couldn't open transport for",
        Verdict.RETRY,
    ),
    Sign(
        r"no registered backends available|Waiting for executors to start|Server is being shut down",
        Verdict.RETRY,
    ),
    Sign(r"expired due to client inactivity", Verdict.RETRY),
    Sign(r"^Cancelled|expired due to execution time limit", Verdict.NEVER),
    Sign(
        r"Invalid session id|Session expired|Session closed because|Invalid or unknown query handle",
        Verdict.LOST,
    ),
    Sign(
        r"Invalid query handle|Invalid OperationHandle|Invalid SessionHandle|Session does not exist",
        Verdict.LOST,
    ),
    Sign(r"(Table|Database) does not exist: |Could not resolve (table reference|path)", Verdict.STALE),
    Sign(r"appears stale|Failed to open HDFS file|invalid Parquet version number", Verdict.STALE),
    Sign(r"Failed to load metadata for table", Verdict.STALE),
    Sign(r"was modified while operation was in progress|due to lock contention", Verdict.RETRY),
    Sign(r"InconsistentMetadataFetchException|Catalog service ID changed|in standby mode", Verdict.RETRY),
    Sign(r"Fetching .* failed", Verdict.RETRY),
    *MADE_MEANWHILE,
    Sign(
        r"RPC to Hive Metastore(?s:.*)CAUSED BY: (TTransportException|MetaException.*connect)", Verdict.RETRY
    ),
    Sign(r"RPC to Hive Metastore", Verdict.LOST),  # it may have been done in part
    Sign(r"Could not connect to any of|failed to resolve sockaddr", Verdict.RETRY),
    Sign(r"^Memory limit exceeded(?!.*MEM_LIMIT)", Verdict.ONCE),
    *LINE_LOST,
)
"""The first match counts, so the order matters: a narrow pattern stands before a wider one."""

DEFAULT_OPTIONS: Mapping[str, Any] = {"DECIMAL_V2": 1, "ABORT_ON_ERROR": 1}
"""Impala 2.12 truncates decimals and answers overflow with NULL unless it is told otherwise."""


class ImpylaClient:
    """One impyla connection with one cursor, which is one session."""

    def __init__(self, connection: Any, cursor: Any) -> None:
        self._connection = connection
        self._cursor = cursor
        self._journal = Journal(self._log)

    def start(self, statement: str) -> None:
        """Send a statement."""
        self._journal.begin()
        self._cursor.execute_async(statement)

    def status(self) -> Status:
        """Ask for the state of the operation."""
        status = thrift.status(_ttypes(), self._cursor._last_operation.get_state())
        runs = status.state is OperationState.RUNNING
        return replace(status, lines=self._journal.lines()) if runs else status

    def _log(self) -> list[str]:
        """The operation's log; a server may keep none."""
        from impala.error import Error

        try:
            return str(self._cursor.get_log()).splitlines()
        except Error:
            return []

    def rows(self) -> list[Row]:
        """Fetch all rows, if there are any."""
        return list(self._cursor.fetchall()) if self._cursor.has_result_set else []

    def trace(self) -> str:
        """The handles of session and operation."""
        operation = self._cursor._last_operation
        return thrift.trace(self._cursor.session.handle, operation.handle if operation else None)

    def end(self, trace: str) -> bool:
        """End another client's work."""
        return thrift.end(self._cursor.session.client, _ttypes(), trace)

    def close(self) -> None:
        """Close the session and the connection."""
        self._cursor.close()
        self._connection.close()

    def abandon(self) -> None:
        """Keep impyla's cursor from closing its session when collected: it would wait for the answer."""
        self._cursor._closed = True


class ImpalaDriver:
    """Connects by impyla and knows Impala's words."""

    name = "Impala"

    def __init__(self, connect: Callable[[], tuple[Any, Any]]) -> None:
        self._connect = connect

    def connect(self) -> Client:
        """Open a connection and a session."""
        return ImpylaClient(*self._connect())

    def settings(self, client: Client, settings: Mapping[str, Any]) -> None:
        """SET each setting, and read it back; OpenSession would silently ignore unknown names."""
        before = options.listed(client) if settings else {}
        for name, value in settings.items():
            literal = str(int(value)) if isinstance(value, bool | int) else "'" + _escaped(str(value)) + "'"
            set_one(self, client, name, literal)
        after = options.listed(client) if settings else {}
        for name, value in settings.items() if after else ():
            options.check(name, value, before, after)

    def verdict(self, error: BaseException) -> Verdict:
        """What to do after an error."""
        text = self.words(error)
        verdict = judge(text, SIGNS)
        # some errors, of Thrift say, tell what they are by their type alone
        return judge(f"{type(error).__name__}: {text}", SIGNS) if verdict is Verdict.NEVER else verdict

    def words(self, error: BaseException) -> str:
        """The server's message: Impala's is the error's text; a Hive in its place wraps its own."""
        return server_words(str(error)) or type(error).__name__

    def refresh(self, statement: str, words: str) -> list[str]:
        """The statements that renew its picture: INVALIDATE METADATA for an unknown table, else REFRESH."""
        unknown = _UNKNOWN.search(words)
        if unknown:
            return [f"INVALIDATE METADATA {_quoted(unknown[1])}"]
        tables = [_quoted(name) for name in _TABLES.findall(statement)]
        verb = "INVALIDATE METADATA" if "Database does not exist: " in words else "REFRESH"
        return [f"{verb} {table}" for table in dict.fromkeys(tables)]

    def find_again(self, tables: Sequence[str]) -> list[str]:
        """INVALIDATE METADATA for each: until then a table that Hive made is not in Impala's catalog."""
        return [f"INVALIDATE METADATA {table}" for table in tables]


_NAME = r"`?\w+`?\.`?\w+`?"
_UNKNOWN = re.compile(rf"(?:Table does not exist: |Could not resolve (?:table reference|path): ')({_NAME})")
_TABLES = re.compile(
    rf"\b(?:FROM|JOIN|TABLE|INTO|REFRESH|DESCRIBE|PARTITIONS)\s+({_NAME})(?!\w)", re.IGNORECASE
)


def _quoted(name: str) -> str:
    return ".".join(f"`{part.strip('`')}`" for part in name.split("."))


def _ttypes() -> Any:
    from impala._thrift_gen.TCLIService import ttypes

    return ttypes


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
