"""The engine that a URL names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ciss_luigi.engines.base import Engine, Identity, Progress
from ciss_luigi.engines.client import Policy, Writes
from ciss_luigi.engines.server import ServerEngine
from ciss_luigi.urls import Warehouse


@dataclass(frozen=True)
class Circumstances:
    """What an engine has to know of its site, whatever it is."""

    policy: Policy
    writes: Callable[[str], Writes]
    queue: Callable[[], AbstractContextManager[None]] = nullcontext
    progress: Callable[[Progress], None] = lambda progress: None


def make(warehouse: Warehouse, site: Circumstances) -> Engine:
    """The engine of a URL; nothing is opened yet."""
    if warehouse.kind == "duckdb":
        return _embedded(warehouse, site)
    return _hive(warehouse, site) if warehouse.kind == "hive" else _impala(warehouse, site)


def _embedded(warehouse: Warehouse, site: Circumstances) -> Engine:
    from ciss_luigi.engines.embedded import DuckDbEngine

    return DuckDbEngine(
        Path(warehouse.place),
        options=warehouse.options,
        connect_args=warehouse.connect_args,
        session_settings=warehouse.session_settings,
        deadline_seconds=site.policy.deadline_seconds,
        queue=site.queue,
    )


def _hive(warehouse: Warehouse, site: Circumstances) -> Engine:
    from ciss_luigi.engines.hive import HiveDialect, HiveDriver
    from ciss_luigi.engines.pyhive_connect import connector

    connect = connector(warehouse.host, warehouse.port, warehouse.connect_args, warehouse.transport)
    return _server(warehouse, site, HiveDialect(), HiveDriver(connect), warehouse.session_settings)


def _impala(warehouse: Warehouse, site: Circumstances) -> Engine:
    from ciss_luigi.engines.impala import DEFAULT_OPTIONS, ImpalaDialect, ImpalaDriver
    from ciss_luigi.engines.impyla_connect import connector

    connect = connector(warehouse.host, warehouse.port, warehouse.connect_args)
    settings = {**DEFAULT_OPTIONS, **warehouse.session_settings}
    return _server(
        warehouse,
        site,
        ImpalaDialect(),
        ImpalaDriver(connect),
        settings,
        double_rates=False,
    )


def _server(
    warehouse: Warehouse,
    site: Circumstances,
    dialect: Any,
    driver: Any,
    settings: Mapping[str, Any],
    *,
    double_rates: bool = True,
) -> Engine:
    identity = Identity(warehouse.kind, warehouse.place)
    return ServerEngine(
        identity,
        dialect,
        driver,
        settings,
        policy=site.policy,
        writes=site.writes(str(identity)),
        double_rates=double_rates,
        progress=site.progress,
    )
