"""Settings of ``[ciss]`` that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.config import legacy
from ciss_luigi.config.keys import DEFAULTS, REFRESH_EXAMPLE, SECTION
from ciss_luigi.errors import Fault
from ciss_luigi.sql.files import SqlFileError, read_build, select_at

_DUCKDBS_OWN = frozenset({"information_schema", "pg_catalog", "system", "temp"})


def find(values: Mapping[str, Any]) -> list[Fault]:
    """The faults of settings that contradict each other, given by key."""
    faults = _of_engines(values)
    seen: dict[str, str] = {}
    for name in ("temp_table", "main_table", *(f"{table.role}_table" for table in schema.SOURCES)):
        # the name of a key stands for a value that has a fault of its own; no engine tells capitals apart
        table = str(values.get(name, name)).lower()
        if table in seen:
            problem = f"names the same table as {seen[table]}: {table!r}"
            faults.append(Fault(SECTION, name, problem, DEFAULTS[name]))
        seen.setdefault(table, name)
    faults += _of_rules(values)
    taken = {column.name for column in schema.SUMMARY_COLUMNS} | {"run_date"}
    if str(values.get("month_partition", "")).lower() in taken:
        problem = f"{values['month_partition']!r} is a column of main"
        faults.append(Fault(SECTION, "month_partition", problem, DEFAULTS["month_partition"]))
    return faults


def _of_engines(values: Mapping[str, Any]) -> list[Fault]:
    warehouse, refreshed = values.get("warehouse_url"), values.get("refresh_url")
    found = []
    if warehouse is not None and warehouse.kind.embedded:
        found = [
            Fault(SECTION, key, "goes only with a Hive or Impala warehouse_url", "warehouse_url = hive://...")
            for key in ("build_url", "refresh_url")
            if values.get(key) is not None
        ]
        problem = _not_a_schema(str(values.get("database", "")), warehouse.place)
        found += [Fault(SECTION, "database", problem, DEFAULTS["database"])] if problem else []
    if refreshed is not None and not refreshed.kind.needs_refresh:
        found.append(
            Fault(SECTION, "refresh_url", "names no Impala; only an Impala has to be told", REFRESH_EXAMPLE)
        )
    return found


def _of_rules(values: Mapping[str, Any]) -> list[Fault]:
    """Faults of a site's rules that cannot be cut where a server needs the head of the write."""
    folder, builder = values.get("sql_dir"), values.get("build_url") or values.get("warehouse_url")
    if folder is None or builder is None or builder.kind.embedded:
        return []
    try:
        select_at(read_build(folder), str(folder / "build.sql"))
    except SqlFileError as error:
        return [Fault(SECTION, "sql_dir", str(error), "sql")]
    return []


def _not_a_schema(database: str, file: str) -> str:
    """Why DuckDB would read ``database.table`` as something else, quoted or not; empty if it would not."""
    # It calls the file by its name up to a dot, so "a.b" could be the table b of a schema a or of a file a
    called = Path(file).name.partition(".")[0]
    if database.lower() in _DUCKDBS_OWN:
        return f"{database!r} is DuckDB's own"
    if database and database.lower() == called.lower():
        return f"{database!r} is what DuckDB calls the file {file}; the two must differ"
    return ""


_JAVA_NEEDS = ("classpath", "temp_class", "main_class", "properties_file", "name", "log_file")


def java(values: Mapping[str, Any], beside: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """What ``loader = java`` needs in ``[ciss_java]`` and is not there."""
    if values.get("loader") != "java":
        return []
    given = beside.get(legacy.JAVA, {})  # a key that is absent there has a fault of its own
    return [
        Fault(legacy.JAVA, key.name, "is needed with loader = java", f"{key.name} = {key.example}")
        for key in legacy.JAVA_KEYS
        if key.name in _JAVA_NEEDS and not given.get(key.name, key.name)
    ]
