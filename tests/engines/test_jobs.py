"""How many statements of a run make a cluster work: what they cost there is mostly that they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.engines.cluster import HIVE, SPARK_ANSI, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.servers.hiveserver import HiveServer
from tests.servers.sparkserver import SparkServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

ONE_MONTH, TWO_MONTHS = ("2016-11-22", "2016-11-23"), ("2017-01-03", "2017-01-04")
MOST = {1: 8, 2: 11}
"""Temp's emptying, source totals, rates, build, temp's totals, main's newest date, merge, main's totals; each
further month has source totals, merge and main's totals of its own."""

Count = Callable[[], int]


def launched_on(server: Any) -> Count:
    """How many statements have launched jobs on a server since it began, as the server itself counts."""
    if isinstance(server, SparkServer):
        return lambda: len(server.launched_jobs())
    assert isinstance(server, HiveServer)
    return lambda: len(set(re.findall(r"Dag ID: \[(\w+)\]", server.log.read_text(errors="replace"))))


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def test_a_run_launches_no_more_jobs_than_it_has_things_to_do(
    make_cluster: MakeCluster, request: pytest.FixtureRequest, where: Where
) -> None:
    cluster = make_cluster(where)
    count = launched_on(request.getfixturevalue(where.fixture))
    for dates in (ONE_MONTH, TWO_MONTHS):
        for date in dates:  # the second finds an estimate of the day before in main
            before = count()
            cluster.merge(date).explained(0)
            marker = cluster.read_marker(date, "BuildTemp")
            months = len(marker["months"])
            most = MOST[months] + bool(marker["empty_sources"])  # was there anything in the month before?
            assert months == (2 if dates is TWO_MONTHS else 1)
            assert MOST[months] - 2 <= count() - before <= most


@pytest.mark.long
def test_with_two_workers_temp_is_proven_by_the_worker_that_merges(
    make_cluster: MakeCluster, request: pytest.FixtureRequest
) -> None:
    cluster = make_cluster(HIVE)
    count = launched_on(request.getfixturevalue(HIVE.fixture))
    before = count()
    cluster.luigi("MergeMain", "--date", ONE_MONTH[0], "--local-scheduler", "--workers", "2").explained(0)
    assert MOST[1] < count() - before <= MOST[1] + 1
