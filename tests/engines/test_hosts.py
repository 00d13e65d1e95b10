"""Two state folders on one server: with leases one takes over from the other, without them main tells.

What still runs is asked of the server itself; what a client sent stands in the front's record.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator

import pytest

from ciss_luigi import commands
from tests.command import PATIENCE, STOPPED_BEFORE_MAIN, Running, wait_until
from tests.engines.cluster import HIVE, IMPALA, Cluster, Where, expected
from tests.engines.sites import MakeCluster
from tests.engines.slow import slow_merge, slow_sql
from tests.hosts.postgres import Postgres, postgres, short_term
from tests.sample import SAMPLE
from tests.servers.hiveserver import HiveServer
from tests.servers.impalafront import ImpalaFront

pytestmark = [pytest.mark.server, pytest.mark.slow]

OLDER, DATE, MONTH = "2016-11-20", "2016-11-22", "2016-11"
TERM_SECONDS = 15.0
A_MINUTE = 2_000
"""Milliseconds for each row of a month that is written."""
ENDING = "ending what a killed run may still write"


@pytest.fixture
def database() -> Iterator[Postgres]:
    """Where the leases are."""
    with postgres() as server:
        yield server


def two_folders(make_cluster: MakeCluster, where: Where, **keys: str) -> tuple[Cluster, Cluster]:
    """Two sites with state of their own on the same server and tables."""
    first, second = make_cluster(where), make_cluster(where)
    first.configure(**keys)
    second.configure(main_table=first.main_name, temp_table=first.temp_name, **keys)
    return first, second


def wait_for(running: Running, happened: Callable[[], object]) -> None:
    """Wait for what a command does, or show how it ended before that."""
    wait_until(lambda: happened() or running.process.poll() is not None)
    assert happened(), running.text


def kill_in(running: Running, hive: HiveServer, step: str, table: str) -> None:
    """Kill a command as a power cut does, while the server runs its INSERT into a table."""
    wait_for(running, lambda: hive.running(step, "INSERT", table))
    running.send(signal.SIGKILL)
    assert running.finish().code == -signal.SIGKILL


def at_the_next_insert(running: Running, hive: HiveServer, orphan: str, table: str) -> set[str]:
    """The INSERTs into a table that the server runs, once there is one beside a killed client's."""
    seen: list[set[str]] = []

    def begun() -> bool:
        seen.append(hive.running("INSERT", table))
        return bool(seen[-1] - {orphan}) or running.process.poll() is not None

    wait_until(begun)
    assert seen[-1] - {orphan}, running.text
    return seen[-1]


def on_record(cluster: Cluster) -> list[str]:
    """What a folder says is being written."""
    return [json.loads(file.read_text())["target"] for file in (cluster.state / "writes").glob("*.json")]


def run_ids(cluster: Cluster) -> set[str]:
    """Whose rows main holds."""
    return {str(run_id) for (run_id,) in cluster.query(f"SELECT DISTINCT run_id FROM {cluster.main_table}")}


def merged_by(cluster: Cluster, date: str) -> str:
    """The run that a folder says has merged a date."""
    return str(cluster.read_marker(date, "MergeMain")["run_id"])


# --- killed while the server writes -------------------------------------------------------------------


def test_a_host_ends_what_a_killed_one_still_writes_before_it_writes_itself(
    make_cluster: MakeCluster, hive: HiveServer, database: Postgres
) -> None:
    first, second = two_folders(make_cluster, IMPALA, lease_url=database.url)
    slow = slow_sql(first.folder / "sql", "hive", A_MINUTE)
    first.configure(lease_url=database.url, sql_dir=slow)
    killed = first.merging(DATE, prelude=short_term(TERM_SECONDS))
    kill_in(killed, hive, "BuildTemp", first.temp_name)
    assert database.query("SELECT 1 FROM ciss_lease WHERE writing <> '{}'")

    second.merge(DATE).explained(10, f"{DATE} is being run by pid {killed.pid} on ")

    wait_until(lambda: database.query("SELECT 1 FROM ciss_lease WHERE expires_at < clock_timestamp()"))
    (orphan,) = hive.running("INSERT", first.temp_name)
    healing = second.merging(DATE)
    assert orphan not in at_the_next_insert(healing, hive, orphan, first.temp_name)
    healing.finish().explained(0, ENDING)
    assert first.rows(MONTH) == expected(SAMPLE, DATE)
    assert run_ids(first) == {merged_by(second, DATE)}
    assert database.query("SELECT DISTINCT writing FROM ciss_lease") == [({},)]


def test_a_killed_merge_has_ended_before_the_next_run_looks_at_main(
    make_cluster: MakeCluster, impala: ImpalaFront, hive: HiveServer
) -> None:
    cluster = make_cluster(IMPALA)
    target = f"{cluster.main_table} {MONTH}"
    killed = cluster.merging(DATE, prelude=slow_merge(A_MINUTE))
    kill_in(killed, hive, "MergeMain", cluster.main_name)
    (orphan,) = hive.running("INSERT", cluster.main_name)
    assert target in on_record(cluster)
    assert cluster.main_name in impala.texts("insert")[-1]
    impala.clear()

    healing = cluster.merging(DATE)

    wait_for(healing, lambda: any("newest_as_of_date" in text for text in impala.texts("select")))
    assert orphan not in hive.running()
    wait_for(healing, lambda: impala.texts("insert"))
    assert orphan not in hive.running()
    healing.finish().explained(0, f"{ENDING} to {target}")
    assert cluster.rows(MONTH) == expected(SAMPLE, DATE)
    assert run_ids(cluster) == {merged_by(cluster, DATE)}
    assert on_record(cluster) == []


# --- two state folders by mistake, without leases -----------------------------------------------------


@pytest.fixture
def folders(make_cluster: MakeCluster) -> dict[str, Cluster]:
    """A state folder for each date, without leases."""
    return dict(zip((OLDER, DATE), two_folders(make_cluster, HIVE), strict=True))


@pytest.mark.long
def test_of_two_folders_one_after_the_other_the_newer_date_stands(folders: dict[str, Cluster]) -> None:
    older, newer = folders.values()
    older.merge(OLDER).explained(0)
    newer.merge(DATE).explained(0)
    newest = merged_by(newer, DATE)

    newer.ciss("verify", "--date", DATE).expect(
        0, f"{MONTH}: OK: main's totals match the run's record, and so does every row"
    )
    replaced = f"{MONTH}: OK: main has a newer run, for {DATE} (run_id {newest}); not compared"
    older.ciss("verify", "--date", OLDER).expect(0, replaced)

    older.ciss("reset", "--date", OLDER, "--from-step", "merge").expect(0)
    older.merge(OLDER).explained(0, f"{MONTH} is not published: main has a newer estimate of it than {OLDER}")

    newer.ciss("verify", "--date", DATE).expect(0)
    assert older.rows(MONTH) == expected(SAMPLE, DATE)
    assert run_ids(older) == {newest}


@pytest.mark.long
def test_of_two_folders_at_once_verify_says_whose_rows_main_holds(folders: dict[str, Cluster]) -> None:
    running = [cluster.merging(date) for date, cluster in folders.items()]

    assert {one.finish(2 * PATIENCE).code for one in running} <= {0, 30}

    newer, tables = folders[DATE], folders[OLDER]
    stands = newer.marker(DATE, "MergeMain").exists() and run_ids(tables) == {merged_by(newer, DATE)}
    newer.ciss("verify", "--date", DATE).expect(0 if stands else 1)
    if not stands:
        newer.ciss("reset", "--date", DATE).expect(0)
        newer.merge(DATE).explained(0)
    assert tables.rows(MONTH) == expected(SAMPLE, DATE)
    assert run_ids(tables) == {merged_by(newer, DATE)}


@pytest.mark.long
def test_an_older_date_that_writes_late_is_found_by_verify_and_repaired_by_a_reset(
    folders: dict[str, Cluster],
) -> None:
    """It is stopped between its look at main and its write, and wakes up when the newer date has finished."""
    older, newer = folders[OLDER], folders[DATE]
    late = older.merging(OLDER, prelude=STOPPED_BEFORE_MAIN)
    late.wait_for_stop()
    newer.merge(DATE).explained(0)
    newer.ciss("verify", "--date", DATE).expect(0)

    late.send(signal.SIGCONT)

    late.finish().explained(0, f"merged {MONTH}")
    newer.ciss("verify", "--date", DATE).explained(
        1,
        f"the rows in main are of another run, for {OLDER} (run_id {merged_by(older, OLDER)})",
        f"Next:  {commands.publish_again(DATE)}",
    )
    newer.merge(DATE).explained(0)
    assert run_ids(older) == {merged_by(older, OLDER)}, "a run repaired what its marker says is done"
    newer.ciss("reset", "--date", DATE).expect(0)
    newer.merge(DATE).explained(0, f"merged {MONTH}")
    newer.ciss("verify", "--date", DATE).expect(0)
    assert older.rows(MONTH) == expected(SAMPLE, DATE)
    assert run_ids(older) == {merged_by(newer, DATE)}
