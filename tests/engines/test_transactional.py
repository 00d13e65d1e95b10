"""Hive with transactions, as Hive 3 and CDP come: a plain CREATE TABLE makes a transactional table there."""

from __future__ import annotations

import pytest

from ciss_luigi.billing import schema
from ciss_luigi.billing.schema import Column
from ciss_luigi.state.markers import Step
from tests.engines.cluster import HIVE_TRANSACTIONAL, Cluster, Where, expected, months_of
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE

pytestmark = [pytest.mark.server, pytest.mark.slow]

ONE_MONTH, TWO_MONTHS, FAR_LATER = "2016-11-22", "2017-01-03", "2017-03-20"
FULL = "STORED AS ORC TBLPROPERTIES ('transactional' = 'true')"


def kind(cluster: Cluster, table: str) -> tuple[str, str]:
    """Managed or external, and the kind of transactions."""
    told = {str(cell).strip() for row in cluster.query(f"DESCRIBE FORMATTED {table}") for cell in row}
    (managed,) = told & {"MANAGED_TABLE", "EXTERNAL_TABLE"}
    (transactions,) = told & {"insert_only", "default"}
    return managed, transactions


def create(cluster: Cluster, table: str, columns: tuple[Column, ...], partition: str) -> None:
    listed = ", ".join(f"{column.name} {column.type}" for column in columns)
    cluster.query(f"CREATE TABLE {table} ({listed}) PARTITIONED BY ({partition} STRING) {FULL}")


@pytest.mark.parametrize("where", engine_params(HIVE_TRANSACTIONAL, long=[HIVE_TRANSACTIONAL]))
@pytest.mark.parametrize("transactions", ["insert_only", "default"])
def test_the_job_on_transactional_tables(make_cluster: MakeCluster, where: Where, transactions: str) -> None:
    site = make_cluster(where)
    if transactions == "default":
        create(site, site.main_table, schema.SUMMARY_COLUMNS, "month_year")
        create(site, site.temp_table, (*schema.SUMMARY_COLUMNS, Column("month_year", "STRING")), "run_date")
    else:
        site.ciss("init").expect(0)
    assert {kind(site, table) for table in (site.main_table, site.temp_table)} == {
        ("MANAGED_TABLE", transactions)
    }
    site.ciss("check").expect(0)

    for date in (ONE_MONTH, TWO_MONTHS):
        site.merge(date).explained(0)
        site.ciss("reset", "--date", date).expect(0)
        site.perform(date)

    site.ciss("verify", "--date", TWO_MONTHS).expect(0)
    assert site.rows("2016-11") == expected(SAMPLE, ONE_MONTH)
    assert site.rows(*months_of(TWO_MONTHS)) == expected(SAMPLE, TWO_MONTHS)
    site.perform(FAR_LATER, Step.TRUNCATE)
    left = f"SELECT COUNT(*) FROM {site.temp_table}"
    assert site.query(left) == [(0,)]
