"""Whole runs by the literal command on every engine, and what the operator's command says after them."""

from __future__ import annotations

import pytest

from tests.command import STEPS
from tests.engines.cluster import Cluster, Where, expected, months_of
from tests.engines.conftest import MakeCluster, engine_params
from tests.sample import SAMPLE

ONE, TWO = "2016-11-22", "2017-01-03"


@pytest.fixture(scope="module", params=engine_params(long=()))
def ran(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> Cluster:
    """A site after ``ciss init``, a date of one month and one of two."""
    where: Where = request.param
    cluster = make_cluster(where)
    cluster.ciss("init").expect(0, cluster.main_table, cluster.temp_table)
    cluster.merge(ONE).explained(0)
    cluster.merge(TWO).explained(0)
    return cluster


@pytest.mark.parametrize("date", [ONE, TWO])
def test_main_equals_the_reference(ran: Cluster, date: str) -> None:
    assert ran.rows(*months_of(date)) == expected(SAMPLE, date)


def test_every_row_names_its_run(ran: Cluster) -> None:
    assert ran.signatures() == [("2016-11", ONE), ("2016-12", TWO), ("2017-01", TWO)]
    run_ids = {row[0] for row in ran.query(f"SELECT DISTINCT run_id FROM {ran.main_table}")}
    assert run_ids == {ran.read_marker(date, "MergeMain")["run_id"] for date in (ONE, TWO)}


def test_a_second_command_does_nothing(ran: Cluster) -> None:
    before = len(ran.attempts(ONE))
    ran.merge(ONE).explained(0)
    assert len(ran.attempts(ONE)) == before == len(STEPS)


def test_the_operators_verbs_agree(ran: Cluster) -> None:
    ran.ciss("verify", "--date", TWO).expect(0)
    ran.ciss("status", "--from", ONE, "--to", ONE).expect(0, ONE)
    ran.ciss("plan", "--date", TWO).expect(0, "MergeMain of 2017-01-03 is done")
    ran.ciss("check", "--date", ONE).expect(0)
