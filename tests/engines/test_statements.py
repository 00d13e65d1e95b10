"""What is on the line: comments, session settings, and nothing but what ``ciss plan`` prints."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.hive.driver import PyHiveClient
from ciss_luigi.operator import plan
from ciss_luigi.steps.sourcesready import Sources
from tests.engines.cluster import HIVE, IMPALA, SPARK_ANSI, Where, expected, months_of
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE
from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

THE_SESSIONS = ("SET", "USE")
"""What a driver sends for the session itself; Hive takes no comment before SET."""
DATE, TWO = "2016-11-22", "2017-01-03"
TAG = re.compile(
    r"/\* ciss_luigi (SourcesReady|TruncateTemp|BuildTemp|MergeMain|init) \d{4}-\d\d-\d\d( [\w-]+)? \*/\n"
)


def test_a_run_sends_what_the_plan_says_and_every_statement_names_its_run(
    make_cluster: MakeCluster, impala: ImpalaFront
) -> None:
    cluster = make_cluster(IMPALA)
    cluster.ciss("init").expect(0)
    planned = plan.make(cluster.site(), RunDate.parse(TWO)).sent()
    impala.clear()

    cluster.merge(TWO).explained(0)

    run_id = cluster.read_marker(TWO, "MergeMain")["run_id"]
    sent = [text for text in impala.texts() if not text.startswith(THE_SESSIONS)]
    assert sent == [text.replace("{run_id}", run_id) for text in planned]
    assert [text for text in sent if not TAG.match(text)] == []
    for step in ("BuildTemp", "MergeMain"):
        named = [text for text in sent if f"ciss_luigi {step} " in text]
        assert named
        assert all(run_id in text for text in named)


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def test_first_later_and_superseded_runs_send_what_the_plan_says(
    make_cluster: MakeCluster, where: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make_cluster(where)
    sent: list[str] = []
    start = PyHiveClient.start

    def record(client: PyHiveClient, statement: str) -> None:
        if not statement.startswith(THE_SESSIONS):
            sent.append(statement)
        start(client, statement)

    for date in (DATE, "2017-01-20", TWO):
        planned = plan.make(cluster.site(), RunDate.parse(date)).sent()
        with monkeypatch.context() as listening:
            listening.setattr(PyHiveClient, "start", record)
            sources = Sources()
            assert sources.are_ready(cluster.site(), RunDate.parse(date), alone=True)
            cluster.perform(date, known=sources.known(RunDate.parse(date)))
        run_id = cluster.read_marker(date, "BuildTemp")["run_id"]
        assert sent == [text.replace("{run_id}", run_id) for text in planned]
        sent.clear()
    assert cluster.read_marker(TWO, "MergeMain")["superseded"] == ["2017-01"]


def test_every_statement_of_a_check_says_that_it_is_one(
    make_cluster: MakeCluster, impala: ImpalaFront
) -> None:
    cluster = make_cluster(IMPALA)
    cluster.ciss("init").expect(0)
    impala.clear()

    cluster.ciss("check", "--date", TWO).expect(0)

    sent = [text for text in impala.texts() if not text.startswith(THE_SESSIONS)]
    assert {"version()", "SHOW", "DESCRIBE", "EXPLAIN"} <= set(" ".join(sent).split())
    assert [text for text in sent if "/* ciss_luigi " not in text] == []


def test_session_settings_of_each_engine_reach_it(make_cluster: MakeCluster, impala: ImpalaFront) -> None:
    cluster = make_cluster(HIVE)
    url = f"impala://tester@{impala.host}:{impala.port}/default"
    both = {"hive.query.name": "ciss nightly", "hive.exec.parallel": True, "REQUEST_POOL": "root.ciss"}
    cluster.configure(refresh_url=url, session_settings=both)

    cluster.ciss("check").expect(0)

    assert impala.options == {"DECIMAL_V2": "1", "ABORT_ON_ERROR": "1", "REQUEST_POOL": "root.ciss"}
    with cluster.site().engine().session() as session:
        assert session.query("SET hive.query.name") == [("hive.query.name=ciss nightly",)]


def test_an_option_that_impala_does_not_know_is_a_fault_of_the_configuration(
    make_cluster: MakeCluster,
) -> None:
    cluster = make_cluster(IMPALA)
    cluster.configure(session_settings={"REQUEST_POLL": "root.ciss"})

    cluster.merge(DATE).explained(40, "session_settings: REQUEST_POLL: Invalid query option: REQUEST_POLL")


def test_an_option_that_impala_passes_over_is_found(
    make_cluster: MakeCluster, impala: ImpalaFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make_cluster(IMPALA)
    cluster.configure(session_settings={"MEM_LIMIT": "2g"})
    take = impala._set

    def pass_over(session: Any, name: str, value: str) -> None:
        if name.upper() != "MEM_LIMIT":
            take(session, name, value)

    monkeypatch.setattr(impala, "_set", pass_over)

    cluster.ciss("check").expect(40, "MEM_LIMIT: ignored: asked for 2g, the server answers 0")


def test_a_setting_that_hive_does_not_take_is_said(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(HIVE)
    cluster.configure(session_settings={"hive.exec.reducers.max": "many"})
    words = "hive.exec.reducers.max expects INT type value"
    cluster.ciss("check").expect(40, "session_settings: hive.exec.reducers.max: ", words)


STRICT = {
    "each check": {
        "hive.strict.checks.cartesian.product": "true", "hive.strict.checks.no.partition.filter": "true"
    },
    "the old mode": {"hive.mapred.mode": "strict"},
}  # fmt: skip


@pytest.mark.parametrize("strict", STRICT)
def test_a_hive_that_is_strict_about_products_and_partitions_is_served(
    make_cluster: MakeCluster, strict: str
) -> None:
    cluster = make_cluster(HIVE)
    cluster.configure(connect_args={"configuration": STRICT[strict]})

    cluster.check().expect(0, "accepts the built-in billing rules")
    cluster.perform(TWO)

    assert cluster.rows(*months_of(TWO)) == expected(SAMPLE, TWO)


def test_check_says_what_a_strict_hive_refuses_where_the_site_wants_it_so(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(HIVE)
    cluster.configure(session_settings={"hive.strict.checks.cartesian.product": True})
    cluster.check().expect(1, "the built-in billing rules: Hive: ", "hive.strict.checks.cartesian.product")


def test_a_setting_that_spark_does_not_take_is_said(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(SPARK_ANSI)
    cluster.configure(session_settings={"spark.sql.warehouse.dir": "/elsewhere"})
    cluster.ciss("check").expect(40, "session_settings: spark.sql.warehouse.dir: ")
