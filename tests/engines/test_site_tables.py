"""Tables that a site has already: used as they are, or refused by ``ciss check``."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciss_luigi.billing import schema
from tests.engines.cluster import HIVE, IMPALA, SPARK_ANSI, Cluster, Where, expected
from tests.engines.conftest import engine_params, pairs
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE

DATE = "2016-11-22"
MONEY = schema.MONEY
TYPES = {column.name: column.type for column in schema.SUMMARY_COLUMNS}
OLD_TYPES = {
    name: kind for name, kind in TYPES.items() if name not in ("source_rows", "as_of_date", "run_id")
}


def create(
    cluster: Cluster, types: dict[str, str], *, partition: str = "month_year", stored: str = "PARQUET"
) -> None:
    """Main as the site made it."""
    listed = ", ".join(f"{name} {kind}" for name, kind in types.items())
    partitioned = f"PARTITIONED BY ({partition} STRING) " if partition else ""
    cluster.query(f"CREATE TABLE {cluster.main_table} ({listed}) {partitioned}STORED AS {stored}")


def restore(cluster: Cluster, role: str, stored: str) -> str:
    """A source table in another file format, as a table that is not partitioned."""
    name = f"{role}_{stored}_{cluster.main_name}".lower()
    select = f"SELECT * FROM {cluster.source(role)}"
    cluster.query(f"CREATE TABLE {cluster.database}.{name} STORED AS {stored} AS {select}")
    return name


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, IMPALA, long=[SPARK_ANSI, IMPALA]))
def test_another_order_more_columns_and_other_formats(make_cluster: MakeCluster, where: Where) -> None:
    site = make_cluster(where)
    types = {**dict(reversed(TYPES.items())), "loaded_by": "STRING", "checked": "DECIMAL(5,2)"}
    stored = "PARQUET" if where == IMPALA else "ORC"  # which an Impala does not write
    create(site, types, partition="partition_date", stored=stored)
    tables = {
        "register_table": restore(site, "register", "TEXTFILE"),
        "rate_table": restore(site, "rate", "ORC"),
    }
    site.configure(month_partition="Partition_Date", **tables)

    site.merge(DATE).explained(0)

    assert site.rows("2016-11", column="partition_date") == expected(SAMPLE, DATE)
    extra = f"SELECT DISTINCT loaded_by, checked, as_of_date FROM {site.main_table}"
    assert site.query(extra) == [(None, None, DATE)]


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, IMPALA))
def test_a_schema_that_is_not_there_is_made(make_cluster: MakeCluster, where: Where) -> None:
    site = make_cluster(where)
    schema_name = f"absent_{site.main_name}"
    site.configure(database=schema_name)
    site.merge(DATE).explained(20, f"there is no table {schema_name}.")

    site.ciss("init").expect(0, f"{schema_name}.{site.main_name} made")

    assert site.query(f"SELECT COUNT(*) FROM {schema_name}.{site.main_name}") == [(0,)]


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, IMPALA, long=[SPARK_ANSI, IMPALA]))
def test_an_older_jobs_main_gets_the_alter_table_that_works(make_cluster: MakeCluster, where: Where) -> None:
    site = make_cluster(where)
    create(site, OLD_TYPES)
    nulls = ", ".join(f"CAST(NULL AS {kind})" for kind in OLD_TYPES.values())
    for month in ("2016-10", "2016-11"):
        head = f"INSERT OVERWRITE TABLE {site.main_table} PARTITION (month_year = '{month}')"
        site.query(f"{head} SELECT {nulls}")
    said = (
        site.ciss("check").expect(1, f"{site.main_table} has no column source_rows, as_of_date, run_id").text
    )
    alter = said[said.index("ALTER TABLE") :].split(";")[0]

    with site.site().engine().session() as session:
        session.execute(alter)

    site.ciss("check").expect(0)
    site.merge(DATE).explained(0)
    assert site.rows("2016-11") == expected(SAMPLE, DATE)
    assert (None, "2016-10") in site.query(f"SELECT run_id, month_year FROM {site.main_table}")


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def test_external_tables_keep_their_files_and_nothing_doubles(
    make_cluster: MakeCluster, tmp_path: Path, where: Where
) -> None:
    site = make_cluster(where)
    kinds = {
        site.main_table: (TYPES, "month_year"),
        site.temp_table: ({**TYPES, "month_year": "STRING"}, "run_date"),
    }
    for name, (types, partition) in kinds.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in types.items())
        place = f"STORED AS PARQUET LOCATION '{(tmp_path / partition).as_uri()}'"
        site.query(f"CREATE EXTERNAL TABLE {name} ({listed}) PARTITIONED BY ({partition} STRING) {place}")
    site.perform(DATE)
    drop = f"ALTER TABLE {site.temp_table} DROP PARTITION (run_date = '{DATE}')"
    site.query(drop, f"ALTER TABLE {site.main_table} DROP PARTITION (month_year = '2016-11')")
    assert all(data_files(tmp_path / partition) for _, partition in kinds.values())
    site.ciss("reset", "--date", DATE).expect(0)

    site.perform(DATE)

    assert site.rows("2016-11") == expected(SAMPLE, DATE)


def data_files(folder: Path) -> list[Path]:
    """What a table's folder holds beside checksums and marks of success."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if not path.name.startswith((".", "_"))]


WRONG_MAINS = {
    "too few digits": (
        {**TYPES, "total_charge": "DECIMAL(10,2)"},
        "month_year",
        "total_charge is decimal(10,2)",
    ),
    "text that is cut": ({**TYPES, "org_id": "VARCHAR(10)"}, "month_year", "org_id is varchar(10)"),
    "a number as text": ({**TYPES, "billable_subs": "STRING"}, "month_year", "billable_subs is string"),
    "a missing column": ({"org_id": "STRING"}, "month_year", "has no column org_name, business_unit"),
    "another partition": (TYPES, "day", "month_year (month_partition)"),
    "no partition": ({**TYPES, "month_year": "STRING"}, "", "is not partitioned, and must be by month_year"),
    "two partitions": (
        TYPES,
        "region STRING, month_year",
        "is partitioned by region, month_year, and must be by month_year alone",
    ),
}


@pytest.mark.parametrize(
    ("where", "what"), pairs((HIVE, SPARK_ANSI), WRONG_MAINS, short=("no partition", "two partitions"))
)
def test_a_main_that_cannot_be_served_is_refused(cluster_on: MakeCluster, where: Where, what: str) -> None:
    types, partition, reason = WRONG_MAINS[what]
    cluster = cluster_on(where)
    cluster.query(f"DROP TABLE IF EXISTS {cluster.main_table}")
    create(cluster, types, partition=partition)

    cluster.check().expect(1, cluster.main_table, reason)

    assert cluster.query(f"SELECT COUNT(*) FROM {cluster.main_table}") == [(0,)]


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def test_a_view_in_mains_place_is_refused(make_cluster: MakeCluster, where: Where) -> None:
    cluster = make_cluster(where)
    create(cluster, TYPES)
    base = f"{cluster.main_table}_base"
    cluster.query(f"ALTER TABLE {cluster.main_table} RENAME TO {base}")
    cluster.query(f"CREATE VIEW {cluster.main_table} AS SELECT * FROM {base}")

    cluster.check().expect(1, f"{cluster.main_table} is a view, and must be a table")


WRONG_SOURCES = {
    "DATE": (
        "register",
        "SELECT invoice_no, line_no, CAST(invoice_date AS DATE) AS invoice_date",
        "is date, and must",
    ),
    "digits": ("register", "SELECT CAST(amount AS DECIMAL(30,10)) AS amount", "is decimal(30,10), and must"),
    "DOUBLE money": ("register", "SELECT CAST(amount AS DOUBLE) AS amount", "amount is double, and must"),
    "column": ("overage", "SELECT org_id", "has no column business_unit"),
}


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[HIVE]))
@pytest.mark.parametrize("what", WRONG_SOURCES)
def test_a_source_that_cannot_be_read_is_refused(cluster_on: MakeCluster, where: Where, what: str) -> None:
    role, select, reason = WRONG_SOURCES[what]
    cluster = cluster_on(where)
    name = f"wrong_{what.replace(' ', '_').lower()}_{cluster.main_name}"
    cluster.backend.copied(f"{cluster.database}.{name}", f"{select} FROM {cluster.source(role)} WHERE 1 = 0")
    cluster.configure(**{f"{role}_table": name})

    cluster.check().expect(1, name, reason)


@pytest.mark.parametrize("where", engine_params(IMPALA, long=()))
def test_impala_refuses_double_rates(cluster_on: MakeCluster, where: Where) -> None:
    cluster = cluster_on(where)
    select = "SELECT cal_month, from_curr, to_curr, CAST(avg_conv_rate AS DOUBLE) AS avg_conv_rate"
    name = f"doubles_{cluster.main_name}"
    cluster.backend.copied(f"{cluster.database}.{name}", f"{select} FROM {cluster.source('rate')}")
    cluster.configure(rate_table=name)

    cluster.ciss("check").expect(40, f"{name}.avg_conv_rate is DOUBLE", schema.RATE)
    cluster.merge(DATE).explained(40, f"{name}.avg_conv_rate is DOUBLE", schema.RATE)

    assert cluster.marked(DATE) == []
