"""The engines that a test is tried on, and one site a module for what leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.engines.cluster import (
    ALL,
    DUCKDB,
    HIVE,
    HIVE_IMPYLA,
    IMPALA_3_4,
    IMPALA_4_0,
    IMPALAS,
    SPARK,
    SPARK_IMPYLA,
    SPARK_OFF_IMPYLA,
    Cluster,
    Where,
)
from tests.engines.sites import MakeCluster

NEVER_SHORT = (IMPALA_3_4, IMPALA_4_0)
LONG = (HIVE_IMPYLA, SPARK_IMPYLA, SPARK_OFF_IMPYLA, SPARK, *IMPALAS)
"""In the short form these have whole runs only: their server, or their driver, is in another row as well."""


@pytest.fixture(autouse=True)
def _no_proxy(no_proxy: None) -> None:
    """All of these tests ask servers on loopback."""


@pytest.fixture(scope="module")
def cluster_on(make_cluster: MakeCluster) -> MakeCluster:
    """One site for each engine, with temp and main, for what leaves nothing in them."""
    made: dict[Where, Cluster] = {}

    def get(where: Where) -> Cluster:
        if where not in made:
            made[where] = make_cluster(where)
            made[where].ciss("init").expect(0)
        return made[where]

    return get


def engine_params(*wheres: Where, long: Sequence[Where] = LONG, core: Sequence[Where] = ()) -> list[Any]:
    """The engines as parameters, each with its marks: some long, some core."""
    return [
        pytest.param(
            where, id=where.name,
            marks=[*_marks(where, long), *([pytest.mark.core] if where in core else [])],
        )
        for where in wheres or ALL
    ]  # fmt: skip


def pairs(wheres: Sequence[Where], whats: Iterable[str], *, short: Sequence[str]) -> list[Any]:
    """Engines with cases; of Hive, the slowest, only some in the short form."""
    return [
        pytest.param(
            where, what, id=f"{where.name}-{what}",
            marks=_marks(where, [*LONG, HIVE] if what not in short else LONG),
        )
        for where in wheres
        for what in whats
    ]  # fmt: skip


def _marks(where: Where, long: Sequence[Where]) -> list[pytest.MarkDecorator]:
    if where == DUCKDB:
        return [pytest.mark.slow]
    return [
        pytest.mark.server,
        pytest.mark.slow,
        *([pytest.mark.long] if where in (*long, *NEVER_SHORT) else []),
    ]
