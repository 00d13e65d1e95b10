"""The settings of ``[ciss]``.

Reading is all or nothing: a Settings is whole and valid, or all faults are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ciss_luigi import connectargs, schema
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.settingkeys import DEFAULTS, KEYS, REFRESH_EXAMPLE, SECTION, Context, unknown
from ciss_luigi.urls import Warehouse


@dataclass(frozen=True)
class Settings:
    """All of ``[ciss]``, checked. Its ``repr`` shows no secret."""

    folder: Path
    warehouse: Warehouse
    build_warehouse: Warehouse | None
    refresh_warehouse: Warehouse | None
    statement_deadline_minutes: float
    orphan_wait_minutes: float
    month_partition: str
    database: str
    temp_table: str
    main_table: str
    source_tables: Mapping[str, str]
    sql_dir: Path | None
    state_dir: Path
    lease_url: str = field(repr=False)
    grace_days: int
    required_sources: tuple[str, ...]
    rate_fallback_months: int
    allow_older: bool
    temp_keep_days: int
    retries: int
    retry_wait_seconds: float

    def source(self, role: str) -> str:
        """A source table's name with its database."""
        return f"{self.database}.{self.source_tables[role]}"

    @property
    def temp(self) -> str:
        """Temp's name with its database."""
        return f"{self.database}.{self.temp_table}"

    @property
    def main(self) -> str:
        """Main's name with its database."""
        return f"{self.database}.{self.main_table}"


def read(
    section: Mapping[str, str],
    folder: Path,
    environment: Mapping[str, str],
    found: Sequence[Fault] = (),
) -> Settings:
    """Check a ``[ciss]`` section as it stands in its file (no interpolation).

    Raises ConfigurationError that names every fault at once, those ``found`` before among them.
    """
    context = Context(folder, environment)
    faults = [*found]
    faults += [unknown(name) for name in section if name not in {key.name for key in KEYS}]
    values: dict[str, Any] = {}
    for key in KEYS:
        try:
            values[key.name] = key.value(section.get(key.name, key.default).strip(), context)
        except ValueError as error:
            faults.append(Fault(SECTION, key.name, str(error), key.example))
    faults += _clashes(values) + _connection_faults(values, folder) + _idle_settings(values)
    if faults:
        raise ConfigurationError("the configuration has faults", tuple(faults))
    values["source_tables"] = {table.role: values.pop(f"{table.role}_table") for table in schema.SOURCES}
    settings = values.pop("session_settings")
    engines: dict[str, Any] = {
        name: _whole_engine(values.pop(url), values.pop(arguments), settings, folder)
        for name, url, arguments in _ENGINES
    }
    return Settings(folder=folder, **engines, **values)


_ENGINES = (
    ("warehouse", "warehouse_url", "connect_args"),
    ("build_warehouse", "build_url", "build_connect_args"),
    ("refresh_warehouse", "refresh_url", "refresh_connect_args"),
)


def _whole_engine(
    warehouse: Warehouse | None, arguments: Mapping[str, Any], settings: Mapping[str, Any], folder: Path
) -> Warehouse | None:
    """An engine with its connect_args and those session settings that are meant for it."""
    if warehouse is None:
        return None
    mine = {name: value for name, value in settings.items() if _is_meant_for(warehouse.kind, name)}
    values, _ = connectargs.read(warehouse.kind, _given(warehouse, arguments), folder)
    return replace(warehouse, connect_args=values, session_settings=mine)


def _given(warehouse: Warehouse, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What URL and connect_args say together; of an embedded file the URL's part goes another way."""
    return dict(arguments) if warehouse.kind == "duckdb" else {**warehouse.options, **arguments}


def _connection_faults(values: Mapping[str, Any], folder: Path) -> list[Fault]:
    """Faults of how the engines are to be reached, each under the key that says so."""
    faults = []
    for _, url, key in _ENGINES:
        warehouse, arguments = values.get(url), values.get(key)
        if warehouse is None or arguments is None:
            continue
        good, wrong = connectargs.read(warehouse.kind, _given(warehouse, arguments), folder)
        faults += [Fault(SECTION, key if name in arguments else url, text) for name, text in wrong.items()]
        faults += [
            Fault(SECTION, url, text)
            for text in connectargs.clashes(warehouse.kind, warehouse.transport, good)
        ]
    return faults


def _idle_settings(values: Mapping[str, Any]) -> list[Fault]:
    """Session settings that would go to no engine: their names say which kind they are meant for."""
    kinds = {warehouse.kind for _, url, _ in _ENGINES if (warehouse := values.get(url)) is not None}
    if "warehouse_url" not in values:
        return []
    return [
        Fault(
            SECTION,
            "session_settings",
            f"{name!r} goes to no engine here: a name with a dot is Hive's or Spark's, one without is not",
            '{"hive.query.name": "ciss"} or {"memory_limit": "4GB"}',
        )
        for name in values.get("session_settings", ())
        if not any(_is_meant_for(kind, name) for kind in kinds)
    ]


def _is_meant_for(kind: str, name: str) -> bool:
    """Hive's and Spark's names have dots in them, those of Impala and DuckDB have none."""
    return ("." in name) == (kind == "hive")


def _clashes(values: Mapping[str, Any]) -> list[Fault]:
    """Faults of values that are right alone and wrong together."""
    faults = _engine_clashes(values)
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


def _engine_clashes(values: Mapping[str, Any]) -> list[Fault]:
    warehouse, refreshed = values.get("warehouse_url"), values.get("refresh_url")
    found = [
        Fault(SECTION, key, "goes only with a Hive or Impala warehouse_url", "warehouse_url = hive://...")
        for key in ("build_url", "refresh_url")
        if values.get(key) is not None and warehouse is not None and warehouse.kind == "duckdb"
    ]
    if refreshed is not None and refreshed.kind != "impala":
        found.append(
            Fault(SECTION, "refresh_url", "names no Impala; only Impala has to be told", REFRESH_EXAMPLE)
        )
    return found
