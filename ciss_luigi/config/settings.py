"""The settings of ``[ciss]`` and of the ``[ciss_*]`` sections.

Either a Settings is complete and valid, or all faults are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config import connectargs, crosschecks
from ciss_luigi.config.enginekinds import EngineKind
from ciss_luigi.config.keys import SECTION
from ciss_luigi.config.reading import Context
from ciss_luigi.config.sections import CISS, OTHERS
from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.config.urls import Warehouse
from ciss_luigi.errors import ConfigurationError, Fault


@dataclass(frozen=True)
class Settings:
    """All of ``[ciss]``, checked. Its ``repr`` shows no secret."""

    warehouse: Warehouse
    build_warehouse: Warehouse | None
    refresh_warehouse: Warehouse | None
    refresh_sources: bool
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
    odd_rows: str
    future_dates: bool
    temp_keep_days: int
    loader: str
    retries: int
    retry_wait_seconds: float
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The settings of each ``[ciss_*]`` section, by name; defaults if the file does not have it."""

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

    def temp_target(self, date: RunDate) -> str:
        """A date's part of temp, as leases and records of writes name it."""
        return f"{self.temp} {date}"

    def main_target(self, month: Month) -> str:
        """A month of main, as leases and records of writes name it."""
        return f"{self.main} {month}"


def read(
    section: Mapping[str, str],
    folder: Path,
    environment: Mapping[str, str],
    found: Sequence[Fault] = (),
    others: Mapping[str, Mapping[str, str]] | None = None,
) -> Settings:
    """Check a ``[ciss]`` section and the ``others`` as they are in their file (no interpolation).

    Raises ConfigurationError, which names every fault at once, also those ``found`` before.
    """
    context = Context(folder, environment)
    values, wrong = CISS.read(section, context)
    faults = [*found, *wrong]
    beside = {}
    for other in OTHERS:
        given, wrong = other.read((others or {}).get(other.name, {}), context)
        faults += wrong
        beside[other.name] = given
    faults += crosschecks.java(values, beside)
    faults += crosschecks.find(values) + _connection_faults(values, folder) + _idle_settings(values)
    if faults:
        raise ConfigurationError("the configuration has faults", (*faults, *_channel_faults(beside)))
    values["source_tables"] = {table.role: values.pop(f"{table.role}_table") for table in schema.SOURCES}
    settings = values.pop("session_settings")
    engines: dict[str, Any] = {
        name: _whole_engine(values.pop(url), values.pop(arguments), settings, folder)
        for name, url, arguments in _ENGINES
    }
    made = {other.name: other.make(**beside[other.name]) for other in OTHERS}
    return Settings(**engines, **values, others=made)


def _channel_faults(beside: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """The fault of channels that Apprise does not know: named with the others.

    It is looked for here only if there are others; site.py asks Apprise once for a set of sound URLs.
    """
    urls = beside[ALERTS].get("channels", ())
    if not urls:
        return []
    from ciss_luigi.config import channelurls  # a sound configuration does not need it

    fault = channelurls.fault(urls)
    return [fault] if fault else []


_ENGINES = (
    ("warehouse", "warehouse_url", "connect_args"),
    ("build_warehouse", "build_url", "build_connect_args"),
    ("refresh_warehouse", "refresh_url", "refresh_connect_args"),
)


def _whole_engine(
    warehouse: Warehouse | None, arguments: Mapping[str, Any], settings: Mapping[str, Any], folder: Path
) -> Warehouse | None:
    """An engine with its connect_args and the session settings that are meant for it."""
    if warehouse is None:
        return None
    mine = {name: value for name, value in settings.items() if _is_meant_for(warehouse.kind, name)}
    # nothing can be wrong here: _connection_faults has read the same, and its faults were raised
    values, _ = connectargs.read(warehouse.kind, _given(warehouse, arguments), folder)
    return replace(warehouse, connect_args=values, session_settings=mine)


def _given(warehouse: Warehouse, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What URL and connect_args say together; for an embedded file the URL's part is used elsewhere."""
    return dict(arguments) if warehouse.kind.embedded else {**warehouse.options, **arguments}


def _connection_faults(values: Mapping[str, Any], folder: Path) -> list[Fault]:
    """Faults in how the engines are reached, each under its key."""
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
    """Faults for session settings that no engine would get; their names say which kind they are for."""
    kinds = [warehouse.kind for _, url, _ in _ENGINES if (warehouse := values.get(url)) is not None]
    if "warehouse_url" not in values:  # it has a fault of its own, and its kind is not known
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


def _is_meant_for(kind: EngineKind, name: str) -> bool:
    """Hive's and Spark's names have dots in them, those of Impala and DuckDB have none."""
    return ("." in name) == kind.dotted_settings
