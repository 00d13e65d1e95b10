"""A script without Luigi, checks or markers: sends the statements of a file over one PyHive session.

Each statement is sent and waited for by the server's own call, as any script does; answers are fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.bare import SEPARATOR


def main(host: str, port: str, statements: str) -> None:
    """Send them all, in order."""
    from pyhive import hive

    connection = hive.connect(host, port=int(port), username="tester", database="default")
    cursor = connection.cursor()
    for statement in Path(statements).read_text(encoding="utf-8").split(SEPARATOR):
        cursor.execute(statement)
        if cursor.description:
            cursor.fetchall()
    cursor.close()
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
