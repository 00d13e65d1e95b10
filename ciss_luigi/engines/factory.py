"""The engine that a URL names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ciss_luigi.config.urls import Warehouse
from ciss_luigi.engines.base import Capabilities, Engine, Identity, Progress
from ciss_luigi.engines.hiveserver2.client import Policy
from ciss_luigi.engines.hiveserver2.engine import PLAIN, ServerEngine
from ciss_luigi.state.writes import Writes


@dataclass(frozen=True)
class Circumstances:
    """What every engine has to know about its site."""

    policy: Policy
    writes: Callable[[str], Writes]
    queue: Callable[[], AbstractContextManager[None]] = nullcontext
    progress: Callable[[Progress], None] = lambda progress: None


def make(warehouse: Warehouse, site: Circumstances) -> Engine:
    """The engine of a URL; nothing is opened yet. Raises KeyError for a kind without a maker."""
    return MAKERS[warehouse.kind.name](warehouse, site)


def _embedded(warehouse: Warehouse, site: Circumstances) -> Engine:
    # here, as in the functions below: a site has installed the driver of its own engine alone
    from ciss_luigi.engines.duckdb.engine import DuckDbEngine

    return DuckDbEngine(
        Path(warehouse.place),
        options=warehouse.options,
        connect_args=warehouse.connect_args,
        session_settings=warehouse.session_settings,
        deadline_seconds=site.policy.deadline_seconds,
        queue=site.queue,
        progress=site.progress,
    )


def _hive(warehouse: Warehouse, site: Circumstances) -> Engine:
    from ciss_luigi.engines.hive.connect import connector
    from ciss_luigi.engines.hive.dialect import HiveDialect
    from ciss_luigi.engines.hive.driver import HiveDriver

    connect = connector(warehouse.host, warehouse.port, warehouse.connect_args, warehouse.transport)
    driver = HiveDriver(connect, warehouse.host)
    return _server(warehouse, site, HiveDialect(), driver, warehouse.session_settings)


def _impala(warehouse: Warehouse, site: Circumstances) -> Engine:
    from ciss_luigi.engines.impala.connect import connector
    from ciss_luigi.engines.impala.dialect import ImpalaDialect
    from ciss_luigi.engines.impala.driver import DEFAULT_OPTIONS, ImpalaDriver

    connect = connector(warehouse.host, warehouse.port, warehouse.connect_args)
    settings = {**DEFAULT_OPTIONS, **warehouse.session_settings}
    return _server(
        warehouse,
        site,
        ImpalaDialect(),
        ImpalaDriver(connect),
        settings,
        capabilities=Capabilities(double_rates=False, writes=("TEXT", "PARQUET")),
    )


def _server(
    warehouse: Warehouse,
    site: Circumstances,
    dialect: Any,
    driver: Any,
    settings: Mapping[str, Any],
    *,
    capabilities: Capabilities = PLAIN,
) -> Engine:
    identity = Identity(warehouse.kind.name, warehouse.place)
    return ServerEngine(
        identity,
        dialect,
        driver,
        settings,
        policy=site.policy,
        writes=site.writes(str(identity)),
        capabilities=capabilities,
        progress=site.progress,
    )


MAKERS: Mapping[str, Callable[[Warehouse, Circumstances], Engine]] = {
    "duckdb": _embedded,
    "hive": _hive,
    "impala": _impala,
}
"""The maker of each kind's engine, by the name of the kind in ``config.enginekinds``."""
