"""The servers as fixtures: each is started once in a session, when the first test asks for it.

For `pytest_plugins` of the top conftest.py. Nothing here imports a driver or starts anything by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers import hivejars, needs
from tests.servers.hiveserver import HiveServer, hive_server
from tests.servers.sparkserver import SparkServer, spark_server

if TYPE_CHECKING:
    from tests.servers.impalafront import ImpalaFront

_TRANSACTIONS = {
    "hive.support.concurrency": "true",
    "hive.txn.manager": "org.apache.hadoop.hive.ql.lockmgr.DbTxnManager",
    "hive.create.as.acid": "true",
    "hive.create.as.insert.only": "true",
    "metastore.create.as.acid": "true",
    # What Tez has by itself; the other server has MapReduce's 120, as a Hive whose tez-site.xml names none
    "tez.counters.max": "1200",
}


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are on loopback, whatever way the machine has to others."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="session")
def hive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HiveServer]:
    """Apache Hive; the first run on a machine downloads its jars."""
    _prepare_hive(request)
    with hive_server(tmp_path_factory.mktemp("hive")) as server:
        yield server


@pytest.fixture(scope="session")
def hive_transactional(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HiveServer]:
    """Apache Hive with transactions switched on, and for every new table that it manages."""
    _prepare_hive(request)
    with hive_server(tmp_path_factory.mktemp("hive-transactional"), settings=_TRANSACTIONS) as server:
        yield server


@pytest.fixture(scope="session")
def spark_ansi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkServer]:
    """Spark with ANSI on: what does not fit is an error."""
    needs.require([needs.JAVA], [*needs.CLIENTS, "pyspark"])
    with spark_server(tmp_path_factory.mktemp("spark-ansi"), ansi=True) as server:
        yield server


@pytest.fixture(scope="session")
def spark_plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkServer]:
    """Spark with ANSI off: what does not fit is NULL."""
    needs.require([needs.JAVA], [*needs.CLIENTS, "pyspark"])
    with spark_server(tmp_path_factory.mktemp("spark-plain"), ansi=False) as server:
        yield server


@pytest.fixture(scope="session")
def impala_front(hive: HiveServer, request: pytest.FixtureRequest) -> Iterator[ImpalaFront]:
    """A front in the manners of Impala 2.12, the strictest, or of ``--impala``; its record is shared."""
    version = str(request.config.getoption("--impala"))
    yield from _front(hive, tuple(map(int, version.split("."))))


@pytest.fixture(scope="session")
def impala_front_3_4(hive: HiveServer) -> Iterator[ImpalaFront]:
    """A front in the manners of Impala 3.4."""
    yield from _front(hive, (3, 4))


@pytest.fixture(scope="session")
def impala_front_4_0(hive: HiveServer) -> Iterator[ImpalaFront]:
    """A front in the manners of Impala 4.0."""
    yield from _front(hive, (4, 0))


@pytest.fixture(scope="session")
def impala_front_4_5(hive: HiveServer) -> Iterator[ImpalaFront]:
    """A front in the manners of Impala 4.5."""
    yield from _front(hive, (4, 5))


@pytest.fixture(scope="session")
def impala_transactional_3_4(hive_transactional: HiveServer) -> Iterator[ImpalaFront]:
    """An Impala 3.4 where new tables are insert-only ones, as on CDP."""
    yield from _front(hive_transactional, (3, 4))


@pytest.fixture(scope="session")
def impala_transactional_4_5(hive_transactional: HiveServer) -> Iterator[ImpalaFront]:
    """An Impala 4.5 where new tables are insert-only ones, as on CDP."""
    yield from _front(hive_transactional, (4, 5))


def _front(server: HiveServer, version: tuple[int, ...]) -> Iterator[ImpalaFront]:
    from tests.servers.impalafront import impala_front as front_before

    with front_before(server.host, server.port, version=version) as front:
        yield front


@pytest.fixture
def impala(impala_front: ImpalaFront) -> ImpalaFront:
    """The same front with nothing recorded, set or about to fail."""
    impala_front.clear()
    return impala_front


def _prepare_hive(request: pytest.FixtureRequest) -> None:
    prepared = hivejars.is_prepared(hivejars.default_cache())
    needs.require([needs.JAVA, *([] if prepared else [needs.MAVEN])], needs.CLIENTS)
    if not prepared:
        _announce(request, f"\nPreparing Hive in {hivejars.default_cache()}: {hivejars.DOWNLOAD}.")


def _announce(request: pytest.FixtureRequest, text: str) -> None:
    """Tell the terminal through pytest's capture, since minutes of silence look like a hang."""
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        print(text, flush=True)
