"""HiveServer2's calls as an impalad answers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from tests.servers.impalasession import ImpalaError, Operation, Session, printed
from tests.servers.thriftwire import Client, impala_ttypes, ttypes

_METADATA = {
    *("GetTypeInfo", "GetCatalogs", "GetSchemas", "GetTables", "GetTableTypes", "GetColumns"),
    "GetFunctions",
}


class Statements(Protocol):
    """What the service asks about SQL: all that is Impala's own is decided there."""

    def run(self, session: Session, sql: str, overlay: Mapping[str, str]) -> Operation:
        """Answer, forward or refuse a statement."""

    def configure(self, session: Session, configuration: Mapping[str, str]) -> None:
        """Take the options that a session opens with."""

    def translate_error(self, session: Session, text: str) -> str:
        """Put an error of the real server into Impala's words, where Impala has its own."""


class Service:
    """The handler behind Thrift's processor: GetLog is answered by `_get_log`, and so on."""

    def __init__(self, statements: Statements, connect: Callable[[str], Client]) -> None:
        self._statements = statements
        self._connect = connect
        self._sessions: dict[bytes, Session] = {}
        self._operations: dict[bytes, Operation] = {}
        self._clients: list[Client] = []

    def __getattr__(self, rpc: str) -> Callable[[Any], Any]:
        """Find a Thrift call; what is missing here is missing on the wire too."""
        if rpc in _METADATA:
            return partial(self._answer, rpc, partial(self._metadata, rpc))
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in rpc)
        if not rpc[:1].isupper() or name not in type(self).__dict__:
            raise AttributeError(rpc)
        return partial(self._answer, rpc, getattr(self, name))

    def forget(self) -> None:
        """Lose all sessions and queries, as a coordinator does that starts again."""
        self._sessions.clear()
        self._operations.clear()

    def close(self) -> None:
        """Hang up on the real server."""
        for client in self._clients:
            client.close()

    def _answer(self, rpc: str, method: Callable[[Any], dict[str, Any]], request: Any) -> Any:
        response = getattr(ttypes, f"T{rpc}Resp", None) or getattr(impala_ttypes, f"T{rpc}Resp")
        try:
            return response(status=ttypes.TStatus(ttypes.TStatusCode.SUCCESS_STATUS), **method(request))
        except ImpalaError as error:
            failed = ttypes.TStatusCode.ERROR_STATUS
            return response(status=ttypes.TStatus(failed, sqlState="HY000", errorMessage=str(error)))

    def _client(self, user: str) -> Client:
        client = self._connect(user)
        self._clients.append(client)
        return client

    def _session(self, request: Any) -> Session:
        guid = request.sessionHandle.sessionId.guid
        if guid not in self._sessions:
            raise ImpalaError(f"Invalid session id: {printed(guid)}")
        return self._sessions[guid]

    def _operation(self, request: Any) -> Operation:
        guid = request.operationHandle.operationId.guid
        if guid not in self._operations:
            raise ImpalaError(f"Invalid or unknown query handle: {printed(guid)}")
        return self._operations[guid]

    def _open_session(self, request: Any) -> dict[str, Any]:
        configuration = dict(request.configuration or {})
        database = next(
            (value for key, value in configuration.items() if key.lower() == "use:database"), "default"
        )
        user = request.username or "anonymous"
        session = Session(user, partial(self._client, user), self._statements.translate_error, database)
        self._statements.configure(session, configuration)
        self._sessions[session.guid] = session
        return {
            "serverProtocolVersion": ttypes.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V6,
            "sessionHandle": ttypes.TSessionHandle(ttypes.THandleIdentifier(session.guid, session.guid)),
            "configuration": session.options,
        }

    def _close_session(self, request: Any) -> dict[str, Any]:
        session = self._session(request)
        for guid in [guid for guid, one in self._operations.items() if one.session is session]:
            del self._operations[guid]
        del self._sessions[session.guid]
        session.close()
        return {}

    def _execute_statement(self, request: Any) -> dict[str, Any]:
        session = self._session(request)
        operation = self._statements.run(session, request.statement, request.confOverlay or {})
        return self._opened(operation, ttypes.TOperationType.EXECUTE_STATEMENT)

    def _metadata(self, rpc: str, request: Any) -> dict[str, Any]:
        session = self._session(request)
        request.sessionHandle = session.handle
        done = session.call(rpc, request).operationHandle
        return self._opened(Operation(session, rpc, handle=done), done.operationType)

    def _opened(self, operation: Operation, kind: int) -> dict[str, Any]:
        self._operations[operation.guid] = operation
        identifier = ttypes.THandleIdentifier(operation.guid, operation.guid)
        return {"operationHandle": ttypes.TOperationHandle(identifier, kind, operation.returns_rows())}

    def _get_operation_status(self, request: Any) -> dict[str, Any]:
        operation = self._operation(request)
        state = operation.poll()
        failure = {"errorMessage": operation.error, "sqlState": "HY000"} if operation.error else {}
        return {"operationState": state, "hasResultSet": operation.returns_rows(), **failure}

    def _get_result_set_metadata(self, request: Any) -> dict[str, Any]:
        return {"schema": self._operation(request).schema()}

    def _fetch_results(self, request: Any) -> dict[str, Any]:
        rows, more = self._operation(request).fetch(request)
        return {"results": rows, "hasMoreRows": more}

    def _cancel_operation(self, request: Any) -> dict[str, Any]:
        self._operation(request).cancel()
        return {}

    def _close_operation(self, request: Any) -> dict[str, Any]:
        operation = self._operation(request)
        del self._operations[operation.guid]
        operation.end()
        return {}

    def _close_impala_operation(self, request: Any) -> dict[str, Any]:
        return self._close_operation(request)

    def _get_info(self, request: Any) -> dict[str, Any]:
        self._session(request)
        return {"infoValue": ttypes.TGetInfoValue(stringValue="Impala")}

    def _get_log(self, request: Any) -> dict[str, Any]:
        self._operation(request)
        return {"log": ""}

    def _get_runtime_profile(self, request: Any) -> dict[str, Any]:
        operation = self._operation(request)
        head = f"Query (id={printed(operation.guid)}):\n  Summary:\n    Sql Statement: "
        return {"profile": head + operation.sql + "\n"}
