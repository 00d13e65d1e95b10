"""The PostgreSQL with the leases: short transactions, of which none waits for ever.

A server, or a line to it, may fall silent at any byte. The server's own limits do not help then, nor do TCP's
where something between still takes what is sent. So each call has a limit on this side too: a thread closes
the line under it. It is shorter than a lease's term: a holder hears of it before its lease runs out.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ciss_luigi.errors import ConfigurationError, EngineUnavailable
from ciss_luigi.plaintext import one_line

CONNECT_SECONDS = 10
CALL_SECONDS = 25.0
"""The limit of one call: connecting, its statements, its commit."""

_LINE = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq's own limits: in seconds, and in milliseconds for what was sent and is not acknowledged."""

_IMPATIENCE = """
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '15s';
SET LOCAL idle_in_transaction_session_timeout = '10s'
"""
"""So that a process that is stopped inside one of these short transactions does not keep others waiting."""


class LeaseDatabase:
    """The database that ``lease_url`` names."""

    def __init__(self, url: str, call_seconds: float = CALL_SECONDS) -> None:
        self._url = url
        self._call_seconds = call_seconds
        self.is_silent = False
        """Whether the last call got no answer: then it is not worth waiting for another one."""

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """One short transaction on its own connection, so that forks and restarts of the server do no harm.

        Raises EngineUnavailable, at the latest when the limit of a call is over.
        """
        from sqlalchemy import create_engine, event
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        limit = _Limit(self._call_seconds)
        try:
            engine = create_engine(self._url, poolclass=NullPool, connect_args=_LINE)
            event.listen(engine, "do_connect", limit.connect)
            with limit, engine.begin() as connection:
                connection.exec_driver_sql(_IMPATIENCE)
                yield connection
            self.is_silent = False
        except ImportError as error:  # psycopg without its own copy of libpq
            raise ConfigurationError(
                f"lease_url: psycopg does not work here: {one_line(str(error))}",
                next_command="pip install 'ciss-luigi[lease]'",
            ) from error
        except (SQLAlchemyError, OSError) as error:
            self.is_silent = limit.is_over
            words = limit.words(error)
            raise EngineUnavailable(f"the leases (lease_url) cannot be asked: {words}") from error


class _Limit:
    """The time that one call may take; then its connection is closed, whatever waits for it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lines: list[int] = []
        self._timer = threading.Timer(seconds, self._close)
        self._timer.daemon = True
        self.is_over = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        """End the thread: a command that forks must have only one."""
        self._timer.cancel()
        self._timer.join()
        while self._lines:
            os.close(self._lines.pop())

    def connect(self, dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        """Connect as SQLAlchemy would, and watch the line."""
        connection = dialect.connect(*arguments, **named)
        # a number of our own: the driver's may be closed and given to another file before the time is over
        self._lines.append(os.dup(connection.fileno()))
        if self.is_over:  # while it connected, when there was no line yet that could be closed
            self._close()
        return connection

    def words(self, error: Exception) -> str:
        """The words for an error; the limit says whether it has caused it."""
        if self.is_over:
            return f"no answer within {self._seconds:.0f} s"
        return one_line(str(getattr(error, "orig", None) or "")) or type(error).__name__

    def _close(self) -> None:
        self.is_over = True
        for line in self._lines:
            with suppress(OSError), socket.socket(fileno=os.dup(line)) as end:
                end.shutdown(socket.SHUT_RDWR)  # a close would not wake the thread that waits here
