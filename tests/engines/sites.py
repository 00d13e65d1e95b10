"""Sites on engines. Each server has the sources once; each site has tables of its own beside them.

A plugin of the whole set of tests: two copies of these fixtures would give two sites of a server one name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.backends import Server, copy_of
from tests.engines.cluster import DUCKDB, Cluster, Where

DATABASE = "mnaas"
MakeCluster = Callable[[Where], Cluster]
Loaded = Callable[[str, Path, str], Server]
BEHIND = {"front": "hive", "transactional": "hive_transactional"}
"""Which server is behind an Impala front, by the second word of its fixture."""


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
