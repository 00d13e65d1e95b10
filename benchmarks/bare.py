"""A script without Luigi, checks or markers: opens a DuckDB file and sends the statements of another file."""

from __future__ import annotations

import sys
from pathlib import Path

SEPARATOR = "\n;;\n"


def main(warehouse: str, statements: str) -> None:
    """Send them all over one connection."""
    import duckdb

    with duckdb.connect(warehouse) as connection:
        for statement in Path(statements).read_text(encoding="utf-8").split(SEPARATOR):
            connection.execute(statement)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
