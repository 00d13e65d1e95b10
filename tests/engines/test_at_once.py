"""Several dates that begin at the same moment, on a warehouse that has no temp and no main yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ciss_luigi.rundate import RunDate
from ciss_luigi.state.markers import Step
from ciss_luigi.statements import Statements
from tests.engines.cluster import HIVE, HIVE_IMPYLA, SPARK_ANSI, SPARK_IMPYLA, Where
from tests.engines.conftest import MakeCluster, engine_params

DATES = ("2016-12-31", "2017-01-01", "2017-01-02", "2017-01-03")
TRIES = 5


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, HIVE_IMPYLA, SPARK_IMPYLA))
def test_tables_that_several_make_at_once_are_made(make_cluster: MakeCluster, where: Where) -> None:
    place = make_cluster(where)
    site = place.site()
    engine = site.engine()

    def make_tables(date: str) -> None:
        statements = Statements(site.settings, engine.dialect, RunDate.parse(date), Step.TRUNCATE)
        with engine.session() as session:
            for statement in statements.create_tables():
                session.execute(statement)

    for _ in range(TRIES):
        place.query(f"DROP TABLE IF EXISTS {place.main_table}", f"DROP TABLE IF EXISTS {place.temp_table}")
        with ThreadPoolExecutor(len(DATES)) as pool:
            list(pool.map(make_tables, DATES))

        assert place.query(f"SELECT COUNT(*) FROM {place.main_table}") == [(0,)]
        assert place.query(f"SELECT COUNT(*) FROM {place.temp_table}") == [(0,)]
