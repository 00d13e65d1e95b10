"""On servers: ``ciss verify`` row by row, the way back to an older date, and a warehouse that has moved."""

from __future__ import annotations

import pytest

from ciss_luigi.billing import schema
from tests.engines.cluster import HIVE, SPARK_ANSI, Cluster, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster

FIRST, LATER, MONTH = "2016-11-22", "2016-11-25", "2016-11"
UNCHANGED = (
    "the sources have not changed since",
    # Tez in one process has 120 counters, and the build as a part of a question takes 121
    "their totals are the same, but what they would build could not be compared: Hive: Execution Error",
)


@pytest.fixture(scope="module", params=engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def ran(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> Cluster:
    """A site after two dates of one month; the tests go on from each other, in their order."""
    where: Where = request.param
    cluster = make_cluster(where)
    for date in (FIRST, LATER):
        cluster.merge(date).explained(0)
    return cluster


def rename_one(cluster: Cluster) -> None:
    """Somebody gives the customer of one row of main another name, and leaves all totals as they are."""
    names = [column.name for column in schema.SUMMARY_COLUMNS]
    key = "org_id, business_unit, commercial_offer, currency"
    ((first, *_),) = cluster.query(f"SELECT MIN(CONCAT_WS('|', {key})) FROM {cluster.main_table}")
    name = f"CASE WHEN CONCAT_WS('|', {key}) = '{first}' THEN 'somebody else' ELSE org_name END"
    values = ", ".join(name if one == "org_name" else one for one in names)
    cluster.query(
        f"INSERT OVERWRITE TABLE {cluster.main_table} PARTITION (month_year = '{MONTH}') "
        f"SELECT {values} FROM {cluster.temp_table} WHERE run_date = '{LATER}' AND month_year = '{MONTH}'"
    )


def test_main_is_compared_row_by_row(ran: Cluster) -> None:
    answer = ran.ciss("verify", "--date", LATER)
    answer.expect(0, f"{MONTH}: OK: main's totals match the run's record, and so does every row")
    assert any(words in answer.text for words in UNCHANGED), answer.text
    ran.ciss("verify", "--date", FIRST).expect(0, f"{MONTH}: OK: main has a newer run, for {LATER}")


def test_a_name_that_was_changed_is_found(ran: Cluster) -> None:
    rename_one(ran)
    answer = ran.ciss("verify", "--date", LATER).expect(1, f"{MONTH}: 1 of its rows differ between temp")
    assert "in temp, 'somebody else' in main" in answer.text
    assert any(words in answer.text for words in UNCHANGED), answer.text


def test_main_goes_back_to_what_an_older_date_published(ran: Cluster) -> None:
    ran.ciss("reset", "--date", FIRST, "--roll-back").expect(0, f"main holds the run for {LATER}")
    ran.merge(FIRST).explained(0, f"merged {MONTH}")
    assert ran.signatures() == [(MONTH, FIRST)]
    ran.ciss("verify", "--date", FIRST).expect(0, "and so does every row")
    ran.ciss("status").expect(0, f"main's {MONTH} is rolled back from {LATER} to {FIRST}")


def test_after_a_move_what_main_proves_counts_again(ran: Cluster) -> None:
    ran.configure(warehouse_url=ran.url.replace("127.0.0.1", "localhost"))
    assert "127.0.0.1" in ran.url
    answer = ran.ciss("adopt").expect(1, f"{FIRST}: adopted", f"{LATER}: left as it is")
    assert f"the rows in main are of another run, for {FIRST}" not in answer.text
    ran.merge(FIRST).explained(0, "Did not run any tasks")
