"""Runs that are stopped, and clients that are killed, while their INSERT runs on a server.

What the server says of it is asked where it can be seen: Spark tells truly what runs. Hive's local modes go
on with the rows in hand whatever they are told, so of Hive only its own list of queries is asked.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from ciss_luigi.errors import StepFailed
from ciss_luigi.state.markers import Step
from tests.command import wait_until
from tests.engines.cluster import (
    HIVE,
    HIVE_TRANSACTIONAL,
    IMPALA,
    SPARK_ANSI,
    SPARK_IMPYLA,
    Cluster,
    Where,
    expected,
)
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.engines.slow import slow_sql
from tests.sample import SAMPLE
from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE = "2016-11-22"
FOR_EVER, A_MINUTE, LONGER, SOME_SECONDS = 2_000, 100, 15, 5
"""Milliseconds for each row."""
Make = Callable[[Where, int], tuple[Cluster, Any]]


@pytest.fixture
def slow(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> Make:
    """Make a site whose build sleeps for every row, and give its server."""

    def make(where: Where, milliseconds: int) -> tuple[Cluster, Any]:
        cluster = make_cluster(where)
        spark = where.fixture.startswith("spark")
        behind = "hive" if where == IMPALA else where.fixture
        cluster.configure(
            sql_dir=slow_sql(cluster.folder / "sql", "spark" if spark else "hive", milliseconds)
        )
        return cluster, request.getfixturevalue(behind)

    return make


def inserts(server: Any) -> list[str]:
    """What BuildTemp runs on a server, as that says."""
    texts = [str(query.get("description") or query.get("queryDisplay")) for query in server.active_queries()]
    return [text for text in texts if "BuildTemp" in text]


def inserts_on_hive(server: Any) -> set[str]:
    """The query ids of what BuildTemp runs on a Hive."""
    displays = [query["queryDisplay"] for query in server.active_queries()]
    return {display["queryId"] for display in displays if "BuildTemp" in str(display)}


def left_open(cluster: Cluster) -> list[str]:
    """The writes that are not known to have ended."""
    return [file.name for file in (cluster.state / "writes").glob("*")]


def writes(cluster: Cluster, server: Any) -> bool:
    """Whether the INSERT of BuildTemp is under way."""
    return bool(cluster.marked(DATE) and left_open(cluster) and inserts(server))


def kill_in_its_insert(cluster: Cluster, server: Any) -> None:
    """Start a run, and kill it while the server writes temp."""
    running = cluster.merging(DATE)
    wait_until(lambda: writes(cluster, server))
    running.send(signal.SIGKILL)
    running.finish()


@pytest.mark.parametrize("where", engine_params(SPARK_ANSI, SPARK_IMPYLA, long=()))
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_stopped_run_leaves_nothing_on_the_server(slow: Make, where: Where, number: int) -> None:
    cluster, server = slow(where, FOR_EVER)
    running = cluster.merging(DATE)
    wait_until(lambda: writes(cluster, server))

    running.send_group(number)

    running.finish().explained(30, "stopped by")
    wait_until(lambda: not inserts(server))
    assert cluster.marked(DATE) == ["TruncateTemp"]
    assert running.others() == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_stopped_run_ends_although_hive_lets_a_cancel_wait(slow: Make, number: int) -> None:
    cluster, server = slow(HIVE, SOME_SECONDS)
    running = cluster.merging(DATE)
    wait_until(lambda: writes(cluster, server))

    running.send_group(number)

    running.finish().explained(30, "stopped by")
    assert cluster.marked(DATE) == ["TruncateTemp"]
    wait_until(lambda: not inserts(server))


def test_a_deadline_cancels_on_the_server(slow: Make) -> None:
    cluster, server = slow(SPARK_ANSI, FOR_EVER)
    cluster.ciss("init").expect(0)
    cluster.configure(sql_dir=cluster.folder / "sql", statement_deadline_minutes=0.15)

    with pytest.raises(StepFailed, match=r"ran longer than 0.15 minutes .* and was cancelled"):
        cluster.perform(DATE, Step.BUILD)

    wait_until(lambda: not inserts(server))


LIMITS = {
    HIVE: {"hive.query.timeout.seconds": "3s"},
    SPARK_ANSI: {"spark.sql.thriftServer.queryTimeout": "3"},
}


@pytest.mark.parametrize("where", engine_params(*LIMITS, long=[SPARK_ANSI]))
def test_a_time_limit_of_the_servers_own_ends_the_step_at_once(slow: Make, where: Where) -> None:
    """It is not a lost line, after which the statement would be sent again."""
    cluster, _ = slow(where, LONGER)
    cluster.ciss("init").expect(0)
    cluster.configure(sql_dir=cluster.folder / "sql", session_settings=LIMITS[where])

    with pytest.raises(
        StepFailed, match=r"timed out after 3 seconds|longer than its time limit|cancel"
    ) as caught:
        cluster.perform(DATE, Step.BUILD)

    assert "BuildTemp" not in cluster.marked(DATE), caught.value


@pytest.mark.parametrize(
    "where", engine_params(SPARK_ANSI, HIVE, IMPALA, HIVE_TRANSACTIONAL, long=[HIVE, HIVE_TRANSACTIONAL])
)
def test_a_killed_clients_insert_is_ended_or_waited_for(slow: Make, where: Where) -> None:
    cluster, server = slow(where, SOME_SECONDS)
    kill_in_its_insert(cluster, server)
    if where == IMPALA:  # the others end a session when its line does; their rows in hand go on unseen
        assert inserts(server), "the INSERT did not outlive its client"
    assert left_open(cluster)
    cluster.configure()

    cluster.merge(DATE).explained(0, "ending what a killed run may still write")

    wait_until(lambda: not inserts(server))
    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)
    assert not left_open(cluster)


def test_a_killed_clients_insert_has_ended_before_the_next_begins(slow: Make, impala: ImpalaFront) -> None:
    cluster, server = slow(IMPALA, A_MINUTE)
    kill_in_its_insert(cluster, server)
    (orphan,) = inserts_on_hive(server)
    cluster.configure()
    impala.clear()

    healing = cluster.merging(DATE)
    wait_until(lambda: any("BuildTemp" in text for text in impala.texts("insert")))

    assert orphan not in inserts_on_hive(server)
    healing.finish().explained(0, "ending what a killed run may still write")
    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)
