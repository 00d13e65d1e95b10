"""What only an Impala does: a catalog of its own, options of many levels, tables that it serves in part.

On the front: held against Impala's source (tests/servers/BEHAVIOUR.md), not seen on an impalad.
"""

from __future__ import annotations

import pytest

from ciss_luigi.billing import schema
from tests.engines.backends import Server
from tests.engines.cluster import (
    HIVE,
    IMPALA,
    IMPALA_3_4,
    IMPALA_4_0,
    IMPALA_4_5,
    INSERT_ONLY_3_4,
    INSERT_ONLY_4_5,
    Cluster,
    Where,
    expected,
)
from tests.engines.conftest import engine_params
from tests.engines.sites import Loaded, MakeCluster
from tests.sample import SAMPLE
from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE, NEXT, LATER = "2016-11-22", "2016-11-23", "2016-11-24"
EVERY = engine_params(IMPALA, IMPALA_3_4, IMPALA_4_0, IMPALA_4_5, long=[])
INSERT_ONLY = engine_params(INSERT_ONLY_3_4, INSERT_ONLY_4_5, long=[INSERT_ONLY_3_4])
SUMMARY = ", ".join(f"{column.name} {column.type}" for column in schema.SUMMARY_COLUMNS)


@pytest.fixture
def front(request: pytest.FixtureRequest, where: Where) -> ImpalaFront:
    """The front of a test's engine, with nothing recorded."""
    front: ImpalaFront = request.getfixturevalue(where.fixture)
    front.clear()
    return front


def make_by_hive(cluster: Cluster, main: str = "STORED AS PARQUET") -> None:
    """Main and temp, made behind the Impala's back."""
    month = "PARTITIONED BY (month_year STRING)"
    cluster.query(f"CREATE TABLE {cluster.main_table} ({SUMMARY}) {month} {main}")
    cluster.query(
        f"CREATE TABLE {cluster.temp_table} ({SUMMARY}, month_year STRING) "
        "PARTITIONED BY (run_date STRING) STORED AS PARQUET"
    )


# --- options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", EVERY)
def test_a_session_opens_and_a_value_in_the_servers_spelling_is_the_same(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    cluster.configure(session_settings={"mem_limit": "2g", "REQUEST_POOL": "root.ciss", "SYNC_DDL": True})

    cluster.ciss("check").expect(0, f"impalad version {'.'.join(map(str, front.version))}")

    assert front.options == {
        "DECIMAL_V2": "1", "ABORT_ON_ERROR": "1", "MEM_LIMIT": "2147483648", "REQUEST_POOL": "root.ciss",
        "SYNC_DDL": "1",
    }  # fmt: skip


@pytest.mark.parametrize("where", engine_params(IMPALA_4_5, long=[]))
def test_an_option_that_this_impala_has_removed_is_said(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    cluster.configure(session_settings={"MAX_IO_BUFFERS": 5})
    cluster.ciss("check").expect(40, "MAX_IO_BUFFERS: ignored: this Impala takes the option")


# --- its own catalog ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", EVERY)
def test_a_database_that_hive_made_is_found_with_all_its_tables(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    cluster.ciss("check")  # the catalog has started, and knows nothing of what comes now
    database = f"late_{cluster.main_name}"
    cluster.query(f"CREATE DATABASE {database}")
    for table in schema.SOURCES:
        cluster.backend.copied(
            f"{database}.{table.default_name}", f"SELECT * FROM {cluster.source(table.role)}"
        )
    cluster.database = database
    url = cluster.url.replace("/default", f"/{database}")
    cluster.configure(database=database, warehouse_url=url)
    make_by_hive(cluster)
    front.clear()

    cluster.merge(DATE).explained(0)

    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)
    shown = [text.rpartition(" ")[2] for text in front.texts("invalidate metadata")]
    assert sorted(shown) == sorted({*shown}), "no table is shown twice"
    assert len(shown) == len(schema.SOURCES) + 2
    assert not front.texts("create")


@pytest.mark.parametrize("where", engine_params(IMPALA, IMPALA_4_5, long=[IMPALA]))
def test_a_source_is_called_absent_after_impala_was_asked_once_more(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    cluster.configure(overage_table="nowhere")
    cluster.merge(DATE).explained(20, f"there is no table {cluster.database}.nowhere")
    asked = [text for text in front.texts("invalidate metadata") if "nowhere" in text]
    assert len(asked) == 1

    cluster.backend.copied(f"{cluster.database}.nowhere", f"SELECT * FROM {cluster.source('overage')}")
    cluster.merge(DATE).explained(0)
    cluster.query(f"DROP TABLE {cluster.database}.nowhere")


@pytest.mark.parametrize("where", EVERY)
def test_temp_dropped_and_made_again_by_hive_between_two_steps_is_found(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    cluster.merge(DATE).explained(0)
    front.catalog.remove_table(cluster.temp_table)
    front.catalog.remove_table(cluster.main_table)

    cluster.merge(NEXT).explained(0)

    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)


@pytest.mark.parametrize("where", engine_params(IMPALA, IMPALA_4_5, long=[IMPALA]))
def test_stale_sources_are_refreshed_where_the_site_wants_it(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    source = f"{cluster.database}.late_{cluster.main_name}"
    columns = ", ".join(f"{column.name} {column.type}" for column in schema.BILLABLE.columns)
    cluster.query(
        f"CREATE TABLE {source} ({columns}) PARTITIONED BY (partition_date STRING) STORED AS PARQUET"
    )
    cluster.configure(billable_table=source.rpartition(".")[2], required_sources="billable")
    cluster.merge(DATE).explained(20, "has no row for 2016-11")
    names = ", ".join(column.name for column in schema.BILLABLE.columns)
    cluster.query(
        f"INSERT INTO TABLE {source} PARTITION (partition_date = '2016-11') "
        f"SELECT {names} FROM {cluster.source('billable')} WHERE partition_date = '2016-11'"
    )

    cluster.merge(DATE).explained(20, "has no row for 2016-11")
    front.clear()
    cluster.configure(
        billable_table=source.rpartition(".")[2], required_sources="billable", refresh_sources="true"
    )
    cluster.merge(DATE).explained(0)

    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)
    refreshed = [text for text in front.texts("refresh") if "SourcesReady" in text]
    assert len(refreshed) == len(schema.SOURCES)


# --- transactional tables -----------------------------------------------------------------------------


@pytest.mark.parametrize("where", INSERT_ONLY)
def test_the_job_on_insert_only_tables(
    make_cluster: MakeCluster, loaded_on: Loaded, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    make_by_hive(cluster)
    cluster.configure(temp_keep_days=0)
    cluster.ciss("check", "--date", DATE).expect(0)
    cluster.merge(DATE).explained(0)

    cluster.merge(NEXT).explained(0, "finished dates are emptied; their partitions of temp cannot be dropped")

    left = f"SELECT DISTINCT run_date FROM {cluster.temp_table}"
    assert cluster.query(left) == [(NEXT,)]
    front.clear()
    cluster.merge(LATER).explained(0)
    emptied = [text for text in front.texts("insert") if "TruncateTemp" in text]
    assert len(emptied) == 2, "what is empty since yesterday is not emptied every night"
    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)


@pytest.mark.parametrize("where", INSERT_ONLY)
def test_an_impala_that_looks_on_is_shown_the_whole_of_an_insert_only_table(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront, request: pytest.FixtureRequest
) -> None:
    hive = request.getfixturevalue("hive_transactional")
    cluster = make_cluster(where)
    cluster.configure(warehouse_url=HIVE.url(hive), refresh_url=cluster.url, build_url=cluster.url)

    cluster.merge(DATE).explained(0)

    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)
    bodies = [text.partition("*/\n")[2] for text in front.texts("refresh")]
    temp, main = cluster.quoted(cluster.temp_table), cluster.quoted(cluster.main_table)
    assert f"REFRESH {main}" in bodies
    assert f"REFRESH {temp}" in bodies


# --- rights and formats -------------------------------------------------------------------------------


@pytest.mark.parametrize("where", EVERY)
def test_a_site_without_the_right_to_create_runs_on_tables_that_are_there(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    front.analysis.denied.add("CREATE")
    cluster.merge(DATE).explained(30, "does not have privileges to execute 'CREATE'")
    make_by_hive(cluster)

    cluster.ciss("init").expect(0)
    cluster.merge(DATE).explained(0)

    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)


@pytest.mark.parametrize("where", engine_params(IMPALA, IMPALA_4_5, long=[IMPALA]))
def test_a_format_that_impala_does_not_write_is_found_by_check(
    make_cluster: MakeCluster, where: Where, front: ImpalaFront
) -> None:
    cluster = make_cluster(where)
    make_by_hive(cluster, main="STORED AS ORC")

    cluster.ciss("check").expect(1, f"{cluster.main_table} is stored as ORC")

    cluster.merge(DATE).explained(30, "Cannot write to table with format ORC")


def test_hive_may_keep_its_main_as_orc_where_impala_only_builds(
    make_cluster: MakeCluster, impala: ImpalaFront
) -> None:
    cluster = make_cluster(HIVE)
    assert isinstance(cluster.backend, Server)
    url = f"impala://tester@{impala.host}:{impala.port}/default"
    cluster.configure(build_url=url)
    make_by_hive(cluster, main="STORED AS ORC")

    cluster.ciss("check").expect(0)
    cluster.merge(DATE).explained(0)
