"""What is sent on one open connection to a DuckDB file, and what breaks a statement off."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ciss_luigi import events, stopping
from ciss_luigi.engines.base import BEGIN, COMMIT, ROLLBACK, Row
from ciss_luigi.engines.duckdb.verdicts import refused
from ciss_luigi.errors import StatementDeadline

if TYPE_CHECKING:
    from sqlalchemy import Connection


class DuckDbSession:
    """One open DuckDB connection."""

    def __init__(self, connection: Connection, deadline_seconds: float) -> None:
        self._connection = connection
        self._deadline_seconds = deadline_seconds

    def execute(self, statement: str) -> None:
        """Send a statement that returns no rows."""
        self._send(statement)

    def query(self, statement: str) -> list[Row]:
        """Send a statement and fetch its rows."""
        return [tuple(row) for row in self._send(statement)]

    def tables(self, question: str, wanted: Collection[str]) -> frozenset[str]:
        """The lower-case names of the tables in a schema."""
        return frozenset(name.lower() for (name,) in self.query(question))

    def columns(self, question: str) -> list[tuple[str, str]]:
        """Name and type of a table's columns, in order."""
        return [(name, kind) for name, kind in self.query(question)]

    def writing(self, target: str) -> AbstractContextManager[None]:
        """Nothing outlives the process here."""
        return nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN ... COMMIT; any exception rolls back."""
        self.execute(BEGIN)
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        self.execute(COMMIT)

    def _roll_back(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._connection.exec_driver_sql(ROLLBACK)
        except (SQLAlchemyError, RuntimeError):
            # Closing the connection rolls back as well; the first error is the one to tell.
            return

    def _send(self, statement: str) -> Sequence[Any]:
        with (
            events.statement(statement, "duckdb"),
            self._deadline() as expired,
            stopping.cancelling(self._interrupt),
        ):
            try:
                result = self._connection.exec_driver_sql(statement)
                return result.fetchall() if result.returns_rows else []
            except Exception as error:
                stopping.raise_if_requested(error)
                if expired.is_set():
                    raise StatementDeadline(
                        f"DuckDB: a statement ran longer than {self._deadline_seconds / 60:g} minutes "
                        "(statement_deadline_minutes) and was cancelled"
                    ) from error
                raise refused(error) from error

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        expired = threading.Event()

        def cancel() -> None:
            expired.set()
            self._interrupt()

        timer = threading.Timer(self._deadline_seconds, cancel)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()
            timer.join()  # one that fires this moment would interrupt the next statement

    def _interrupt(self) -> None:
        driver_connection: Any = self._connection.connection.dbapi_connection
        driver_connection.interrupt()
