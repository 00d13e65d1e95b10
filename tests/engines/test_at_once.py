"""Two at once on a server: the tables are made once, a date is run once, a month has one writer at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.queries.statements import Statements
from ciss_luigi.state.markers import Step
from tests.engines.cluster import (
    HIVE,
    HIVE_IMPYLA,
    IMPALA,
    SPARK_ANSI,
    SPARK_IMPYLA,
    Cluster,
    Where,
    expected,
    months_of,
)
from tests.engines.conftest import LONG, engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE
from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATES = ("2016-12-31", "2017-01-01", "2017-01-02", "2017-01-03")
TRIES = 5


@pytest.mark.parametrize(
    "where", engine_params(HIVE, SPARK_ANSI, HIVE_IMPYLA, SPARK_IMPYLA, long=[SPARK_ANSI, *LONG])
)
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


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def test_a_second_run_of_a_date_leaves_and_names_the_first(make_cluster: MakeCluster, where: Where) -> None:
    place = make_cluster(where)
    first = place.merging(DATES[-1])
    place.wait_for_step(DATES[-1], "TruncateTemp")

    place.merge(DATES[-1]).explained(10, f"{DATES[-1]} is being run by pid {first.pid} on ")

    first.finish().explained(0)
    assert {attempt.pid for attempt in place.attempts(DATES[-1])} == {first.pid}


def writers(place: Cluster, impala: ImpalaFront, month: str) -> list[str]:
    """The dates whose statements about a month of main came to the server, in order, neighbours as one."""
    partition = f"`month_year` = '{month}'", f"`month_year` IN ('{month}')"
    texts = [
        text
        for text in impala.texts()
        if "/* ciss_luigi MergeMain" in text
        and place.main_name in text
        and any(words in text for words in partition)
    ]
    return [run for run, _ in groupby(text.split()[3] for text in texts)]


def test_two_dates_write_a_month_that_they_share_one_after_the_other(
    make_cluster: MakeCluster, impala: ImpalaFront
) -> None:
    """Seen in the server's own record of statements: nobody comes between a write and its proof."""
    place = make_cluster(IMPALA)
    place.ciss("init").expect(0)
    running = [place.merging(date) for date in DATES[-2:]]

    for one in running:
        one.finish().explained(0)

    for month in months_of(DATES[-1]):
        assert writers(place, impala, month) in ([DATES[-1]], list(DATES[-2:]))
    assert place.rows(*months_of(DATES[-1])) == expected(SAMPLE, DATES[-1])
    assert {as_of for _, as_of in place.signatures()} == {DATES[-1]}
