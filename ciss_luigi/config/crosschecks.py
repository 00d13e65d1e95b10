"""What of ``[ciss]`` is right alone and wrong together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.config import reservedwords
from ciss_luigi.config.keys import DEFAULTS, KEYS, REFRESH_EXAMPLE, SECTION
from ciss_luigi.errors import Fault

NAMES = ("database", "month_partition", *(key.name for key in KEYS if key.name.endswith("_table")))
"""Keys whose values are names in SQL."""


def find(values: Mapping[str, Any]) -> list[Fault]:
    """Faults of values that are right alone and wrong together."""
    faults = _of_engines(values)
    seen: dict[str, str] = {}
    for name in ("temp_table", "main_table", *(f"{table.role}_table" for table in schema.SOURCES)):
        table = str(values.get(name, name)).lower()
        if table in seen:
            problem = f"names the same table as {seen[table]}: {table!r}"
            faults.append(Fault(SECTION, name, problem, DEFAULTS[name]))
        seen.setdefault(table, name)
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
        wrong = reservedwords.unusable({key: values[key] for key in NAMES if key in values}, warehouse.place)
        found += [Fault(SECTION, key, text, DEFAULTS[key]) for key, text in wrong.items()]
    if refreshed is not None and not refreshed.kind.needs_refresh:
        found.append(
            Fault(SECTION, "refresh_url", "names no Impala; only Impala has to be told", REFRESH_EXAMPLE)
        )
    return found
