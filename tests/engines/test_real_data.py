"""Real months on every server, to the last digit: the shared data against its oracle."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.engines.backends import duck_of
from tests.engines.cluster import HIVE, SPARK, SPARK_ANSI, Cluster, Where, months_of
from tests.engines.conftest import engine_params
from tests.engines.sites import Loaded, MakeCluster
from tests.rules.harness import SHARED
from tests.rules.test_real_data import SHARED_MONTHS, needs_shared, oracle

pytestmark = [needs_shared]

ONE, TWO = "2016-11-22", "2017-01-03"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared data in a DuckDB file."""
    return duck_of(SHARED / "data", tmp_path_factory.mktemp("realdata") / "load")


@pytest.fixture(scope="module", params=engine_params(HIVE, SPARK_ANSI, SPARK, long=()))
def real(
    request: pytest.FixtureRequest,
    make_cluster: MakeCluster,
    loaded_on: Loaded,
    warehouse: Path,
) -> Cluster:
    """A site on the shared data."""
    where: Where = request.param
    loaded_on(where.fixture, warehouse, "realdata")
    cluster = make_cluster(where)
    cluster.database = "realdata"
    cluster.configure(database="realdata")
    return cluster


def expected(date: str) -> list[tuple[str, ...]]:
    """What the oracle says of a date's months."""
    rows = oracle().expected(SHARED / "data", dt.date.fromisoformat(date))
    order = ("month_year", *(name for name in oracle().COLUMNS if name != "month_year"))
    return sorted(tuple(str(row[name]) for name in order) for row in rows)


@pytest.mark.parametrize("date", [ONE, TWO])
def test_one_month_and_two_equal_the_oracle(real: Cluster, date: str) -> None:
    real.merge(date).explained(0)

    assert real.rows(*months_of(date)) == expected(date)


@pytest.mark.long
@pytest.mark.parametrize("month", SHARED_MONTHS)
def test_every_month_equals_the_oracle(real: Cluster, month: str) -> None:
    real.configure(database="realdata", rate_fallback_months=1)
    code = real.merge(f"{month}-20").code

    if not expected(f"{month}-20"):
        assert code == 20
    else:
        assert code == 0
        assert real.rows(month) == expected(f"{month}-20")
