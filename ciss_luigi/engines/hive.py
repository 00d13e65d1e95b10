"""Hive, and Spark's Thrift server, through PyHive."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ciss_luigi.engines import thrift
from ciss_luigi.engines.base import Output, Row
from ciss_luigi.engines.client import Client, State, Status, run, set_one
from ciss_luigi.engines.journal import Journal
from ciss_luigi.engines.verdicts import LINE_LOST, MADE_MEANWHILE, Sign, Verdict, judge
from ciss_luigi.errors import SettingRefused
from ciss_luigi.sqlfiles import Query

SIGNS = (
    Sign(r"Invalid OperationHandle|Invalid SessionHandle|Session does not exist", Verdict.LOST),
    Sign(r"Could not connect to any of|failed to resolve sockaddr", Verdict.RETRY),
    Sign(r"Lock acquisition .*timed? ?out|LockException|Unable to acquire", Verdict.RETRY),
    Sign(r"MetaException.*(TTransportException|Connection refused|Could not connect)", Verdict.RETRY),
    Sign(r"code (is )?143\b|Container (.* )?(killed|released)|AM .* (killed|failed).*preempt", Verdict.RETRY),
    *MADE_MEANWHILE,
    *LINE_LOST,  # last: a server's message may speak of a line of its own, or of a lock, that timed out
)


_JAVA_PREFIX = re.compile(
    r"^(org\.apache\.hive\.service\.cli\.HiveSQLException: )?(Error running query: )?"
    r"(Error while compiling statement: )?(FAILED: )?(\[\w[\w.]*\] org\.apache\.spark[\w.]*: )?"
)


def server_words(message: str) -> str:
    """A server's message without the Java classes that carried it, and without their stack."""
    words = _JAVA_PREFIX.sub("", message.strip().split("\n\tat ")[0].strip())
    # all that Hive says of a statement that hive.query.timeout.seconds has ended
    return f"a statement ran {State.OVERDUE.value}: {words}" if "from TIMEDOUT" in words else words


class HiveDialect:
    """Statements as Hive and Spark spell them; partitions are static, always."""

    positional = True
    count_type = "DECIMAL(19,0)"

    def create_database(self, database: str) -> str:
        """Make the schema if it is absent."""
        return f"CREATE DATABASE IF NOT EXISTS {database}"

    def create_table(self, name: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """Make a partitioned Parquet table if it is absent."""
        listed = ",\n    ".join(f"{column} {kind}" for column, kind in columns)
        return (
            f"CREATE TABLE IF NOT EXISTS {name} (\n    {listed}\n)\n"
            f"PARTITIONED BY ({partition} STRING)\nSTORED AS PARQUET"
        )

    def overwrite(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], query: Query
    ) -> list[str]:
        """One static INSERT OVERWRITE, its columns in the order of the table."""
        listed = ", ".join(output.expression for output in outputs)
        named = Query(query.ctes, f"SELECT {listed} FROM (\n{query.select}\n) written")
        return [
            named.with_head(f"INSERT OVERWRITE TABLE {table} PARTITION ({partition[0]} = '{partition[1]}')")
        ]

    def empty_partition(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], nothing: Query
    ) -> list[str]:
        """Overwrite the partition by no rows: TRUNCATE is refused on external tables."""
        return self.overwrite(table, partition, outputs, nothing)

    def list_partitions(self, table: str, column: str) -> str:
        """Ask the metastore, not the data."""
        return f"SHOW PARTITIONS {table}"

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values out of ``run_date=2016-11-22``."""
        return [str(row[0]).partition("=")[2] for row in rows]

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """Nothing: Hive reads its metastore anew for every statement."""
        return []

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """One statement for all."""
        listed = ", ".join(f"PARTITION ({column} = '{value}')" for value in values)
        return [f"ALTER TABLE {table} DROP IF EXISTS {listed}"]

    def list_tables(self, database: str) -> str:
        """Ask for the tables of a schema."""
        return f"SHOW TABLES IN {database}"

    def list_columns(self, database: str, table: str) -> str:
        """Ask for the columns of a table."""
        return f"DESCRIBE {database}.{table}"

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """One statement; without CASCADE Hive leaves out the partitions that are there, Spark knows none."""
        listed = ", ".join(f"{name} {kind}" for name, kind in columns)
        statement = f"ALTER TABLE {table} ADD COLUMNS ({listed})"
        return [[f"{statement} CASCADE"], [statement]]


class PyHiveClient:
    """One PyHive connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._journal = Journal(self._log)

    def start(self, statement: str) -> None:
        """Send a statement; the server compiles it before it answers."""
        self._journal.begin()
        self._cursor.execute(statement, async_=True)

    def status(self) -> Status:
        """Ask how the operation stands."""
        from TCLIService import ttypes

        status = thrift.status(ttypes, self._cursor.poll())
        return replace(status, lines=self._journal.lines()) if status.state is State.RUNNING else status

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
        """PyHive says nothing of its own accord; the line goes with the last reference."""


class HiveDriver:
    """Connects by PyHive and knows Hive's and Spark's words."""

    name = "Hive"

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    def connect(self) -> Client:
        """Open a connection and a session."""
        return PyHiveClient(self._connect())

    def settings(self, client: Client, settings: Mapping[str, Any]) -> None:
        """SET each, and read it back: the server takes some names and forgets them."""
        for name, value in settings.items():
            wanted = _as_text(value)
            set_one(self, client, name, wanted)
            answer = [str(cell) for row in run(client, f"SET {name}") for cell in row]
            if not {wanted, f"{name}={wanted}"} & set(answer):
                raise SettingRefused(name, f"ignored: asked for it, the server answers {answer}")

    def verdict(self, error: BaseException) -> Verdict:
        """What an error calls for."""
        return judge(f"{type(error).__name__}: {self.words(error)}", SIGNS)

    def words(self, error: BaseException) -> str:
        """The server's message out of PyHive's dump of the Thrift answer."""
        answer = error.args[0] if error.args else error
        message = getattr(getattr(answer, "status", None), "errorMessage", None) or str(answer)
        return server_words(str(message))

    def refresh(self, statement: str, words: str) -> list[str]:
        """Hive reads its metastore anew for every statement."""
        return []


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
