"""What people see of a statement that runs for a while: on the terminal, and on luigid's page."""

from __future__ import annotations

import html
import signal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from ciss_luigi.engines.base import Progress
from ciss_luigi.engines.hive import querypage
from ciss_luigi.engines.hiveserver2.journal import progress
from ciss_luigi.scheduling.messages import ProgressTeller
from ciss_luigi.sql.files import built_in
from tests.command import Luigid, Place, wait_until
from tests.engines.cluster import HIVE, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.engines.slow import slow_sql
from tests.hostile import browser

DATE = "2016-11-22"
HIVES = "INFO : Compiling command(queryId=hive_20261124_ab-12): /* ciss_luigi BuildTemp */ INSERT"


@pytest.mark.parametrize(
    ("lines", "fraction", "told"),
    [
        ([HIVES], None, Progress(None, "hive_20261124_ab-12", HIVES)),
        (["Query ID = ann_1_2", "Map 1: 0/1"], 0.5, Progress(0.5, "ann_1_2", "Map 1: 0/1")),
        (
            ["Query 5c4a1b:99d 45% Complete (9 out of 20)"],
            None,
            Progress(0.45, "5c4a1b:99d", "Query 5c4a1b:99d 45% Complete (9 out of 20)"),
        ),
        (
            ["Starting Job = job_1, Tracking URL = http://rm:8088/proxy/job_1/"],
            None,
            Progress(
                None, "", "Starting Job = job_1, Tracking URL = http://rm:8088/proxy/job_1/",
                "http://rm:8088/proxy/job_1/",
            ),
        ),
        ([], 0.25, Progress(0.25)),
    ],
)  # fmt: skip
def test_log_lines_are_read(lines: list[str], fraction: float | None, told: Progress) -> None:
    assert progress(lines, fraction) == told


def test_the_servers_page_stands_in_where_the_log_names_none() -> None:
    page = "http://hive:10002/query_page.html?operationId=1"
    assert progress(["Map 1: 0/1"], 0.5, page).url == page
    assert (
        progress(["Tracking URL = http://rm:8088/proxy/job_1/"], 0.5, page).url
        == "http://rm:8088/proxy/job_1/"
    )


@pytest.mark.parametrize(
    ("host", "settings", "page"),
    [
        ("hive1", {"port": "10002", "host": "0.0.0.0"}, "http://hive1:10002/query_page.html?operationId="),
        ("hive1", {"port": "10002", "use.ssl": "true"}, "https://hive1:10002/query_page.html?operationId="),
        ("fd00::7", {"port": "10002"}, "http://[fd00::7]:10002/query_page.html?operationId="),
        ("127.0.0.1", {"port": "7", "host": "localhost"}, "http://127.0.0.1:7/query_page.html?operationId="),
        ("hive1", {"port": "10002", "host": "127.0.0.1"}, ""),
        ("hive1", {"port": "0"}, ""),
        ("hive1", {"port": "<undefined>"}, ""),
        ("hive1", {}, ""),
    ],
)
def test_the_servers_page_is_linked_where_it_can_be_reached(
    host: str, settings: dict[str, str], page: str
) -> None:
    assert (
        querypage.address(lambda name: settings.get(name.removeprefix("hive.server2.webui."), ""), host)
        == page
    )


def test_luigid_is_told_a_percentage_and_a_page() -> None:
    heard: list[object] = []  # in luigid's place: what Luigi hands to a task to tell it by
    tell = ProgressTeller(heard.append, percentage=heard.append, url=heard.append)

    tell.watch(Progress(0.5, "ann_1", "Map <1>: 0/1", "http://rm:8088/job_1"))

    wait_until(lambda: len(heard) == 3)
    assert set(heard) == {50, "http://rm:8088/job_1", "ann_1: Map (1): 0/1"}


TELLING = """
from pathlib import Path
import time
from ciss_luigi.steps import runner
from ciss_luigi.engines.base import Progress
original = runner._job
def telling(site, date, tell, queue, watch):
    watch(Progress(0.5, "ann_1", "Map 1: 1/2", "http://rm:8088/job_1?a=1&b=2"))
    while not Path("go on").exists():
        time.sleep(0.05)
    return original(site, date, tell, queue, watch)
runner._job = telling
"""
"""In an engine's place: on YARN a statement's log has the address of its page; no server here writes one."""


@pytest.mark.slow
def test_a_percentage_and_a_page_reach_luigid(place: Place, daemon: Luigid) -> None:
    running = place.merging("2016-11-10", *daemon.options, prelude=TELLING)

    def heard() -> list[tuple[int, str]]:
        tasks: dict[str, Any] = daemon.call("task_list", status="RUNNING", upstream_status="")
        answers = [daemon.call("get_task_progress_percentage", task_id=name) for name in tasks]
        pages = [str(task.get("tracking_url")) for task in tasks.values()]
        return list(zip([answer["progressPercentage"] for answer in answers], pages, strict=True))

    wait_until(lambda: heard() == [(50, "http://rm:8088/job_1?a=1&b=2")])
    (place.folder / "go on").touch()
    running.finish().explained(0, "ann_1: Map 1: 1/2")


LOOKING = """
from ciss_luigi.engines.duckdb import session
session._LOOK_SECONDS = 0.01
"""


@pytest.mark.long  # on a busy machine the statement may be over before its progress is asked for
@pytest.mark.slow
def test_duckdbs_own_progress_reaches_luigid(place: Place, daemon: Luigid) -> None:
    place.query("CREATE TABLE many AS SELECT i FROM range(4000000) r(i)")
    long = "(SELECT MAX(hash(one.i, two.i)) FROM many one, many two WHERE two.i < 1000) > 0"
    (place.folder / "sql").mkdir()
    (place.folder / "sql" / "build.sql").write_text(f"{built_in('build').rstrip()}\nWHERE {long}\n")
    place.configure(sql_dir="sql", session_settings='{"threads": 1}')
    running = place.merging("2016-11-10", *daemon.options, prelude=LOOKING)

    def percentages() -> list[int]:
        tasks = daemon.call("task_list", status="RUNNING", upstream_status="")
        answers = [daemon.call("get_task_progress_percentage", task_id=name) for name in tasks]
        return [answer["progressPercentage"] for answer in answers if answer["progressPercentage"]]

    wait_until(lambda: any(0 < one <= 100 for one in percentages()))
    running.process.send_signal(signal.SIGTERM)
    running.finish().explained(30, "stopped by SIGTERM")


@pytest.mark.parametrize("where", engine_params(HIVE))
def test_a_long_statement_is_told_to_the_terminal_and_to_luigid(
    make_cluster: MakeCluster, daemon: Luigid, where: Where
) -> None:
    cluster = make_cluster(where)
    cluster.configure(sql_dir=slow_sql(cluster.folder / "sql", "hive", 5))
    running = cluster.merging(DATE, *daemon.options)

    wait_until(lambda: "BuildTemp" in told(daemon))
    status = told(daemon)["BuildTemp"]
    running.wait_for("Query ID: [")
    running.finish().explained(0)

    sentence, words = status["statusMessage"].split("\n", 1)
    query = words.split(":")[0]
    assert sentence == f"{DATE}: adding up the charges"
    assert f"Query ID: [{query}]" in running.text


@pytest.mark.parametrize("where", engine_params(HIVE))
def test_luigids_page_is_true_during_a_run_on_hive_after_it_failed_and_after_the_next(
    make_cluster: MakeCluster, daemon: Luigid, where: Where, tmp_path: Path
) -> None:
    browser.require()
    cluster = make_cluster(where)
    cluster.configure(sql_dir=slow_sql(cluster.folder / "sql", "hive", 400))
    running = cluster.merging(DATE, *daemon.options)
    running.wait_for("Query ID: [")
    with browser.page(tmp_path / "during", browser.visualiser(daemon.port)) as page:
        during = browser.message_of(page, "BuildTemp")
        page.wait_for(f"0 < {BAR} && {BAR} < 100")  # Tez counts the tasks that have ended
        link = str(page.ask(LINK))
        with urlopen(link) as answer:
            shown = answer.read().decode()
        assert page.ask(ROW_OF.format("BuildTemp", "RUNNING"))
    running.send(signal.SIGTERM)
    running.finish().explained(30, "stopped by SIGTERM")
    with browser.page(tmp_path / "failed", browser.visualiser(daemon.port)) as page:
        page.wait_for(f"window.$ && {ROW_OF.format('BuildTemp', 'FAILED')}")
    cluster.configure()

    cluster.merge(DATE, *daemon.options).explained(0)

    with browser.page(tmp_path / "after", browser.visualiser(daemon.port)) as page:
        after = browser.message_of(page, "MergeMain")
        assert page.ask(ROW_OF.format("BuildTemp", "DONE"))
    sentence, words = during.split("\n", 1)
    assert sentence == f"{DATE}: adding up the charges"
    assert "Query ID: [" in words
    assert "INSERT OVERWRITE TABLE" in html.unescape(shown), "the server's own page shows the statement"
    ((rows, dollars),) = cluster.query(f"SELECT COUNT(*), SUM(total_charge_usd) FROM {cluster.main_table}")
    assert after.startswith(f"2016-11: {rows:,} rows, {dollars:,.2f} USD, ")


BAR = "Number($('#statusMessageModal .progress-bar').attr('aria-valuenow'))"
"""On luigid's page: the percentage beside the message that is open; the page asks for it again by itself."""

LINK = "$('#taskTable a[href*=query_page]').attr('href')"
"""On luigid's page: the address behind the eye beside a task."""

ROW_OF = "$('#taskTable tbody tr').filter((_, one) => /{1}[^]*{0}/.test(one.textContent)).length > 0"
"""On luigid's page: whether a task has a line that begins with this state."""


def told(daemon: Luigid) -> dict[str, dict[str, Any]]:
    """What luigid has heard of each task that said something beside its beginning."""
    tasks: dict[str, Any] = daemon.call("task_list", status="", upstream_status="")
    answers = {}
    for name in tasks:
        message = daemon.call("get_task_status_message", task_id=name)["statusMessage"]
        percentage = daemon.call("get_task_progress_percentage", task_id=name)["progressPercentage"]
        if message and "INFO" in message:
            answers[name.split("_")[0]] = {"statusMessage": message, "progressPercentage": percentage}
    return answers
