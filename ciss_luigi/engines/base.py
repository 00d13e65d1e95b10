"""What a step needs of an engine, whichever it is.

Engines differ in data and flags (``Capabilities``, ``Dialect``), never by a question for their name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ciss_luigi.sqlfiles import Query

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Capabilities:
    """What an engine can promise."""

    transactions: bool
    """Several statements take effect together or not at all, and read one snapshot of the sources."""


@dataclass(frozen=True)
class Identity:
    """Where the data is, without secrets: stands in markers, logs and on luigid's page."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


class Dialect(Protocol):
    """The few statements that engines spell differently."""

    def create_database(self, database: str) -> str:
        """Make the schema if it is absent."""

    def create_table(self, name: str, columns: Sequence[tuple[str, str]], partition: str) -> str:
        """Make a table if it is absent, partitioned by one text column."""

    def overwrite(
        self, table: str, partition: tuple[str, str], columns: Sequence[str], query: Query
    ) -> list[str]:
        """Replace one partition, given as (column, value), by the rows of a query; repeatable."""

    def empty_partition(self, table: str, partition: tuple[str, str], columns: Sequence[str]) -> list[str]:
        """Leave one partition without rows; repeatable."""

    def list_partitions(self, table: str, column: str) -> str:
        """Ask for the values of a partition column."""

    def drop_partitions(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """Remove whole partitions; repeatable."""


class Session(Protocol):
    """One open connection. Every statement passes through here, so here they can be counted."""

    def execute(self, statement: str) -> None:
        """Send a statement that returns no rows; raises StatementFailed."""

    def query(self, statement: str) -> list[Row]:
        """Send a statement and fetch its rows; raises StatementFailed."""

    def tables(self, database: str) -> frozenset[str]:
        """The lower-case names of the tables in a schema; empty when the schema is absent."""

    def columns(self, database: str, table: str) -> list[tuple[str, str]]:
        """Name and type of a table's columns, in order."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make the statements inside take effect together where the engine can; else do nothing."""


class Engine(ABC):
    """One engine and where it is; opens sessions."""

    identity: Identity
    capabilities: Capabilities
    dialect: Dialect

    @abstractmethod
    def session(self) -> AbstractContextManager[Session]:
        """Open a session and close it at the end; raises EngineUnavailable."""

    def exists(self) -> bool:
        """Whether there is anything to open; an engine on a server always is."""
        return True

    @abstractmethod
    def is_transient(self, error: BaseException) -> bool:
        """Whether the same statements may well succeed in a moment."""
