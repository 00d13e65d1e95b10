"""Numbers that do not fit, and rates that are none: refused on every engine, never NULL and never wrapped."""

from __future__ import annotations

import re

import pytest

from ciss_luigi.errors import StepFailed
from ciss_luigi.state.markers import Step
from tests.engines.cluster import ALL, DUCKDB, HIVE, SPARK, SPARK_ANSI, Cluster, Where, expected
from tests.engines.conftest import engine_params, pairs
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE

DATE = "2016-11-22"
MONEY = "CAST({} AS DECIMAL(18,4))"
REGISTER = (
    "SELECT 'n{}' AS invoice_no, '1' AS line_no, '2016-11-03' AS invoice_date, 'o' AS org_id, "
    "'u' AS business_unit, 'c' AS commercial_offer, '{}' AS currency, {} AS amount"
)
BILLABLE = (
    "SELECT 'o' AS org_id, 'u' AS business_unit, 'c' AS commercial_offer, '{}' AS subscription_id, "
    "'USD' AS currency, CAST(9223372036854775807 AS BIGINT) AS billable_subs, "
    "CAST(1 AS DECIMAL(18,4)) AS charge, 'x' AS usage_limit, 'y' AS limit_unit, '2016-11' AS partition_date"
)
TOO_BIG = {
    "sum of money": (
        "register",
        " UNION ALL ".join(REGISTER.format(n, "USD", MONEY.format("99999999999999.9999")) for n in (1, 2)),
    ),
    "US dollars": ("register", REGISTER.format(1, "GBP", MONEY.format("99000000000000.0000"))),
    "count": ("billable", " UNION ALL ".join(BILLABLE.format(n) for n in (1, 2))),
}
TOLD = re.compile(
    "overflow|out.of.range|cannot be (represented|cast)|could not cast|(did|would) not fit", re.IGNORECASE
)
"""The engine's own words, or those of the checks where the engine makes NULL of such a number."""
RATES = (
    "SELECT cal_month, from_curr, to_curr, CAST(CASE WHEN cal_month = '2016-11' AND from_curr = 'GBP' "
    "THEN {} ELSE CAST(avg_conv_rate AS STRING) END AS DOUBLE) AS avg_conv_rate FROM {}"
)


@pytest.fixture(scope="module", params=engine_params(DUCKDB, HIVE, SPARK_ANSI, SPARK))
def doubles(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> Cluster:
    """The same on an engine where DOUBLE rates are allowed."""
    where: Where = request.param
    cluster = make_cluster(where)
    cluster.ciss("init").expect(0)
    return cluster


def use(cluster: Cluster, role: str, select: str, name: str) -> None:
    """Put a query's rows in the place of a source table."""
    table = f"{name}_{cluster.main_name}"
    cluster.backend.copied(f"{cluster.database}.{table}", select)
    cluster.configure(**{f"{role}_table": table})


@pytest.mark.parametrize(("where", "what"), pairs(ALL, TOO_BIG, short=("count",)))
def test_what_does_not_fit_fails_the_run(cluster_on: MakeCluster, where: Where, what: str) -> None:
    site = cluster_on(where)
    role, select = TOO_BIG[what]
    use(site, role, select, what.replace(" ", "_"))

    with pytest.raises(StepFailed, match=TOLD):
        site.perform(DATE, Step.BUILD)

    assert site.marked(DATE) == []


def test_a_rate_that_is_not_a_number_fails_the_run(doubles: Cluster) -> None:
    use(doubles, "rate", RATES.format("'NaN'", doubles.source("rate")), "nan")

    with pytest.raises(StepFailed, match=r"GBP.*2016-11|2016-11.*GBP"):
        doubles.perform(DATE, Step.BUILD)

    assert doubles.marked(DATE) == []


def test_double_rates_give_the_same_money(doubles: Cluster) -> None:
    use(doubles, "rate", RATES.format("CAST(avg_conv_rate AS STRING)", doubles.source("rate")), "double")

    doubles.perform(DATE)

    assert doubles.rows("2016-11") == expected(SAMPLE, DATE)
