"""What becomes of a statement that Impala's parser takes: answered here, or run by the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.servers import impalacatalog, impalaoptions
from tests.servers.impalagrammar import Version
from tests.servers.impalasession import Operation, Session
from tests.servers.impalasql import Sql, kind, table_name
from tests.servers.impalatranslate import Dialect, translate
from tests.servers.thriftwire import table, ttypes

SetOption = Callable[[Session, str, str], None]

# Impala answers DDL with one row that says so.
_SUMMARIES = {
    "create": "Table has been created.",
    "drop": "Table has been dropped.",
    "truncate": "Table has been truncated.",
    "alter": "Updated table.",
}


def answer(session: Session, sql: Sql, version: Version, set_option: SetOption) -> Operation | None:
    """Answer what only an impalad understands or words in its own way; None is for the real server."""
    what = kind(sql)
    if what == "refresh":
        impalacatalog.refresh(session, sql)
    if what in {"refresh", "invalidate metadata"}:
        return Operation(session, sql.text)
    rows = _set(session, sql, version, set_option) if what == "set" else _rows(session, sql, what, version)
    return None if rows is None else Operation(session, sql.text, result=rows)


def forward(session: Session, sql: Sql, dialect: Dialect) -> Operation:
    """Have the real server run a statement, in its own form."""
    what, sent = kind(sql), translate(sql.text, dialect)
    request = ttypes.TExecuteStatementReq(session.handle, sent, {}, True)
    handle = session.call("ExecuteStatement", request).operationHandle
    if what == "use":
        session.database = table_name(sql, 1)[0]
    result = table(("summary",), [(_SUMMARIES[what],)]) if what in _SUMMARIES else None
    running = ttypes.TOperationState.RUNNING_STATE
    return Operation(session, sql.text, sent, handle, result, state=running)


def _rows(session: Session, sql: Sql, what: str, version: Version) -> Any:
    if what in {"compute stats", "drop stats"}:
        return table(("summary",), [("Updated 1 partition(s) and 1 column(s).",)])
    if what == "show partitions":
        return impalacatalog.show_partitions(session, sql)
    if what == "describe" and sql.words[1:2] not in (["FORMATTED"], ["EXTENDED"], ["DATABASE"]):
        return impalacatalog.describe(session, sql)
    if sql.words[:4] == ["SELECT", "VERSION", "(", ")"]:
        number = ".".join(map(str, (*version, 0, 0)[:3]))
        return table(("version()",), [(f"impalad version {number} RELEASE (build 0)",)])
    return None


def _set(session: Session, sql: Sql, version: Version, set_option: SetOption) -> Any:
    columns = ("option", "value", "level")
    assigned = impalaoptions.assignment(sql.text)
    if assigned is None:
        return table(columns, impalaoptions.listing(session.options, version))
    set_option(session, *assigned)
    return table(columns, [])
