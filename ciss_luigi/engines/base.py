"""What a step needs of an engine, whichever it is.

Engines differ in data and flags (``Capabilities``, ``Dialect``), never by a question for their name.
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
    """Several statements take effect together or not at all, and they read one snapshot of the sources."""

    double_rates: bool = True
    """A DOUBLE rate turns into the same decimal text as on the other engines."""

    writes: tuple[str, ...] = ()
    """The file formats that it can write; empty where it writes every one that it reads."""


@dataclass(frozen=True)
class Storage:
    """How a table is stored: its partition columns in order, its file format in capitals, or as a view."""

    partitions: tuple[str, ...] = ()
    format: str = ""
    is_view: bool = False


@dataclass(frozen=True)
class Output:
    """One column that a write fills, and the expression that fills it."""

    name: str
    expression: str


@dataclass(frozen=True)
class Identity:
    """Where the data is, without secrets. It stands in markers, in logs and on luigid's page."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


@dataclass(frozen=True)
class Progress:
    """How far a statement is (from 0 to 1; None where nobody knows), and what its server says of it."""

    fraction: float | None = None
    query: str = ""
    line: str = ""
    url: str = ""


class Dialect(Protocol):
    """The few statements that engines spell differently, as text; nothing here is sent.

    Names of tables come quoted, with their schema (``table`` makes them); names of schemas and columns come
    as the configuration has them, and are quoted here.
    """

    positional: bool
    """Inserted columns go by position, so a write has to know the order of the table's columns."""

    leading_ctes: bool
    """Common table expressions stand at the beginning of a statement only, never in a subquery."""

    count_type: str
    """A type for counts whose sum is exact, whatever is summed: a BIGINT sum wraps on Hive and Impala."""

    def text(self, value: str) -> str:
        """An expression whose value is this text, whatever it holds; engines disagree on how to quote."""

    def quoted(self, name: str) -> str:
        """A name of a schema, a table or a column, so that a reserved word serves as well."""

    def table(self, database: str, name: str) -> str:
        """A table's whole name, quoted."""

    def create_database(self, database: str) -> str:
        """The statement that makes the schema if it is absent."""

    def create_table(self, table: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """The statement that makes a table if it is absent, partitioned by one text column."""

    def overwrite(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], query: Query
    ) -> list[str]:
        """The statements that put a query's rows in the place of one partition, given as (column, value).

        Repeatable.
        """

    def empty_partition(
        self, table: str, partition: tuple[str, str], outputs: Sequence[Output], nothing: Query
    ) -> list[str]:
        """The statements that leave one partition without rows; repeatable.

        ``nothing`` is a query of the right columns and no rows.
        """

    def list_partitions(self, table: str, column: str) -> str:
        """The question for the values of a partition column."""

    def partition_values(self, rows: Sequence[Row]) -> list[str]:
        """The values in the answer to ``list_partitions``."""

    def refresh(self, table: str, partition: tuple[str, str] | None) -> list[str]:
        """The statements that show this engine what another one wrote to a table or a partition of it.

        None on engines that look for themselves.
        """

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """The statements that remove whole partitions; repeatable."""

    def list_tables(self, database: str) -> str:
        """The question for the tables of a schema; ``Session.tables`` reads the answer."""

    def list_columns(self, database: str, name: str) -> str:
        """The question for the columns of a table; ``Session.columns`` reads the answer."""

    def describe_storage(self, database: str, name: str) -> str:
        """The question for how a table is stored."""

    def storage(self, rows: Sequence[Row]) -> Storage:
        """What the answer to ``describe_storage`` says."""

    def add_columns(self, table: str, columns: Sequence[tuple[str, str]]) -> list[list[str]]:
        """The statements that add columns, given as (name, type), to a table and all its partitions.

        Several ways, the best first, where servers that share a dialect differ.
        """

    def empty_table(self, table: str) -> list[str]:
        """The statements that each leave a table without rows, the best first; one of them will do."""

    def matches(self, text: str, pattern: str) -> str:
        """The condition that a text matches a pattern without backslashes and quotes."""

    def fingerprint(self, expressions: Sequence[str]) -> str:
        """An expression of 64 bits that is the same for the same values; empty where the engine has none."""

    def set_aside(self, name: str, query: str) -> str:
        """The statement that keeps a query's rows under a name until the session ends.

        Asked only where there is a ``fingerprint``.
        """


def plain_literal(value: str) -> str | None:
    """A text between quotes, where it holds only what every engine reads the same way; else None."""
    return f"'{value}'" if _PLAIN.fullmatch(value) else None


class Session(Protocol):
    """One open connection. Every statement passes through here, so here they can be counted."""

    def execute(self, statement: str) -> None:
        """Send a statement whose rows, if any, nobody reads; raises StatementFailed."""

    def query(self, statement: str) -> list[Row]:
        """Send a statement and fetch its rows; raises StatementFailed."""

    def tables(self, question: str, wanted: Collection[str]) -> frozenset[str]:
        """Lower-case names, the answer to a ``list_tables``; empty when the schema is absent.

        ``wanted`` are whole names, quoted (``Statements.all_tables``, ``output_tables``). Where an engine has
        a picture of its own, it is told to look anew for those that it does not list, once in a session, and
        asked again.
        """

    def columns(self, question: str) -> list[tuple[str, str]]:
        """Name and type of the columns in order, in lower case: the answer to a ``list_columns``."""

    def writing(self, target: str) -> AbstractContextManager[None]:
        """A context for the writes to one partition.

        What a killed run may still write there is ended first. Raises EngineUnavailable.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """A context whose statements take effect together, where the engine has transactions."""


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
        """Open a session and close it at the end; raises EngineUnavailable."""

    def reading(self) -> AbstractContextManager[Session]:
        """Open a session to look only; where the engine can, one that is unable to write."""
        return self.session()

    def exists(self) -> bool:
        """Whether there is anything to open; an engine on a server always is."""
        return True

    def settle(self, target: str) -> None:
        """End or wait out what a killed run may still write to a partition: nothing by default."""
        return

    def why_no_query(self, text: str) -> str:
        """Why a text is not one query that only reads; empty where it is, and where the engine cannot say.

        A server cannot: it takes one statement a call, and so a second one is an error of its own.
        """
        return ""

    @abstractmethod
    def is_transient(self, error: BaseException) -> bool:
        """Whether the same statements may well succeed in a moment."""
