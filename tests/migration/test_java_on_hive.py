"""``loader = java`` on the real HiveServer2: the old classes over JDBC, killed amid their statements."""

from __future__ import annotations

import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi import site
from tests.command import Finished, Running, wait_until
from tests.engines.cluster import HIVE, Cluster
from tests.engines.sites import MakeCluster
from tests.engines.slow import slowly
from tests.helpers import typed
from tests.migration.javasite import classes, jdbc, section
from tests.servers.hiveserver import HiveServer

__all__ = ["classes"]

DATE = "2016-11-05"
MONTHS = ("2016-10", "2016-11")
COLUMNS = "org_id STRING, currency STRING, amount DECIMAL(18,4)"
_LONG = 600.0
PASSWORD = "t0p-s3cret-in-the-properties"

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("no_proxy")]


class JavaCluster(Cluster):
    """A site with the old job's tables, which have columns of their own."""

    classes: Path
    properties: dict[str, str]

    def prepare(self, classes: Path, server: HiveServer) -> None:
        """Make the tables, the properties and the configuration."""
        self.classes = classes
        self.query(
            f"CREATE TABLE {self.temp_table} ({COLUMNS}, month STRING)",
            f"CREATE TABLE {self.main_table} ({COLUMNS}) PARTITIONED BY (bill_month STRING)",
        )
        properties = {
            "url": f"jdbc:hive2://{server.host}:{server.port}/default", "HIVE_PASSWORD": PASSWORD,
            "temp": self.temp_table, "main": self.main_table, "source": self.source("billable"),
            "month": MONTHS[1], "before": MONTHS[0],
        }  # fmt: skip
        self.properties = properties
        self.write_properties()
        self.misbehave("")

    def write_properties(self, **more: str) -> None:
        """Write what the classes read."""
        lines = [f"{key}={value}" for key, value in {**self.properties, **more}.items()]
        (self.folder / "old.properties").write_text("\n".join(lines) + "\n")

    def misbehave(self, how: str, **ciss: object) -> None:
        """Configure, with a way for the classes to go wrong, and more of ``[ciss]``."""
        options = f"-Dmisbehave={how} -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        java = section(f"{self.classes}:{jdbc()}", options=options)
        self.configure(java, loader="java", month_partition="bill_month", **ciss)

    def merge(self, date: str, *options: str, **how: Any) -> Finished:
        """A run to its end; two JVMs start in it, and a loaded machine takes its time."""
        return self.merging(date, *options, **how).finish(_LONG)

    def held(self) -> list[tuple[str, int, Decimal]]:
        """Rows and amount of each month of main."""
        sums = f"SELECT bill_month, COUNT(*), SUM(amount) FROM {self.main_table} GROUP BY bill_month"
        return sorted(self.query(sums))

    def expected(self) -> list[tuple[str, int, Decimal]]:
        """The same of the sources."""
        listed = ", ".join(f"'{month}'" for month in MONTHS)
        sums = f"SELECT partition_date, COUNT(*), SUM(charge) FROM {self.source('billable')}"
        return sorted(self.query(f"{sums} WHERE partition_date IN ({listed}) GROUP BY partition_date"))


@pytest.fixture
def old(make_cluster: MakeCluster, classes: Path, hive: HiveServer) -> JavaCluster:
    """The old site."""
    made = make_cluster(HIVE)
    made.__class__ = JavaCluster
    assert isinstance(made, JavaCluster)
    made.prepare(classes, hive)
    return made


def killed_at(old: JavaCluster, place: str, text: str) -> None:
    """A run whose command is killed, with all of its own processes, while the class sits at a place."""
    old.misbehave(f"{place}:hang")
    running: Running = old.merging(DATE)
    wait_until(lambda: "hangs" in running.text or running.process.poll() is not None, _LONG)
    running.wait_for(text, "hangs")
    running.send_group(signal.SIGKILL)
    running.finish(_LONG)
    wait_until(lambda: not running.others())
    old.misbehave("")


def test_the_old_classes_build_and_merge_and_heal_after_kills(old: JavaCluster) -> None:
    killed_at(old, "after-INSERT", "made.temp: sends INSERT now")
    assert old.query(f"SELECT COUNT(*) FROM {old.temp_table}")[0][0] > 0, "temp was to hold half a run's rows"
    done = old.merge(DATE).explained(0, "ending what a killed run left behind: made.temp")
    assert PASSWORD not in done.text
    assert "made.temp: connecting with password=***" in done.text
    assert old.held() == old.expected()
    marker = old.read_marker(DATE, "MergeMain")
    assert marker["loader"] == "java"
    assert len(marker["checks"]) == 2
    assert [(month["month"], month["rows"]) for month in marker["months"]] == [
        (month, rows) for month, rows, _ in old.expected()
    ]

    old.marker(DATE, "MergeMain").unlink()
    killed_at(old, "after-ALTER", "made.merge: sends ALTER now")
    assert old.held() != old.expected(), "a month of main was to be dropped"
    old.merge(DATE).explained(0, "ending what a killed run left behind: made.merge")
    assert old.held() == old.expected()


FAULTS = {
    "after-INSERT:trace": "made.temp ended with exit code 0, and said",
    "after-INSERT:deaf": "made.temp ran longer than 0.7 minutes",
    "after-ALTER:trace": "made.merge ended with exit code 0, and said",
    "after-ALTER:code": "made.merge ended with exit code 7",
    "after-ALTER:deaf": "made.merge ran longer than 0.7 minutes",
}
IMPATIENT = "from ciss_luigi.steps import javaprocess\njavaprocess.PATIENCE_SECONDS = 1.0\n"


def test_rows_are_neither_lost_nor_doubled_by_a_class_that_goes_wrong_amid_its_work(old: JavaCluster) -> None:
    """One fault after the other on one site: temp is filled or main's month dropped when each happens."""
    for how, words in FAULTS.items():
        old.misbehave(how, **({"statement_deadline_minutes": 0.7} if how.endswith("deaf") else {}))
        failed = old.merge(DATE, prelude=IMPATIENT).explained(30, words)
        assert PASSWORD not in failed.text
        assert not old.marker(DATE, "MergeMain").exists()
        record = site.load({}, old.folder).java_runs.left_behind()
        assert record is None or record.processes() == []
    old.misbehave("after-INSERT:child")
    old.merge(DATE).explained(0)
    typed(old.folder, "reset", "--date", DATE).expect(0)
    done = old.merge(DATE).explained(0, "made.temp ended, but left process ", "which has been ended, too")
    assert PASSWORD not in done.text
    assert old.held() == old.expected()
    temp = sum(rows for _, rows, _ in old.expected())
    assert old.query(f"SELECT COUNT(*) FROM {old.temp_table}") == [(temp,)]


@pytest.mark.parametrize("jvm_too", [False, True])
def test_a_kill_while_the_server_is_at_work_for_the_class(
    old: JavaCluster, hive: HiveServer, *, jvm_too: bool
) -> None:
    def at_work() -> set[str]:
        return hive.running("INSERT INTO", old.temp_table)

    old.write_properties(also=slowly("hive", 400))
    running = old.merging(DATE)
    wait_until(
        lambda: hive.running("INSERT INTO", old.temp_table) or running.process.poll() is not None, _LONG
    )
    running.send_group(signal.SIGKILL)
    running.finish(_LONG)
    left = site.load({}, old.folder).java_runs.left_behind()
    assert left is not None
    assert at_work(), "the server was to be at work when the command died"
    if jvm_too:
        assert left.end(signal.SIGKILL)
    old.write_properties()

    old.merge(DATE).explained(0, "ending what a killed run left behind: made.temp")

    assert at_work() == set()
    assert old.held() == old.expected()
    temp = sum(rows for _, rows, _ in old.expected())
    assert old.query(f"SELECT COUNT(*) FROM {old.temp_table}") == [(temp,)]
