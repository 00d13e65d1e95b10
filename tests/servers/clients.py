"""The two drivers, connected to a server of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any, Protocol


class Address(Protocol):
    """Any of the servers, the front or the proxy."""

    @property
    def host(self) -> str:
        """Where it listens."""

    @property
    def port(self) -> int:
        """And on which port."""


@contextmanager
def pyhive(server: Address, **arguments: Any) -> Iterator[Any]:
    """Give a cursor of PyHive."""
    connect = import_module("pyhive.hive").connect
    with closing(connect(host=server.host, port=server.port, username="ann", **arguments)) as connection:
        yield connection.cursor()


@contextmanager
def impyla(server: Address, auth_mechanism: str = "PLAIN", **arguments: Any) -> Iterator[Any]:
    """Give a cursor of impyla, which is a session of its own."""
    connect = import_module("impala.dbapi").connect
    configuration = arguments.pop("configuration", None)
    with closing(
        connect(host=server.host, port=server.port, auth_mechanism=auth_mechanism, **arguments)
    ) as connection:
        cursor = connection.cursor(user="ann", configuration=configuration)
        yield cursor
        cursor.close()


def run(cursor: Any, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements and give the rows of the last."""
    for statement in statements:
        cursor.execute(statement)
    return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
