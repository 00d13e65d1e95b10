"""The two drivers, connected to a server of the tests, and what tests say to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any, Protocol

PARTITIONED = "(id INT, usd DECIMAL(18,4)) PARTITIONED BY (month_year STRING) STORED AS PARQUET"
# A second for each row. It depends on the row, or it would be worked out once, while compiling.
SLEEPY_HIVE = "SELECT COUNT(reflect('java.lang.Thread', 'sleep', CAST(id * 1000 AS BIGINT))) FROM "
SLEEPY_SPARK = "SELECT java_method('java.lang.Thread', 'sleep', CAST(id * 1000 AS BIGINT)) FROM "


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


def until(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Wait for something, and say whether it came."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(condition())


def overwrite(table: str, month: str, rows: str) -> str:
    """Write the statement that replaces a month."""
    return f"INSERT OVERWRITE TABLE {table} PARTITION (month_year='{month}') {rows}"
