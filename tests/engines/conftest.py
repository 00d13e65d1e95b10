"""Sites on engines. Each server has the sources once; each site has tables of its own beside them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engines.backends import Server, copy_of
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
from tests.sample import make_sample

DATABASE = "mnaas"
MakeCluster = Callable[[Where], Cluster]
Loaded = Callable[[str, Path, str], Server]
BEHIND = {"front": "hive", "transactional": "hive_transactional"}
"""Which server is behind an Impala front, by the second word of its fixture."""

NEVER_SHORT = (IMPALA_3_4, IMPALA_4_0)
LONG = (HIVE_IMPYLA, SPARK_IMPYLA, SPARK_OFF_IMPYLA, SPARK, *IMPALAS)
"""In the short form these have whole runs only: their server, or their driver, is in another row as well."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are on loopback, whatever way the machine has to others."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's sample in a DuckDB file, to be copied."""
    return make_sample(tmp_path_factory.mktemp("sample") / "sample.duckdb")


@pytest.fixture(scope="session")
def loaded_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The real server behind a fixture, with a DuckDB file's source tables in a schema: loaded once."""
    loaded: dict[tuple[str, str], Server] = {}

    def serve(fixture: str, warehouse: Path, database: str) -> Server:
        name = BEHIND.get(fixture.partition("_")[2].partition("_")[0], fixture)
        if (name, database) not in loaded:
            server = Server(request.getfixturevalue(name))
            server.load(warehouse, database, tmp_path_factory.mktemp("parquet"))
            loaded[name, database] = server
        return loaded[name, database]

    return serve


@pytest.fixture(scope="session")
def make_cluster(
    request: pytest.FixtureRequest,
    sample_file: Path,
    loaded_on: Loaded,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MakeCluster]:
    """Make a site on an engine."""
    made: list[Cluster] = []
    numbers = itertools.count()

    def make(where: Where) -> Cluster:
        folder = tmp_path_factory.mktemp("engines", numbered=True) / f"site{next(numbers)}"
        if where == DUCKDB:
            file = folder.with_name("warehouse.duckdb")
            cluster = Cluster(folder, f"duckdb:///{file}", copy_of(sample_file, file), DATABASE)
        else:
            backend = loaded_on(where.fixture, sample_file, DATABASE)
            server = request.getfixturevalue(where.fixture)
            if where.fixture.startswith("impala"):
                server.catalog.forget()  # as an Impala that was started since, it knows the sources
            url = where.url(server)
            cluster = Cluster(folder, url, backend, DATABASE)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.end()


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
