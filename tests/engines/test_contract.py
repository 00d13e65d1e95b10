"""Whole runs by the literal command on every engine, and what the operator's command says after them."""

from __future__ import annotations

import pytest

from ciss_luigi.billing.rundate import Month
from ciss_luigi.operator.explain import explain
from ciss_luigi.queries.customer import Customer
from tests.command import STEPS
from tests.engines.cluster import (
    DUCKDB,
    HIVE,
    IMPALA,
    IMPALA_4_5,
    SPARK,
    SPARK_ANSI,
    SPARK_IMPYLA,
    SPARK_OFF_IMPYLA,
    Cluster,
    Where,
    expected,
    months_of,
)
from tests.engines.conftest import LONG, engine_params
from tests.engines.sites import MakeCluster
from tests.reference import build, read_tables
from tests.sample import SAMPLE
from tests.strategies import ODD_TEXTS

ONE, TWO = "2016-11-22", "2017-01-03"


NEWCOMERS = (DUCKDB, HIVE, SPARK_ANSI)
WITH_VERBS = engine_params(
    long=[where for where in LONG if where not in (IMPALA, IMPALA_4_5)], core=NEWCOMERS
)
"""Every engine in the same order as for whole runs, or pytest would make each site twice."""


@pytest.fixture(
    scope="module", params=engine_params(long=(SPARK, SPARK_IMPYLA, SPARK_OFF_IMPYLA), core=NEWCOMERS)
)
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


@pytest.mark.parametrize("ran", WITH_VERBS, indirect=True)
def test_the_operators_verbs_agree(ran: Cluster) -> None:
    ran.ciss("verify", "--date", TWO).expect(0)
    ran.ciss("status", "--from", ONE, "--to", ONE).expect(0, ONE)
    ran.ciss("plan", "--date", TWO).expect(0, "MergeMain of 2017-01-03 is done")
    ran.ciss("check", "--date", ONE).expect(0)


@pytest.mark.parametrize("ran", WITH_VERBS, indirect=True)
def test_a_customers_figures_are_explained(ran: Cluster) -> None:
    rows = [row for row in build(read_tables(SAMPLE), ["2016-12", "2017-01"], 1) if "&" in row.business_unit]
    one = max(rows, key=lambda row: row.source_rows)
    which = Customer(one.org_id, one.business_unit, one.commercial_offer, one.currency)
    month = [Month.parse(one.month_year)]
    (figure,) = explain(ran.site(), which, month, everything=True).figures
    assert explain(ran.site(), which, month, everything=False).figures[0].differences == ()
    assert figure.differences == ()
    assert figure.total_charge_usd == one.total_charge_usd
    shown = [row.amount for charges in figure.charges.values() for row in charges.largest]
    assert len(shown) == one.source_rows
    assert sum(amount for amount in shown if amount is not None) == one.total_charge


def test_any_text_can_be_named_in_a_statement(ran: Cluster) -> None:
    engine = ran.site().engine()
    listed = ", ".join(f"{engine.dialect.text(text)} AS t{place}" for place, text in enumerate(ODD_TEXTS))
    with engine.session() as session:
        assert session.query(f"SELECT {listed}") == [ODD_TEXTS]
