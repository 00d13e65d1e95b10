"""Statements that do the right thing late: they sleep for every row, on the server."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.sql.files import built_in

_SLEEPS = {"hive": "reflect", "spark": "java_method"}


def slowly(kind: str, milliseconds: int) -> str:
    """A condition that holds, late; the sleep depends on the row, or it would be worked out once."""
    call = f"{_SLEEPS[kind]}('java.lang.Thread', 'sleep', CAST({milliseconds} + LENGTH(org_id) AS BIGINT))"
    return f"CONCAT('x', COALESCE({call}, '')) <> ''"


def slow_sql(folder: Path, kind: str, milliseconds: int) -> Path:
    """A ``sql_dir`` for Hive or Spark."""
    folder.mkdir(exist_ok=True)
    rules = built_in("build").rstrip()
    assert rules.endswith("FROM priced")
    (folder / "build.sql").write_text(f"{rules}\nWHERE {slowly(kind, milliseconds)}\n")
    return folder


def slow_merge(milliseconds: int) -> str:
    """A prelude: Hive sleeps for every row that a command writes to main."""
    return f"""
from ciss_luigi.queries import statements
original = statements.built_in
slowly = " AND {slowly("hive", milliseconds)}"
statements.built_in = lambda name: original(name) + (slowly if name == "merge" else "")
"""
