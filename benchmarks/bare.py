"""A script without Luigi, checks or markers: opens a DuckDB file and sends the statements of another file.

It goes the job's road, SQLAlchemy, or the driver's own, which starts in less time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SEPARATOR = "\n;;\n"

Send = Callable[[str], Any]


@contextmanager
def through_sqlalchemy(warehouse: str) -> Iterator[Send]:
    """As the job sends its statements."""
    from sqlalchemy import URL, create_engine

    engine = create_engine(URL.create("duckdb", database=warehouse))
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql


@contextmanager
def through_the_driver(warehouse: str) -> Iterator[Send]:
    """The shortest road."""
    import duckdb

    with duckdb.connect(warehouse) as connection:
        yield connection.execute


ROADS = {"sqlalchemy": through_sqlalchemy, "driver": through_the_driver}


def main(road: str, warehouse: str, statements: str) -> None:
    """Send them all over one connection."""
    with ROADS[road](warehouse) as send:
        for statement in Path(statements).read_text(encoding="utf-8").split(SEPARATOR):
            send(statement)


if __name__ == "__main__":
    main(*sys.argv[1:])
