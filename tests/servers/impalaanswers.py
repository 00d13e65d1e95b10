"""What becomes of a statement that Impala takes: answered here, or run by the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.servers import impalaoptions, impalatables
from tests.servers.impalaanalysis import Analysis, created
from tests.servers.impalacatalog import quoted
from tests.servers.impalasession import BackendError, Operation, Session
from tests.servers.impalasql import Sql, kind, read, table_name
from tests.servers.impalatranslate import Dialect, translate
from tests.servers.thriftwire import table, texts, ttypes

SetOption = Callable[[Session, str, str], None]

# Impala answers DDL with one row that says so.
_SUMMARIES = {
    "create": "Table has been created.",
    "drop": "Table has been dropped.",
    "truncate": "Table has been truncated.",
    "alter": "Updated table.",
}


def answer(session: Session, sql: Sql, analysis: Analysis, set_option: SetOption) -> Operation | None:
    """Answer what only an impalad understands or words in its own way; None is for the real server."""
    what = kind(sql)
    if what == "refresh":
        impalatables.refresh(session, sql, analysis.catalog)
    if what == "invalidate metadata":
        impalatables.invalidate(session, sql, analysis.catalog)
    if what in {"refresh", "invalidate metadata"}:
        return Operation(session, sql.text)
    failure = impalatables.unwritable(session, sql, analysis.catalog)
    if failure:
        return Operation(session, sql.text, error=failure)
    rows = _set(session, sql, analysis, set_option) if what == "set" else _rows(session, sql, what, analysis)
    return None if rows is None else Operation(session, sql.text, result=rows)


def forward(session: Session, sql: Sql, dialect: Dialect, analysis: Analysis) -> Operation:
    """Have the real server run a statement, in its own form."""
    what = kind(sql)
    was_there = what == "create" and _is_there(session, sql)
    seen = read(impalatables.unseen_left_out(session, sql, analysis))
    sent = translate(seen.text, dialect)
    request = ttypes.TExecuteStatementReq(session.handle, sent, {}, True)
    handle = session.call("ExecuteStatement", request).operationHandle
    impalatables.learn(session, sql, analysis.catalog, was_there=was_there)
    if what == "use":
        session.database = table_name(sql, 1)[0]
    result = table(("summary",), [(_SUMMARIES[what],)]) if what in _SUMMARIES else None
    running = ttypes.TOperationState.RUNNING_STATE
    return Operation(session, sql.text, sent, handle, result, state=running)


def _is_there(session: Session, sql: Sql) -> bool:
    """Ask whether the metastore has a table already."""
    name, is_database = created(sql)
    if is_database:
        return False
    try:
        return bool(texts(session.query(f"DESCRIBE {quoted(impalatables.full_name(session, name))}")))
    except BackendError:
        return False


def _rows(session: Session, sql: Sql, what: str, analysis: Analysis) -> Any:
    if what in {"compute stats", "drop stats"}:
        return table(("summary",), [("Updated 1 partition(s) and 1 column(s).",)])
    if what == "show tables":
        return impalatables.show_tables(session, sql, analysis.catalog)
    if what == "show partitions":
        return impalatables.show_partitions(session, sql, analysis.catalog)
    if what == "describe" and sql.words[1:2] not in (["FORMATTED"], ["EXTENDED"], ["DATABASE"]):
        return impalatables.describe(session, sql, analysis.catalog)
    if sql.words[:4] == ["SELECT", "VERSION", "(", ")"]:
        number = ".".join(map(str, (*analysis.version, 0, 0)[:3]))
        return table(("version()",), [(f"impalad version {number} RELEASE (build 0)",)])
    return None


def _set(session: Session, sql: Sql, analysis: Analysis, set_option: SetOption) -> Any:
    columns = ("option", "value", "level")
    assigned = impalaoptions.assignment(sql.text)
    if assigned is None:
        everything = "ALL" in sql.words
        rows = impalaoptions.listing(session.options, analysis.version, everything=everything)
        return table(columns, rows)
    set_option(session, *assigned)
    return table(columns, [])
