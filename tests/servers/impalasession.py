"""Sessions and operations of the Impala front: what a client holds, and what the real server holds for it."""

from __future__ import annotations

import struct
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.servers.thriftwire import Client, TransportError, ttypes

State = ttypes.TOperationState
_TERMINAL = {State.FINISHED_STATE, State.CANCELED_STATE, State.CLOSED_STATE, State.ERROR_STATE}


class ImpalaError(Exception):
    """An error in Impala's words, answered with the call that it belongs to."""


class BackendError(ImpalaError):
    """An error in the real server's own words."""


def printed(guid: bytes) -> str:
    """Give a session's or query's id as Impala prints it."""
    return "{:x}:{:x}".format(*struct.unpack("<QQ", guid))


@dataclass
class Session:
    """A client's session: it lives until it is closed, whatever happens to the client's connection."""

    user: str
    connect: Callable[[], Client]
    translate_error: Callable[[Session, str], str]
    database: str = "default"
    options: dict[str, str] = field(default_factory=dict)
    guid: bytes = field(default_factory=lambda: uuid.uuid4().bytes)

    def __post_init__(self) -> None:
        self._client = self.connect()
        try:
            self.handle = self._open({"use:database": self.database})
        except BackendError:  # an Impala looks for the schema when it is used
            self.handle = self._open({})

    def _open(self, settings: dict[str, str]) -> Any:
        version = ttypes.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V6
        return self.call(
            "OpenSession", ttypes.TOpenSessionReq(version, self.user, None, settings)
        ).sessionHandle

    def call(self, method: str, request: Any) -> Any:
        """Make a call to the real server; an error status becomes an error here."""
        response = self._client.call(method, request)
        if response.status.statusCode == ttypes.TStatusCode.ERROR_STATUS:
            raise BackendError(response.status.errorMessage or "(no error text)")
        return response

    def beside(self, method: str, request: Any) -> None:
        """Make a call that may take its time on a connection of its own, and do not wait for it."""

        threading.Thread(target=self._alone, args=(method, request), daemon=True).start()

    def _alone(self, method: str, request: Any) -> None:
        with suppress(TransportError, OSError):  # the real server has gone, and the matter with it
            client = self.connect()
            try:
                client.call(method, request)
            finally:
                client.close()

    def query(self, sql: str) -> Any:
        """Run a statement of the front's own and give its rows."""
        request = ttypes.TExecuteStatementReq(self.handle, sql, {}, False)
        handle = self.call("ExecuteStatement", request).operationHandle
        try:
            return self.call("FetchResults", ttypes.TFetchResultsReq(handle, 0, 100_000)).results
        finally:
            self.call("CloseOperation", ttypes.TCloseOperationReq(handle))

    def close(self) -> None:
        """End the real server's session, and with it what runs there; then hang up.

        A HiveServer2 has a thread for each connection, and no more than 500.
        """

        def work() -> None:
            self._alone("CloseSession", ttypes.TCloseSessionReq(self.handle))
            self._client.close()

        threading.Thread(target=work, daemon=True).start()


@dataclass
class Operation:
    """One statement: run by the real server (`handle`), or answered here (`result`, `error`).

    With both, the real server says when it is done, and the rows are the ones given here.
    """

    session: Session
    sql: str
    sent: str = ""
    handle: Any = None
    result: tuple[Any, Any] | None = None
    error: str = ""
    error_after: str = ""
    guid: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    state: int = State.FINISHED_STATE
    _fetched: bool = False

    def returns_rows(self) -> bool:
        """Say whether there is something to fetch."""
        return self.result is not None or bool(self.handle and self.handle.hasResultSet)

    def poll(self) -> int:
        """Ask the real server how far it is; one that failed or was cancelled here is over."""
        if self.handle and not self.error:
            status = self.session.call("GetOperationStatus", ttypes.TGetOperationStatusReq(self.handle))
            self.state = status.operationState
            if self.state == State.ERROR_STATE:
                text = status.errorMessage or "(no error text)"
                self.error = self.session.translate_error(self.session, text)
        if self.state == State.FINISHED_STATE and not self.error:
            self.error = self.error_after
        return int(State.ERROR_STATE if self.error else self.state)

    def schema(self) -> Any:
        """Describe the columns, without the table's name that Hive puts before theirs."""
        if self.result or not self.handle:
            return self.result and self.result[0]
        request = ttypes.TGetResultSetMetadataReq(self.handle)
        schema = self.session.call("GetResultSetMetadata", request).schema
        for column in schema.columns if schema else ():
            column.columnName = column.columnName.rpartition(".")[2]
        return schema

    def fetch(self, request: Any) -> tuple[Any, bool]:
        """Give the next rows, and whether there are more; Impala lets a fetch wait for the end."""
        while self.poll() not in _TERMINAL:
            time.sleep(0.02)
        if self.error:
            raise ImpalaError(self.error)
        if self.result is None:
            request.operationHandle = self.handle
            fetched = self.session.call("FetchResults", request)
            return fetched.results, fetched.hasMoreRows
        rows = self.result[1]
        if self._fetched:
            empty = [ttypes.TColumn(stringVal=ttypes.TStringColumn([], b"")) for _ in rows.columns]
            rows = ttypes.TRowSet(startRowOffset=0, rows=[], columns=empty)
        self._fetched = True
        return rows, False

    def cancel(self) -> None:
        """Be cancelled at once, as on Impala, even where the real server makes its caller wait."""
        if self.handle and not self.error and self.state not in _TERMINAL:
            self.session.beside("CancelOperation", ttypes.TCancelOperationReq(self.handle))
        self.error = self.error or "Cancelled"

    def end(self) -> None:
        """Close it on the real server; one that runs still may make its caller wait there."""
        if self.handle:
            call = self.session.call if self.state in _TERMINAL else self.session.beside
            call("CloseOperation", ttypes.TCloseOperationReq(self.handle))
