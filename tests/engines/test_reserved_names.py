"""Every configured name is a reserved word: what a statement forgets to quote, no engine parses."""

from __future__ import annotations

import pytest

from ciss_luigi.billing import schema
from tests.engines.cluster import (
    COLUMNS,
    DUCKDB,
    HIVE,
    IMPALA,
    SPARK_ANSI,
    Cluster,
    Where,
    as_text,
    expected,
)
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE

DATE = "2016-11-22"
MAIN, TEMP, MONTH = "table", "select", "date"
SOURCES = dict(zip(schema.SOURCES, ("from", "where", "group", "having", "union", "on"), strict=True))
DATABASES = {DUCKDB: "order", HIVE: "order", SPARK_ANSI: "order", IMPALA: "partition"}
"""The front and Hive are one server."""


def quoted(where: Where, *names: str) -> str:
    mark = '"' if where == DUCKDB else "`"
    return ".".join(f"{mark}{name}{mark}" for name in names)


def rename(cluster: Cluster, where: Where) -> str:
    """Copies of the sources in another schema, all named by reserved words; the schema's name."""
    database = DATABASES[where]
    cluster.query(f"CREATE SCHEMA {quoted(where, database)}")
    for table, word in SOURCES.items():
        cluster.backend.copied(quoted(where, database, word), f"SELECT * FROM {cluster.source(table.role)}")
    names = {f"{table.role}_table": word for table, word in SOURCES.items()}
    cluster.configure(
        database=database, main_table=MAIN, temp_table=TEMP, month_partition=MONTH, temp_keep_days=0, **names
    )
    return database


@pytest.mark.parametrize("where", engine_params(DUCKDB, HIVE, SPARK_ANSI, IMPALA, long=[SPARK_ANSI, IMPALA]))
def test_reserved_words_serve_as_names_in_every_statement(make_cluster: MakeCluster, where: Where) -> None:
    cluster = make_cluster(where)
    database = rename(cluster, where)
    main = quoted(where, database, MAIN)

    for date in (DATE, "2016-11-23"):  # the second drops what the first left in temp
        cluster.ciss("check", "--date", date).expect(0)
        cluster.merge(date).explained(0)
    cluster.ciss("verify", "--date", "2016-11-23").expect(0)
    cluster.ciss("plan", "--date", "2016-11-24").expect(0, quoted(where, MONTH))

    month = f"SELECT {', '.join(COLUMNS)} FROM {main} WHERE {quoted(where, MONTH)} = '2016-11'"
    assert sorted(("2016-11", *map(as_text, row)) for row in cluster.query(month)) == expected(SAMPLE, DATE)
