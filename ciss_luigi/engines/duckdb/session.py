"""What is sent on one open connection to a DuckDB file, and what ends a statement early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from ciss_luigi import events, stopping
from ciss_luigi.engines.base import BEGIN, COMMIT, ROLLBACK, Progress, Row
from ciss_luigi.engines.duckdb.verdicts import refused
from ciss_luigi.errors import StatementDeadline

if TYPE_CHECKING:
    from sqlalchemy import Connection


_LOOK_SECONDS = 1.0


class DuckDbSession:
    """One open DuckDB connection; ``progress`` hears how far a long statement is.

    ``tend`` is called after each statement and once a second in a long one.
    """

    def __init__(
        self,
        connection: Connection,
        deadline_seconds: float,
        progress: Callable[[Progress], None] | None = None,
        *,
        tend: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._deadline_seconds = deadline_seconds
        self._progress = progress
        self._tend = tend

    def show_progress(self) -> None:
        """Let DuckDB estimate how far a statement is, without printing that itself."""
        self._driver.execute("SET enable_progress_bar = true")
        self._driver.execute("SET enable_progress_bar_print = false")

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
        """A context that does nothing: no statement outlives the process here."""
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
            self._watched() as expired,
            stopping.cancelling(self._interrupt),
        ):
            try:
                result = self._connection.exec_driver_sql(statement)
                return result.fetchall() if result.returns_rows else []
            except Exception as error:  # SQLAlchemy's, or DuckDB's own that it does not wrap
                stopping.raise_if_requested(error)
                if expired.is_set():
                    raise StatementDeadline(
                        f"DuckDB: a statement ran longer than {self._deadline_seconds / 60:g} minutes "
                        "(statement_deadline_minutes) and was cancelled"
                    ) from error
                raise refused(error) from error
            finally:
                self._tend()

    @contextmanager
    def _watched(self) -> Iterator[threading.Event]:
        """A thread that watches the statement and ends with it: a fork needs a process with one thread.

        It cancels the statement at its deadline, which sets the event; until then it asks how far it is.
        """
        expired, ended = threading.Event(), threading.Event()

        def watch() -> None:
            give_up = time.monotonic() + self._deadline_seconds
            while not ended.wait(min(_LOOK_SECONDS, max(0.0, give_up - time.monotonic()))):
                if time.monotonic() >= give_up:
                    expired.set()
                    self._interrupt()
                    return
                self._tend()
                self._tell_progress()

        thread = threading.Thread(target=watch, daemon=True, name="ciss statement")
        thread.start()
        try:
            yield expired
        finally:
            ended.set()
            thread.join()  # a cancel that comes late would hit the next statement

    def _tell_progress(self) -> None:
        if self._progress is None:
            return
        with suppress(Exception):  # an error here must not end the watch for the deadline
            percentage = float(self._driver.query_progress())
            if percentage >= 0:  # -1: DuckDB does not know
                self._progress(Progress(min(percentage, 100.0) / 100))

    @property
    def _driver(self) -> Any:
        return self._connection.connection.dbapi_connection

    def _interrupt(self) -> None:
        self._driver.interrupt()
