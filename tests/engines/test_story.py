"""What happens around a run: older dates, months without data, a killed command, temp changed behind it."""

from __future__ import annotations

import pytest

from tests.engines.backends import DuckFile
from tests.engines.cluster import SPARK_ANSI, Cluster, Where, expected
from tests.engines.conftest import LONG, engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE

FIRST, OLDER, LATER = "2016-11-22", "2016-11-20", "2016-11-25"
NO_DATA_YET = "2017-03-02"
KILLED_AFTER_BUILD = """
import os, signal
from ciss_luigi.steps import runner
from ciss_luigi.state.markers import Step
perform = runner.perform
def killed(site, date, step, **how):
    perform(site, date, step, **how)
    if step is Step.BUILD:
        os.kill(os.getpid(), signal.SIGKILL)
runner.perform = killed
"""


@pytest.fixture(scope="module", params=engine_params(long=[*LONG, SPARK_ANSI]))
def ran(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> Cluster:
    """A site after one date."""
    where: Where = request.param
    cluster = make_cluster(where)
    cluster.merge(FIRST).explained(0)
    return cluster


def double_a_row(cluster: Cluster, date: str) -> None:
    """Somebody puts one row of temp in a second time."""
    columns = [name for name, *_ in cluster.query(f"DESCRIBE {cluster.temp_table}")]
    names, partition = ", ".join(columns[: columns.index("run_date")]), f"run_date = '{date}'"
    if isinstance(cluster.backend, DuckFile):
        head = f"INSERT INTO {cluster.temp_table} ({names}, run_date) SELECT {names}, run_date"
    else:
        head = f"INSERT INTO TABLE {cluster.temp_table} PARTITION ({partition}) SELECT {names}"
    cluster.query(f"{head} FROM {cluster.temp_table} WHERE {partition} LIMIT 1")


def test_an_older_date_leaves_a_newer_estimate_alone(ran: Cluster) -> None:
    before = ran.rows("2016-11")
    ran.merge(OLDER).explained(0, f"2016-11 is not published: main has a newer estimate of it than {OLDER}")

    assert ran.rows("2016-11") == before
    assert ("2016-11", OLDER) not in ran.signatures()
    marker = ran.read_marker(OLDER, "MergeMain")
    assert (marker["months"], marker["superseded"]) == ([], ["2016-11"])


def test_a_killed_command_is_resumed_and_temp_that_changed_is_built_again(ran: Cluster) -> None:
    assert ran.merge(LATER, prelude=KILLED_AFTER_BUILD).code == -9
    assert ran.marked(LATER) == ["TruncateTemp", "BuildTemp"]
    double_a_row(ran, LATER)

    ran.merge(LATER).explained(
        0, "temp does not hold what BuildTemp's marker says", "Building temp again, once."
    )

    assert ran.rows("2016-11") == expected(SAMPLE, FIRST)
    assert ("2016-11", LATER) in ran.signatures()


def test_a_month_without_data_is_left_out(ran: Cluster) -> None:
    ran.merge(NO_DATA_YET).explained(0, "2017-03 is not built: ")

    assert ran.rows("2017-02", "2017-03") == expected(SAMPLE, NO_DATA_YET)
    assert ran.read_marker(NO_DATA_YET, "MergeMain")["left_out"] == ["2017-03"]


def test_a_date_without_sources_touches_nothing(ran: Cluster) -> None:
    before = ran.signatures()
    ran.merge("2019-01-10").explained(20, "2019-01")
    assert ran.signatures() == before


def test_a_date_can_be_reset(ran: Cluster) -> None:
    ran.ciss("reset", "--date", FIRST, "--from-step", "merge").expect(0)
    assert ran.marked(FIRST) == ["TruncateTemp", "BuildTemp"]
    ran.ciss("plan", "--date", FIRST).expect(0, "INSERT")
