"""DuckDB in a file: the engine that needs nothing but pip.

Only one process at a time may write a DuckDB file, so opening it waits for its turn. No connection stays open
after its session: one that was open during a fork lost rows silently.
"""

from __future__ import annotations

import copy
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ciss_luigi import stopping
from ciss_luigi.engines.base import Capabilities, Engine, Identity, Progress
from ciss_luigi.engines.duckdb.beside import handing_over
from ciss_luigi.engines.duckdb.dialect import DuckDbDialect
from ciss_luigi.engines.duckdb.session import DuckDbSession
from ciss_luigi.engines.duckdb.verdicts import (
    LOCKED,
    first_words,
    holder_words,
    is_left_unfinished,
    is_refusal,
    refuse_foreign,
    refused_options,
    whose_file,
    why_no_query,
)
from ciss_luigi.errors import (
    CissError,
    ConfigurationError,
    EngineUnavailable,
    SettingRefused,
    StatementFailed,
)
from ciss_luigi.plainfile import is_there
from ciss_luigi.plaintext import without_parts
from ciss_luigi.state import owners
from ciss_luigi.state.files import make_folder

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger("luigi-interface.ciss_luigi")

OPEN_WAIT_SECONDS = 600.0
_POLL_SECONDS = 0.2
_TRANSIENT = ("TransactionException",)
_FROM_THE_NETWORK = ("autoinstall_known_extensions", "autoload_known_extensions")


class DuckDbEngine(Engine):
    """A DuckDB file."""

    capabilities = Capabilities(transactions=True)
    dialect = DuckDbDialect()

    def __init__(
        self,
        path: Path,
        *,
        options: Mapping[str, str] | None = None,
        connect_args: Mapping[str, Any] | None = None,
        session_settings: Mapping[str, Any] | None = None,
        deadline_seconds: float = 14_400.0,
        queue: Callable[[], AbstractContextManager[None]] = nullcontext,
        open_wait_seconds: float = OPEN_WAIT_SECONDS,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.identity = Identity("duckdb", str(path))
        self._path = path
        self._options = dict(options or {})
        self._connect_args = dict(connect_args or {})
        self._session_settings = dict(session_settings or {})
        self._deadline_seconds = deadline_seconds
        self._queue = queue
        self._open_wait_seconds = open_wait_seconds
        self._progress = progress

    def without_waiting(self) -> DuckDbEngine:
        """The same file; opening it fails at once while another program has it."""
        impatient = copy.copy(self)
        impatient._open_wait_seconds = 0.0
        return impatient

    def exists(self) -> bool:
        """Whether the file is there; opening a session would make it."""
        return is_there(self._path)

    def why_no_query(self, text: str) -> str:
        """DuckDB's parser says what a text is; it would run what follows a semicolon as well."""
        import duckdb

        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            return why_no_query(connection, text)

    def is_transient(self, error: BaseException) -> bool:
        """Whether it is a conflict of transactions: all other errors of DuckDB would come again."""
        cause = getattr(error.__cause__, "orig", None)
        # a full disk at the commit is an error of the same type
        return type(cause).__name__ in _TRANSIENT and "conflict" in str(cause).lower()

    @contextmanager
    def session(self) -> Iterator[DuckDbSession]:
        """Open the file, waiting for other programs and for this command's own workers."""
        with self._queue(), self._opened(self._connect_args) as connection:
            tend = handing_over(self._path)
            session = DuckDbSession(connection, self._deadline_seconds, self._progress, tend=tend)
            if self._progress is not None:
                session.show_progress()
            self._apply_settings(session)
            yield session

    @contextmanager
    def reading(self) -> Iterator[DuckDbSession]:
        """Open the file read-only: it need not be writable, and several programs may read at once."""
        with self._opened_to_look() as connection:
            session = DuckDbSession(connection, self._deadline_seconds)
            self._apply_settings(session)
            yield session

    @contextmanager
    def _opened_to_look(self) -> Iterator[Connection]:
        """Open read-only; first once for writing if a killed program left work that only a writer ends."""
        read_only = {**self._connect_args, "read_only": True}
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._opened(read_only))
            except EngineUnavailable as error:
                if not is_left_unfinished(error.__cause__) or self._connect_args.get("read_only"):
                    raise
                told = "%s: a program that was killed left it unfinished; it is opened for writing once."
                logger.warning(told, self._path)
                with self._queue(), self._opened(self._connect_args):
                    pass  # opening is enough: DuckDB then finishes what was left
                connection = stack.enter_context(self._opened(read_only))
            yield connection

    @contextmanager
    def _opened(self, connect_args: Mapping[str, Any]) -> Iterator[Connection]:
        with stopping.held_back():  # DuckDB crashes at exit if an exception interrupts its import
            from sqlalchemy import URL, create_engine
            from sqlalchemy.pool import NullPool

            url = URL.create("duckdb", database=str(self._path), query=self._options)
            engine = create_engine(url, poolclass=NullPool, connect_args=dict(connect_args))
        refuse_foreign(self._path)
        connection = self._wait_for_file(engine.connect)
        try:
            self._stay_offline(connection)
            # or SQLAlchemy would begin transactions of its own; those of the session are SQL text
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
        finally:
            with stopping.held_back():  # SQLAlchemy would log what a signal raises while it closes
                connection.close()
                engine.dispose()

    def _stay_offline(self, connection: Connection) -> None:
        """Keep DuckDB from fetching an extension because of a function's name, unless the site wants it.

        It is SET, not given when connecting: that must be the same for all connections of one process.
        """
        driver_connection: Any = connection.connection.dbapi_connection
        own = {**self._options, **self._connect_args.get("config", {})}
        for name in _FROM_THE_NETWORK:
            if name not in own:
                driver_connection.execute(f"SET {name} = false")

    def _wait_for_file(self, connect: Callable[[], Connection]) -> Connection:
        """Open at once, or wait until the program that holds the file closes it."""
        give_up = time.monotonic() + self._open_wait_seconds
        told = False
        while True:
            try:
                make_folder(self._path.parent)
                is_new = not self._path.exists()
                connection = connect()
                if is_new:
                    owners.hand_over(self._path)
                return connection
            except Exception as error:  # only its text says whether another program has the file
                holder = LOCKED.search(str(error))
                if holder is None or time.monotonic() >= give_up:
                    raise self._unavailable(error, holder) from error
                if not told:
                    told = True
                    logger.warning(
                        "%s is in use by %s; waiting for it, at most %.0f s.",
                        self._path, holder_words(holder), self._open_wait_seconds,
                    )  # fmt: skip
            time.sleep(_POLL_SECONDS)

    def _unavailable(self, error: Exception, holder: re.Match[str] | None) -> CissError:
        faults = (
            refused_options(first_words(error), self._options, self._connect_args)
            if is_refusal(error)
            else ()
        )
        if holder is None and faults:
            return ConfigurationError("the engine does not take an option", faults)
        if holder is None:
            words = first_words(error)
            whose = owners.if_locked_out(self._path) or whose_file(words)
            return EngineUnavailable(f"{self._path} cannot be opened: {words}{whose}")
        seen = f" (ps -p {holder[2]})" if holder[2] else ""
        return EngineUnavailable(
            f"{self._path} is in use by another program: {holder_words(holder)}; "
            f"waited {self._open_wait_seconds:.0f} s for it",
            next_command=f"end that program{seen}, then the same command again",
        )

    def _apply_settings(self, session: DuckDbSession) -> None:
        """Apply the session settings: names were checked with the configuration, values are literals."""
        for name, value in self._session_settings.items():
            literal = str(value).replace("'", "''")
            try:
                session.execute(f"SET {name} = '{literal}'")
            except StatementFailed as error:
                words = without_parts(error.what, str(value))
                raise SettingRefused(name, words) from None  # DuckDB's own error may hold a part of a secret
