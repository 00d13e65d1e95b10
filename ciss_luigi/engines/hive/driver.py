"""Hive, and Spark's Thrift server, through PyHive."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ciss_luigi.engines.base import Row
from ciss_luigi.engines.hive import querypage
from ciss_luigi.engines.hiveserver2 import thrift
from ciss_luigi.engines.hiveserver2.client import Client, OperationState, Status, run, set_one
from ciss_luigi.engines.hiveserver2.journal import Journal
from ciss_luigi.engines.hiveserver2.verdicts import (
    LINE_LOST,
    MADE_MEANWHILE,
    Sign,
    Verdict,
    judge,
    server_words,
)
from ciss_luigi.errors import SettingRefused
from ciss_luigi.plaintext import without_parts

SIGNS = (
    Sign(r"Invalid OperationHandle|Invalid SessionHandle|Session does not exist", Verdict.LOST),
    Sign(r"Could not connect to any of|failed to resolve sockaddr", Verdict.RETRY),
    Sign(r"Lock acquisition .*timed? ?out|LockException|Unable to acquire", Verdict.RETRY),
    Sign(r"MetaException.*(TTransportException|Connection refused|Could not connect)", Verdict.RETRY),
    # 143 is 128 and SIGTERM: the cluster has taken the container away
    Sign(r"code (is )?143\b|Container (.* )?(killed|released)|AM .* (killed|failed).*preempt", Verdict.RETRY),
    *MADE_MEANWHILE,
    *LINE_LOST,  # last: a server's message may be about a connection or a lock of its own that timed out
)


_MODE = "hive.mapred.mode"
"""The old setting for all strict checks. It overrides each of them, so it is changed only if strict."""

_RELAXED = {
    "hive.strict.checks.cartesian.product": "false",
    "hive.strict.checks.no.partition.filter": "false",
}
"""Checks that our statements break: joins with one or two months, and counts of all months of a source."""


class PyHiveClient:
    """One PyHive connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._journal = Journal(self._log)
        self.page = ""
        """The URL of the server's page about a statement, without the operation's id; "" without one."""

    def start(self, statement: str) -> None:
        """Send a statement; the server compiles it before it answers."""
        self._journal.begin()
        self._cursor.execute(statement, async_=True)

    def status(self) -> Status:
        """Ask for the state of the operation."""
        from TCLIService import ttypes

        status = thrift.status(ttypes, self._cursor.poll())
        runs = status.state is OperationState.RUNNING
        return replace(status, lines=self._journal.lines(), url=self._url()) if runs else status

    def _url(self) -> str:
        handle = self._cursor._operationHandle
        return self.page and f"{self.page}{uuid.UUID(bytes=handle.operationId.guid)}"

    def _log(self) -> list[str]:
        """The operation's log; a server may keep none."""
        from pyhive.exc import Error

        try:
            return list(self._cursor.fetch_logs())
        except Error:
            return []

    def rows(self) -> list[Row]:
        """Fetch all rows, if there are any."""
        handle = self._cursor._operationHandle
        return list(self._cursor.fetchall()) if handle is not None and handle.hasResultSet else []

    def trace(self) -> str:
        """The handles of session and operation."""
        return thrift.trace(self._connection.sessionHandle, self._cursor._operationHandle)

    def end(self, trace: str) -> bool:
        """End another client's work."""
        from TCLIService import ttypes

        return thrift.end(self._connection.client, ttypes, trace)

    def close(self) -> None:
        """Close the session."""
        self._connection.close()

    def abandon(self) -> None:
        """Do nothing: PyHive does not talk to the server by itself, and the connection closes when unused."""


class HiveDriver:
    """Connects by PyHive and knows Hive's and Spark's words."""

    name = "Hive"

    def __init__(self, connect: Callable[[], Any], host: str = "") -> None:
        self._connect = connect
        self._host = host
        self._page: str | None = None

    def connect(self) -> Client:
        """Open a connection and a session."""
        return PyHiveClient(self._connect())

    def settings(self, client: Client, settings: Mapping[str, Any]) -> None:
        """SET each setting, and read it back: the server accepts some names and ignores them."""
        self._relax(client, settings)
        for name, value in settings.items():
            wanted = _as_text(value)
            set_one(self, client, name, wanted)
            answer = [str(cell) for row in run(client, f"SET {name}") for cell in row]
            if not {wanted, f"{name}={wanted}"} & set(answer):
                found = without_parts(str(answer), wanted)
                raise SettingRefused(name, f"ignored: asked for it, the server answers {found}")
        if isinstance(client, PyHiveClient):
            client.page = self._page_of(client)

    def _page_of(self, client: Client) -> str:
        """The server's page about a statement; asked once, and before any statement runs in the session."""
        if self._page is None:
            self._page = querypage.address(lambda name: self._setting(client, name), self._host)
        return self._page

    def _setting(self, client: Client, name: str) -> str:
        """A server's setting, "" for one that it does not show. Hive answers name=value, Spark two cells."""
        try:
            rows = run(client, f"SET {name}")
        except Exception as error:  # each driver raises its own; the verdict reads its words
            if self.verdict(error) is Verdict.NEVER:
                return ""
            raise
        return str(rows[0][-1]).rpartition("=")[2].strip() if rows else ""

    def _relax(self, client: Client, settings: Mapping[str, Any]) -> None:
        """Switch off what forbids our statements, if the site does not set it and the server allows it."""
        strict = any("=strict" in str(cell) for row in run(client, f"SET {_MODE}") for cell in row)
        wanted = {**_RELAXED, **({_MODE: "nonstrict"} if strict else {})}
        for name, value in wanted.items():
            if name not in settings:
                with suppress(SettingRefused):  # then `ciss check` shows why Hive refuses a statement
                    set_one(self, client, name, value)

    def verdict(self, error: BaseException) -> Verdict:
        """What to do after an error."""
        return judge(f"{type(error).__name__}: {self.words(error)}", SIGNS)

    def words(self, error: BaseException) -> str:
        """The server's message in PyHive's dump of the Thrift answer."""
        answer = error.args[0] if error.args else error
        message = getattr(getattr(answer, "status", None), "errorMessage", None) or str(answer)
        return server_words(str(message))

    def refresh(self, statement: str, words: str) -> list[str]:
        """No statement: Hive reads its metastore for every statement."""
        return []

    def find_again(self, tables: Sequence[str]) -> list[str]:
        """No statement: a table that Hive does not list does not exist."""
        return []


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
