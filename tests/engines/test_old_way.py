"""As the old job did it: built on Impala, merged on Hive, and Impala told by REFRESH after each write."""

from __future__ import annotations

import re

import pytest

from tests.engines.cluster import HIVE, IMPALA, Cluster, expected, months_of
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE
from tests.servers.impalafront import ImpalaFront, Statement

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE, TWO = "2016-11-22", "2017-01-03"
LOCKED = "CatalogException: Table was modified while operation was in progress, aborting execution."
EMPTIED = re.compile(r"TruncateTemp [^*]*\*/\nINSERT")
"""TruncateTemp's write, after the comment that names step, date and run."""
STANDBY = "AuthorizationException: User 'tester' does not have privileges to execute 'REFRESH' on: main"


@pytest.fixture
def site(make_cluster: MakeCluster, impala: ImpalaFront) -> Cluster:
    """Hive as the warehouse, an Impala for BuildTemp and to be refreshed."""
    cluster = make_cluster(HIVE)
    url = f"impala://tester@{impala.host}:{impala.port}/default"
    cluster.configure(build_url=url, refresh_url=url, retries=1)
    return cluster


def taken(impala: ImpalaFront, *wanted: str) -> list[Statement]:
    """The statements of some kinds that the front took; a table that it did not know is shown to it first."""
    return [one for one in impala.statements if one.kind in wanted and not one.error]


def shown(impala: ImpalaFront) -> list[str]:
    """What was refreshed."""
    return [one.text.partition("*/\n")[2] for one in taken(impala, "refresh")]


def kinds(impala: ImpalaFront) -> list[str]:
    """Writes and refreshes in their order."""
    return [one.kind for one in taken(impala, "refresh", "insert")]


def test_impala_builds_hive_merges_and_impala_is_told_in_order(site: Cluster, impala: ImpalaFront) -> None:
    site.merge(TWO).explained(0)

    assert site.rows(*months_of(TWO)) == expected(SAMPLE, TWO)
    assert shown(impala) == [
        f"REFRESH {site.quoted(site.temp_table)} PARTITION (`run_date` = '{TWO}')",
        f"REFRESH {site.quoted(site.main_table)} PARTITION (`month_year` = '2016-12')",
        f"REFRESH {site.quoted(site.main_table)} PARTITION (`month_year` = '2017-01')",
    ]
    assert kinds(impala) == ["refresh", "insert", "refresh", "refresh"]
    assert not any(
        f"TABLE {site.quoted(site.main_table)}" in text or EMPTIED.search(text) for text in impala.texts()
    )


def test_an_impala_that_only_looks_on_is_told_of_each_write(
    make_cluster: MakeCluster, impala: ImpalaFront
) -> None:
    """No build_url: Hive writes temp, too."""
    cluster = make_cluster(HIVE)
    cluster.configure(refresh_url=f"impala://tester@{impala.host}:{impala.port}/default")

    cluster.merge(DATE).explained(0)

    temp = f"REFRESH {cluster.quoted(cluster.temp_table)} PARTITION (`run_date` = '{DATE}')"
    main = f"REFRESH {cluster.quoted(cluster.main_table)} PARTITION (`month_year` = '2016-11')"
    assert shown(impala) == [temp, temp, main]


def test_an_impala_that_merges_is_told_what_hive_built(
    make_cluster: MakeCluster, impala: ImpalaFront
) -> None:
    hive = make_cluster(HIVE)
    cluster = make_cluster(IMPALA)
    cluster.configure(build_url=hive.url)

    cluster.merge(DATE).explained(0)

    assert kinds(impala) == ["insert", "refresh", "insert"]
    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)


@pytest.mark.long
def test_a_refresh_that_fails_once_is_repeated(site: Cluster, impala: ImpalaFront) -> None:
    impala.fail_next(f"REFRESH {site.quoted(site.main_table)}", LOCKED)

    site.merge(DATE).explained(0, "Trying again")

    assert len([text for text in impala.texts("refresh") if site.main_name in text]) == 2


def test_a_refresh_that_fails_for_good_fails_the_merge_and_the_next_run_repeats_both(
    site: Cluster, impala: ImpalaFront
) -> None:
    impala.fail_next(f"REFRESH {site.quoted(site.main_table)}", STANDBY)

    site.merge(DATE).explained(30, "still shows the old rows of main's 2016-11", STANDBY)
    assert site.marked(DATE) == ["TruncateTemp", "BuildTemp"]
    assert site.rows("2016-11") == expected(SAMPLE, DATE), "the REFRESH came before the write"
    impala.clear()
    site.merge(DATE).explained(0)

    assert site.marked(DATE)[-1] == "MergeMain"
    assert site.rows("2016-11") == expected(SAMPLE, DATE)
    assert len(impala.texts("refresh")) == 1


def test_a_refresh_of_temp_that_fails_stops_before_anything_is_built(
    site: Cluster, impala: ImpalaFront
) -> None:
    impala.fail_next(f"REFRESH {site.quoted(site.temp_table)}", STANDBY)

    site.merge(DATE).explained(30, "still shows the old rows of temp", STANDBY)

    assert site.marked(DATE) == []


def test_check_tries_the_billing_rules_where_they_will_run(site: Cluster, impala: ImpalaFront) -> None:
    site.ciss("init").expect(0)
    refused = "AnalysisException: Could not resolve column/field reference: 'x'"
    impala.fail_next("EXPLAIN", refused)

    site.ciss("check").expect(1, f"the built-in billing rules: Impala: {refused}")
    site.ciss("check").expect(0, "impala accepts the built-in billing rules")


def test_check_asks_both_engines(site: Cluster, impala: ImpalaFront) -> None:
    site.ciss("check").expect(
        0, f"impalad version {'.'.join(map(str, impala.version))}", "hive 127.0.0.1", "impala 127.0.0.1"
    )
