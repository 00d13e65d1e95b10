"""What a step needs of an engine, whichever engine it is.

How engines differ is said by data and flags (``Capabilities``, ``Dialect``). No code asks for their names.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ciss_luigi.sql.files import Query

Row = tuple[Any, ...]

BEGIN = "BEGIN TRANSACTION"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"

_PLAIN = re.compile(r"[A-Za-z0-9 _.,@/+-]*")


@dataclass(frozen=True)
class Capabilities:
    """What an engine can promise."""

    transactions: bool = False
    """Several statements take effect together or not at all, and read the same snapshot of the sources."""

    double_rates: bool = True
    """A DOUBLE rate has the same text here as on the other engines, so it becomes the same decimal."""

    writes: tuple[str, ...] = ()
    """The file formats that it can write; empty if it can write all that it can read."""


@dataclass(frozen=True)
class Storage:
    """How a table is stored."""

    partitions: tuple[str, ...] = ()
    """Its partition columns, in order."""

    format: str = ""
    """Its file format in capitals, such as ``PARQUET``; empty if the engine does not say."""

    is_view: bool = False


@dataclass(frozen=True)
class Output:
    """One column that a write fills, and the SQL expression that fills it."""

    name: str
    expression: str


@dataclass(frozen=True)
class Identity:
    """Where the data is, without secrets. Markers, logs and luigid's page show it."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


@dataclass(frozen=True)
class Progress:
    """How far a statement is, and what its server says about it; a part is empty if it is not known."""

    fraction: float | None = None
    """From 0 to 1; None if it is not known."""

    query: str = ""
    """The id by which the server knows the statement."""

    line: str = ""
    """What the server says, in one line."""

    url: str = ""
    """The server's page about the statement."""


class Dialect(Protocol):
    """The few statements that engines spell differently, as SQL text. Nothing here is sent.

    Parameters: ``table`` is a table's name with its schema, already quoted (the method ``table`` makes it).
    Names of schemas and columns are as the configuration has them, and are quoted here.
    """

    positional: bool
    """An insert fills columns by position, so a write has to know the order of the table's columns."""

    leading_ctes: bool
    """Common table expressions are allowed only at the beginning of a statement, not in a subquery."""

    count_type: str
    """The SQL type for exact sums of counts; a BIGINT sum overflows silently on Hive and Impala."""

    def text(self, value: str) -> str:
        """An SQL expression whose value is this text, whatever is in it: engines quote differently."""

    def quoted(self, name: str) -> str:
        """The name of a schema, a table or a column in quotes, so that it may be a reserved word."""

    def table(self, database: str, name: str) -> str:
        """A table's name with its schema, quoted."""

    def create_database(self, database: str) -> str:
        """The statement that makes the schema if it is absent."""

    def create_table(self, table: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """The statement that makes a table if it is absent, partitioned by one text column."""

    def overwrite(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], query: Query
    ) -> list[str]:
        """The statements that replace the rows of one partition, given as (column, value), by a query's rows.

        They may be sent again after a failure.
        """

    def empty_partition(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], nothing: Query
    ) -> list[str]:
        """The statements that leave one partition without rows; they may be sent again after a failure.

        ``nothing`` is a query that has the right columns and no rows.
        """

    def list_partitions(self, table: str, column: str) -> str:
        """The query for the values of a partition column; ``partition_values`` reads the answer."""

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values in the answer to ``list_partitions``."""

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """The statements that make this engine see what another one wrote to a table, or to one partition.

        An empty list on engines that see it by themselves.
        """

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """The statements that remove whole partitions; they may be sent again after a failure."""

    def list_tables(self, database: str) -> str:
        """The query for the tables of a schema; ``Session.tables`` reads the answer."""

    def list_columns(self, database: str, name: str) -> str:
        """The query for the columns of a table; ``Session.columns`` reads the answer."""

    def describe_storage(self, database: str, name: str) -> str:
        """The query for how a table is stored; ``storage`` reads the answer."""

    def storage(self, rows: Sequence[Row]) -> Storage:
        """Read the answer to ``describe_storage``."""

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """The statements that add columns, given as (name, type), to a table and all its partitions.

        Alternatives, the best first; each is a list of statements. Servers that share a dialect differ here.
        """

    def empty_table(self, table: str) -> list[str]:
        """Alternative statements, the best first: any one of them empties the table."""

    def matches(self, text: str, pattern: str) -> str:
        """The SQL condition that a text matches a pattern; the pattern has no backslashes and no quotes."""

    def fingerprint(self, expressions: Sequence[str]) -> str:
        """An SQL expression of 64 bits that is the same for equal values; empty if the engine has none."""

    def set_aside(self, name: str, query: str) -> str:
        """The statement that keeps a query's rows under a name until the session ends.

        Called only if the engine has a ``fingerprint``.
        """


def plain_literal(value: str) -> str | None:
    """A text in SQL quotes, if all engines read every character of it the same way; else None."""
    return f"'{value}'" if _PLAIN.fullmatch(value) else None


class Session(Protocol):
    """One open connection. Every statement goes through it, so tests can count statements here."""

    def execute(self, statement: str) -> None:
        """Send a statement without reading any rows; raises StatementFailed."""

    def query(self, statement: str) -> list[Row]:
        """Send a statement and fetch its rows; raises StatementFailed."""

    def tables(self, question: str, wanted: Collection[str]) -> frozenset[str]:
        """Ask which tables there are: their names in lower case, without schema.

        ``question`` comes from ``Dialect.list_tables``. The answer is empty if the schema does not exist.

        ``wanted`` are names with their schema, quoted (``Statements.all_tables``, ``output_tables``). Some
        engines cache a list of tables: if a wanted table is not in it, the list is renewed, once in a
        session.
        """

    def columns(self, question: str) -> list[tuple[str, str]]:
        """Ask for a table's columns, in order: name and type in lower case.

        ``question`` comes from ``Dialect.list_columns``.
        """

    def writing(self, target: str) -> AbstractContextManager[None]:
        """A context for the writes to one partition; ``target`` names it (``Settings.main_target``).

        First it ends what a killed run may still write there; raises EngineUnavailable if it cannot. The
        write is recorded (``Writes``): raises OSError, too, and LeaseLost.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """A context whose statements take effect together; it does nothing without transactions."""


def query_each(session: Session, statements: Iterable[str]) -> list[Row]:
    """The rows of several queries, one after the other; raises StatementFailed."""
    return [row for statement in statements for row in session.query(statement)]


class Engine(ABC):
    """One engine and where it is; opens sessions."""

    identity: Identity
    capabilities: Capabilities
    dialect: Dialect

    @abstractmethod
    def session(self) -> AbstractContextManager[Session]:
        """Open a session and close it at the end.

        Raises EngineUnavailable, and ConfigurationError if the engine refuses an option or a setting.
        """

    def reading(self) -> AbstractContextManager[Session]:
        """Open a session for reading; read-only if the engine can do that. Raises as ``session`` does."""
        return self.session()

    def without_waiting(self) -> Engine:
        """The same engine for a question that can do without an answer: a file in use is not waited for."""
        return self

    def exists(self) -> bool:
        """Whether there is anything to open: always for a server; an embedded engine may have no file."""
        return True

    def settle(self, target: str) -> None:
        """End what a killed run may still write to a partition, or wait until it has ended.

        An engine whose statements end with their client has nothing to do here.
        """
        return

    def why_no_query(self, text: str) -> str:
        """Why a text is not one query that only reads; empty if it is one, or if the engine cannot say.

        Servers cannot say. But a server accepts one statement per call and refuses a second one.
        """
        return ""

    @abstractmethod
    def is_transient(self, error: BaseException) -> bool:
        """Whether the same statements may succeed if they are sent again in a moment."""
