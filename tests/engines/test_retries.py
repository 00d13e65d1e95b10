"""What becomes of each error that an Impala can answer (the texts are Impala's own, told by the front)."""

from __future__ import annotations

import re

import pytest

from ciss_luigi.engines.hiveserver2.session import HiveServer2Session
from ciss_luigi.errors import OutcomeUnknown, StatementFailed
from ciss_luigi.site import Site
from tests.engines.cluster import IMPALA, Cluster
from tests.engines.sites import MakeCluster
from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

TRIES = 3  # retries = 2
NOTHING_RAN = (
    "Rejected query from pool root.ciss: queue full, limit=10, num_queued=10.",
    "Admission for query exceeded timeout 60000ms in pool root.ciss. Queued reason: queue is not empty.",
    "Failed due to unreachable impalad(s): worker1:22000",
    "Cancelled due to unreachable impalad(s): worker1:22000",
    "Exec() rpc failed: Network error",
    "RPC recv timed out: dest address: worker1:22000",
    "RPC client failed to connect: worker1:22000",
    "InconsistentMetadataFetchException: Catalog service ID changed to 1:2",
    "Fetching TABLE:mnaas.t failed: the catalogd answered nothing",
    "Couldn't open transport for worker1:22000 (connect() failed: Connection refused)",
    "Cannot schedule query: no registered backends available.",
    "Waiting for executors to start. Only DDL queries are currently allowed.",
    "Server is being shut down: draining.",
    "Query ID 1:2 expired due to client inactivity (timeout is 10m)",
    "CatalogException: Table 'mnaas.t' was modified while operation was in progress, aborting execution.",
    "Error refreshing metadata for table mnaas.t due to lock contention",
    "InternalException: Error altering table mnaas.t due to lock contention.",
    "InconsistentMetadataFetchException: Catalog object TABLE:mnaas.t changed version between accesses.",
    "Request for Catalog service is rejected since catalogd node1 is in standby mode",
    "ImpalaRuntimeException: Error making 'getTable' RPC to Hive Metastore: \n"
    "CAUSED BY: TTransportException: java.net.SocketTimeoutException: Read timed out",
)
NEVER = (
    "Rejected query from pool root.ciss: disabled by requests limit set to 0",
    "Rejected query from pool root.ciss: request memory needed 2.00 GB is greater than pool max",
    "Rejected query from pool root.ciss: minimum memory reservation is greater than memory available",
    "Invalid pool config: root.ciss",
    "Cancelled",
    "Cancelled from Impala's debug web interface by user: 'admin' at worker1",
    "Query 1:2 expired due to execution time limit of 10m",
    "AuthorizationException: User 'ann' does not have privileges to execute 'INSERT' on: mnaas.t",
    "ParseException: Syntax error in line 1:",
    "AnalysisException: Could not resolve column/field reference: 'x'",
    "UDF ERROR: Decimal expression overflowed",
    "Sum computation overflowed",
    "String to Decimal parse failed",
    "Scratch space limit of 10.00 GB exceeded",
    "Could not create files in any configured scratch directories",
)
UNKNOWN = (
    "Invalid session id: 1a:2b",
    "Session expired due to inactivity",
    "Session closed because it has no active connections",
    "Invalid or unknown query handle: 1a:2b",
    "Invalid query handle: 1a:2b",
    "ImpalaRuntimeException: Error making 'add_partitions' RPC to Hive Metastore: \n"
    "CAUSED BY: MetaException: Unable to update transaction database",
)
STALE = {
    "AnalysisException: Database does not exist: mnaas": "INVALIDATE METADATA {t}",
    "AnalysisException: Table does not exist: {t}": "INVALIDATE METADATA {t}",
    "AnalysisException: Could not resolve path: '{t}'": "INVALIDATE METADATA {t}",
    "AnalysisException: Could not resolve table reference: '{t}'": "INVALIDATE METADATA {t}",
    "Metadata for file 'hdfs://a/b' appears stale. Try running \"refresh {t}\"": "REFRESH {t}",
    "Disk I/O error on worker1: Failed to open HDFS file hdfs://a/b\nError(2): No such file": "REFRESH {t}",
    "File 'hdfs://a/b' has an invalid Parquet version number: PAR0": "REFRESH {t}",
    "TableLoadingException: Failed to load metadata for table: {t}": "REFRESH {t}",
}


@pytest.fixture(scope="module")
def place(make_cluster: MakeCluster) -> Cluster:
    """A site on the front."""
    cluster = make_cluster(IMPALA)
    cluster.configure(retries=TRIES - 1, retry_wait_seconds=0.01, orphan_wait_minutes=0.01)
    cluster.ciss("init").expect(0)
    return cluster


@pytest.fixture(scope="module")
def site(place: Cluster) -> Site:
    return place.site()


def ask(site: Site, table: str) -> object:
    """One statement through the site's own engine."""
    with site.engine().session() as session:
        return session.query(f"/* asked */ select count(*) from {table}")


@pytest.mark.parametrize("text", NOTHING_RAN)
def test_what_did_not_run_is_sent_again(site: Site, impala: ImpalaFront, text: str) -> None:
    impala.fail_next("asked", text)
    assert ask(site, site.settings.main) == [(0,)]
    assert len(impala.texts("select")) == 2


def test_it_is_sent_no_more_often_than_the_site_wants(site: Site, impala: ImpalaFront) -> None:
    impala.fail_next("asked", NOTHING_RAN[0], times=100)
    with pytest.raises(StatementFailed, match=re.escape(NOTHING_RAN[0])):
        ask(site, site.settings.main)
    assert len(impala.texts("select")) == TRIES


def test_memory_that_is_short_is_waited_for_once(site: Site, impala: ImpalaFront) -> None:
    short = "Memory limit exceeded: Could not allocate memory on the process."
    impala.fail_next("asked", short)
    assert ask(site, site.settings.main) == [(0,)]
    impala.fail_next("asked", short, times=2)
    with pytest.raises(StatementFailed, match="Memory limit exceeded"):
        ask(site, site.settings.main)


@pytest.mark.parametrize("text", NEVER)
def test_what_will_fail_again_is_sent_once_and_told_in_impalas_words(
    site: Site, impala: ImpalaFront, text: str
) -> None:
    impala.fail_next("asked", text)
    with pytest.raises(StatementFailed) as caught:
        ask(site, site.settings.main)
    assert caught.value.what == f"Impala: {text}"
    assert len(impala.texts("select")) == 1


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_lost_session_is_left_and_the_statement_sent_in_a_new_one(
    site: Site, impala: ImpalaFront, text: str
) -> None:
    impala.fail_next("asked", text)
    assert ask(site, site.settings.main) == [(0,)]
    assert len(impala.texts("select")) == 2
    assert impala.texts().count("SET DECIMAL_V2=1") == 2


def test_an_outcome_that_stays_unknown_is_said_to_be_unknown(site: Site, impala: ImpalaFront) -> None:
    impala.fail_next("asked", UNKNOWN[0], times=100)
    with pytest.raises(OutcomeUnknown):
        ask(site, site.settings.main)


@pytest.mark.parametrize("text", STALE)
def test_an_old_picture_is_renewed_once(site: Site, place: Cluster, impala: ImpalaFront, text: str) -> None:
    table = site.settings.main
    impala.fail_next("asked", text.format(t=table))
    assert ask(site, table) == [(0,)]
    renewed = impala.texts("refresh", "invalidate metadata")
    assert renewed == ["/* asked */ " + STALE[text].format(t=place.quoted(table))]

    impala.fail_next("asked", text.format(t=table), times=2)
    with pytest.raises(StatementFailed):
        ask(site, table)


def test_an_old_picture_is_renewed_even_where_nothing_is_tried_again(
    place: Cluster, impala: ImpalaFront
) -> None:
    place.configure(retries=0)
    site = place.site()
    impala.fail_next("asked", f"AnalysisException: Table does not exist: {site.settings.main}")
    assert ask(site, site.settings.main) == [(0,)]


def test_a_write_that_was_carried_out_is_not_called_failed(site: Site, impala: ImpalaFront) -> None:
    done = (
        "Couldn't retrieve the catalog topic update for the SYNC_DDL operation after 5 attempts. "
        "The operation has been successfully executed but its effects may have not been broadcast."
    )
    impala.fail_next("asked", done, after_execution=True)
    with site.engine().session() as session:
        session.execute(
            f"/* asked */ ALTER TABLE {site.settings.main} ADD IF NOT EXISTS PARTITION (month_year='1')"
        )
    assert len(impala.texts("alter table", "alter")) == 1


def test_a_coordinator_that_restarts_in_a_session_is_found_again(site: Site, impala: ImpalaFront) -> None:
    with site.engine().session() as session:
        assert isinstance(session, HiveServer2Session)
        impala.restart()
        assert session.query("SELECT 1") == [(1,)]
