"""Lines that break while a statement runs: the job heals or fails cleanly, and never doubles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ciss_luigi.errors import CissError
from ciss_luigi.state.markers import Step
from tests.engines.cluster import HIVE, HIVE_IMPYLA, SPARK_ANSI, Cluster, Where, expected
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE
from tests.servers.tcpproxy import Action, TcpProxy, tcp_proxy

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE = "2016-11-22"
STATEMENTS = 24
"""More than a run of one month sends."""
FAULTS: dict[str, tuple[Action, bool]] = {
    "cut before": ("cut", False),
    "cut after": ("cut", True),
    "stall": ("stall", True),
    "half-close": ("half_close", True),
}
STALLED_SECONDS, LONG_SECONDS = 15.0, 600.0
DUMP = re.compile(r"TStatus|TExecuteStatementResp|infoMessages|Traceback|\bat org\.apache")


@dataclass
class Line:
    """A site whose line to its server can be broken."""

    cluster: Cluster
    proxy: TcpProxy
    url: str

    def be_patient(self, seconds: float) -> None:
        """How long the site waits for an answer before it takes the line for lost."""
        arguments = {"timeout": seconds}
        self.cluster.configure(warehouse_url=self.url, connect_args=arguments, orphan_wait_minutes=0.05)


@pytest.fixture
def line(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> Iterator[Line]:
    """A site behind a proxy."""
    where: Where = request.param
    cluster = make_cluster(where)
    server: Any = request.getfixturevalue(where.fixture)
    with tcp_proxy(server.host, server.port) as proxy:
        made = Line(cluster, proxy, where.url(proxy))
        made.be_patient(LONG_SECONDS)
        yield made


def run_until_done(cluster: Cluster) -> list[CissError]:
    """Run the job, each step again where it failed cleanly; what it failed with."""
    failures = []
    for step in Step:
        try:
            cluster.perform(DATE, step)
        except CissError as error:
            failures.append(error)
            cluster.perform(DATE, step)
    return failures


def is_right(cluster: Cluster) -> None:
    """Main holds every row once, and temp what its marker says."""
    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)
    count = f"SELECT COUNT(*) FROM {cluster.temp_table} WHERE run_date = '{DATE}'"
    assert cluster.query(count) == [(cluster.read_marker(DATE, "BuildTemp")["months"][0]["rows"],)]


@pytest.mark.parametrize(
    "line", engine_params(HIVE, SPARK_ANSI, HIVE_IMPYLA, long=[HIVE, HIVE_IMPYLA]), indirect=True
)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_line_that_breaks_at_each_write_is_healed(line: Line, fault: str) -> None:
    action, deliver = FAULTS[fault]
    stalls = fault == "stall"  # which costs the whole patience each time
    for step in Step:
        line.be_patient(STALLED_SECONDS if stalls else LONG_SECONDS)
        if stalls and step is not Step.BUILD:
            line.cluster.perform(DATE, step)
        else:
            fired = line.proxy.when_sent(b"INSERT OVERWRITE", action, deliver=deliver)
            line.cluster.perform(DATE, step)
            assert fired.is_set()
        assert line.cluster.marked(DATE)[-1] == step

    is_right(line.cluster)


@pytest.mark.long
@pytest.mark.parametrize("line", engine_params(HIVE, SPARK_ANSI), indirect=True)
@pytest.mark.parametrize("number", range(1, STATEMENTS + 1))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_line_that_breaks_at_any_statement(line: Line, fault: str, number: int) -> None:
    action, deliver = FAULTS[fault]
    line.be_patient(STALLED_SECONDS if fault == "stall" else LONG_SECONDS)
    line.proxy.at_statement(number, action, deliver=deliver)

    failures = run_until_done(line.cluster)

    assert len(failures) <= 1
    assert not any(DUMP.search(str(error)) for error in failures), failures
    is_right(line.cluster)


@pytest.mark.parametrize("line", engine_params(SPARK_ANSI), indirect=True)
def test_a_server_that_stays_away_fails_the_run_cleanly(line: Line) -> None:
    line.cluster.perform(DATE, Step.TRUNCATE)
    line.proxy.refusing = True

    with pytest.raises(CissError) as caught:
        line.cluster.perform(DATE, Step.BUILD)

    assert "closes the line" in str(caught.value)
    assert not DUMP.search(str(caught.value))
    assert line.cluster.marked(DATE) == ["TruncateTemp"]
