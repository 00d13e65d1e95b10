"""Billing rules that give the right answer late: they sleep for every row, on the server."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.sqlfiles import built_in

_SLEEPS = {"hive": "reflect", "spark": "java_method"}


def slow_sql(folder: Path, kind: str, milliseconds: int) -> Path:
    """A ``sql_dir`` for Hive or Spark; the sleep depends on the row, or it would be worked out once."""
    call = f"{_SLEEPS[kind]}('java.lang.Thread', 'sleep', CAST({milliseconds} + LENGTH(org_id) AS BIGINT))"
    folder.mkdir(exist_ok=True)
    rules = built_in("build").rstrip()
    assert rules.endswith("FROM priced")
    (folder / "build.sql").write_text(f"{rules}\nWHERE CONCAT('x', COALESCE({call}, '')) <> ''\n")
    return folder
