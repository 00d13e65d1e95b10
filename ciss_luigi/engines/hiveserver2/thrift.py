"""What PyHive's and impyla's generated Thrift code have in common: ending another client's work.

A HiveServer2 takes the handles of a session and an operation over any connection, so that a new client can
end what a killed one left running.
"""

from __future__ import annotations

from typing import Any

from ciss_luigi.engines.hiveserver2.client import OperationState, Status

_TIMEDOUT_STATE = 8
"""A state newer than impyla's copy of the protocol: the server's own time limit ended the statement."""


def trace(session: Any, operation: Any) -> str:
    """Handles as text: ``guid.secret`` of the session, and of the operation if there is one."""
    parts = [session.sessionId] + ([operation.operationId] if operation is not None else [])
    return "/".join(f"{part.guid.hex()}.{part.secret.hex()}" for part in parts)


def end(client: Any, ttypes: Any, text: str) -> bool:
    """Cancel the traced operation and close its session; returns whether the server may still run it."""
    session, *operations = (_identifier(ttypes, part) for part in text.split("/"))
    for identifier in operations:
        handle = ttypes.TOperationHandle(
            operationId=identifier, operationType=ttypes.TOperationType.EXECUTE_STATEMENT, hasResultSet=False
        )
        client.CancelOperation(ttypes.TCancelOperationReq(operationHandle=handle))
        if _runs(client, ttypes, handle):
            return True  # its session stays open: once that is closed, nobody can ask whether it still runs
    client.CloseSession(ttypes.TCloseSessionReq(sessionHandle=ttypes.TSessionHandle(sessionId=session)))
    return False


def _runs(client: Any, ttypes: Any, handle: Any) -> bool:
    response = client.GetOperationStatus(ttypes.TGetOperationStatusReq(operationHandle=handle))
    if response.status.statusCode != ttypes.TStatusCode.SUCCESS_STATUS:
        return False  # the server no longer knows it
    return status(ttypes, response).state is OperationState.RUNNING


def status(ttypes: Any, response: Any) -> Status:
    """An operation's status from the server's answer."""
    states = ttypes.TOperationState
    known = dict.fromkeys(
        (states.INITIALIZED_STATE, states.PENDING_STATE, states.RUNNING_STATE), OperationState.RUNNING
    )
    known |= {states.FINISHED_STATE: OperationState.DONE, states.CANCELED_STATE: OperationState.CANCELLED}
    known |= {_TIMEDOUT_STATE: OperationState.OVERDUE}
    progress = getattr(response, "progressUpdateResponse", None)
    fraction = progress.progressedPercentage if progress is not None else None
    return Status(
        known.get(response.operationState, OperationState.FAILED),
        response.errorMessage or "",
        fraction if isinstance(fraction, float) and 0 < fraction <= 1 else None,
    )


def _identifier(ttypes: Any, text: str) -> Any:
    guid, _, secret = text.partition(".")
    return ttypes.THandleIdentifier(guid=bytes.fromhex(guid), secret=bytes.fromhex(secret))
