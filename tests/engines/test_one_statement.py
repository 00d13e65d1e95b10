"""A server takes one statement a call: what stands behind it is an error, and nothing of it is run."""

from __future__ import annotations

import pytest

from ciss_luigi.engines.base import Output
from ciss_luigi.errors import StatementFailed
from ciss_luigi.sql.files import Query
from tests.engines.cluster import HIVE, SPARK_ANSI, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster

PLAINLY_TWO = ("SELECT 1; {drop}", "SELECT 1;\n{drop};", "SELECT 1) written; {drop}")
BEHIND = (
    *PLAINLY_TWO,
    "SELECT 1 -- \r; {drop}",
    "SELECT '\\'; {drop} -- '; {drop}",
    'SELECT "\\"; {drop} -- "; {drop}',
    "SELECT '''; {drop} -- ",
    "SELECT 1 /* /* */; {drop} -- */",
    "SELECT $$; {drop} --$$",
    "SELECT U&'\\0027'; {drop} --'",
    "SELECT r'\\'; {drop} --'",
    "SELECT E'\\''; {drop} --'",
)


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI))
def test_nothing_behind_the_first_statement_is_run(make_cluster: MakeCluster, where: Where) -> None:
    cluster = make_cluster(where)
    cluster.ciss("init").expect(0)
    engine = cluster.site().engine()
    failed = set()
    with engine.session() as session:
        for number, attempt in enumerate(BEHIND):
            victim = f"{cluster.database}.victim_{cluster.main_name}_{number}"
            cluster.query(f"CREATE TABLE {victim} (x INT)")
            text = attempt.format(drop=f"DROP TABLE {victim}")
            for statement in (text, *writes(cluster.temp_table, text)):
                try:
                    session.query(statement)
                except StatementFailed:
                    failed.add(attempt)
            assert cluster.query(f"SELECT COUNT(*) FROM {victim}") == [(0,)], attempt
            cluster.query(f"DROP TABLE {victim}")
    # some of the others are one statement to one engine or the other: a string, and a comment behind it
    assert set(PLAINLY_TWO) <= failed


def writes(table: str, text: str) -> list[str]:
    """What the job would make of a query, were it not refused before."""
    from ciss_luigi.engines.hive.dialect import HiveDialect
    from ciss_luigi.sql.files import SqlFileError

    try:
        return HiveDialect().overwrite(table, ("run_date", "2016-11-22"), [Output("a", "a")], Query(text))
    except SqlFileError:
        return []
