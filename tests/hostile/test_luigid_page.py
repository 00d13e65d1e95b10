"""What luigid is told, and what its page makes of it in a real browser (Debian package chromium)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import Luigid, Place, Running, name_of, wait_until
from tests.hostile import browser
from tests.hostile.words import FORGED, NASTY, SCRIPT, silent, tame

pytestmark = pytest.mark.slow

DATE = "2016-11-10"
SECRET = "s3cr@t/%&pass"
TELLING = f"""
import time
from ciss_luigi.steps import runner
from ciss_luigi.errors import StepFailed
from ciss_luigi.state.markers import Step

def fail(job):
    job.tell({NASTY!r})
    time.sleep(job.settings.retry_wait_seconds)
    raise StepFailed({NASTY!r})
runner.steps.ACTIONS[Step.BUILD] = fail
"""


@pytest.fixture
def telling(place: Place, daemon: Luigid) -> Iterator[Running]:
    """A run under a luigid whose step says something hostile and goes on for a while."""
    place.configure(retry_wait_seconds=600)
    running = place.merging(DATE, *daemon.options, prelude=TELLING)
    wait_until(lambda: "script" in (message(daemon) or ""))
    yield running
    running.end()


def message(daemon: Luigid) -> Any:
    """What luigid holds as the step's status message."""
    return daemon.call("get_task_status_message", task_id=build_of(daemon))["statusMessage"]


def build_of(daemon: Luigid) -> str:
    """BuildTemp's id."""
    tasks: dict[str, Any] = daemon.call("task_list", status="", upstream_status="")
    return next((name for name in tasks if name.startswith("BuildTemp")), "")


def test_luigid_gets_plain_text_only(telling: Running, daemon: Luigid) -> None:
    text = tame(message(daemon))
    assert not set("<>&\"'") & set(text)
    assert "(script)window.ran = true(/script)" in text


def test_a_failure_reaches_luigid_as_plain_text(place: Place, daemon: Luigid) -> None:
    place.query(f"CREATE TABLE nasty AS SELECT '{NASTY.replace(chr(39), chr(39) * 2)}' AS currency")
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = (SELECT currency FROM nasty)")
    tame(place.merge(DATE, *daemon.options).explained(30, " rate for ").text)
    error = daemon.call("fetch_error", task_id=build_of(daemon))["error"]
    assert " rate for " in error
    assert not set("<>&'") & set(error)
    assert "\x1b" not in error


def test_no_script_in_a_status_message_runs_on_the_page(
    telling: Running, daemon: Luigid, tmp_path: Path
) -> None:
    browser.require()
    with browser.page(tmp_path / "browser", browser.visualiser(daemon.port)) as page:
        page.wait_for("window.$ && $('.statusMessage').length")
        page.ask("$('.statusMessage').first().click()")
        page.wait_for("$('#statusMessageModal pre').text().includes('(script)')")
        refreshed(page)
        assert FORGED in page.ask("$('#statusMessageModal pre').text()")
        assert page.ask("window.ran") is None
        daemon.call("set_task_status_message", task_id=build_of(daemon), status_message=SCRIPT)
        page.wait_for("window.ran")  # so that page would have run it, and this browser can tell


def test_no_script_in_a_failure_runs_on_the_page(place: Place, daemon: Luigid, tmp_path: Path) -> None:
    browser.require()
    place.configure(retry_wait_seconds=0.01)
    tame(place.merge(DATE, *daemon.options, prelude=TELLING).explained(30).text)
    with browser.page(tmp_path / "browser", browser.visualiser(daemon.port)) as page:
        page.wait_for("window.$ && $('.showError').length")
        page.ask("$('.showError').first().click()")
        page.wait_for("$('#errorModal pre').first().text().includes('(script)')")
        assert page.ask("window.ran") is None


REPEATING = f"""
from ciss_luigi.steps import runner
from ciss_luigi.errors import StatementFailed
from ciss_luigi.state.markers import Step

def fail(job):
    job.tell("the server said {SECRET}")
    raise StatementFailed("no such pool {SECRET}")
runner.steps.ACTIONS[Step.BUILD] = fail
"""


def test_no_secret_reaches_luigid(place: Place, daemon: Luigid) -> None:
    place.configure(session_settings='{"application_name": "${PASSWORD}"}')
    place.merge(DATE, *daemon.options, prelude=REPEATING, PASSWORD=SECRET).explained(30, "no such pool ***")

    tasks = daemon.call("task_list", status="", upstream_status="")
    errors = [daemon.call("fetch_error", task_id=name) for name in tasks]
    messages = [daemon.call("get_task_status_message", task_id=name) for name in tasks]

    assert "no such pool ***" in str(errors)
    silent(SECRET, str(tasks), str(errors), str(messages), str(daemon.call("worker_list")))


def refreshed(page: browser.Page) -> None:
    """Wait until the page has put the message in place again, as raw HTML."""
    page.ask("$('#statusMessageModal pre').html('stale')")
    page.wait_for("$('#statusMessageModal pre').text() != 'stale'")


def sentence_of(place: Place) -> str:
    """What main holds, in a manager's words."""
    main = "FROM mnaas.customer_invoice_summary_estimated WHERE month_year = '2016-11'"
    ((rows, dollars),) = place.query(f"SELECT COUNT(*), SUM(total_charge_usd) {main}")
    ((unmapped,),) = place.query(
        f"SELECT COUNT(DISTINCT org_id) {main} AND contract_offer_group = 'UNMAPPED'"
    )
    assert unmapped > 1
    return f"2016-11: {rows:,} rows, {dollars:,.2f} USD, {unmapped} customers unmapped"


UNDER_WAY = """
import os, time
from ciss_luigi.engines.base import Progress
from ciss_luigi.errors import StepFailed
from ciss_luigi.scheduling.messages import ProgressTeller
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import runner

headline = ProgressTeller.headline
def with_progress(self, sentence):
    headline(self, sentence)
    self.watch(Progress(0.4, url="http://127.0.0.1:9/query/7"))
ProgressTeller.headline = with_progress

def slow(job):
    while not os.path.exists("go"):
        time.sleep(0.05)
    raise StepFailed("the server went away")
runner.steps.ACTIONS[Step.BUILD] = slow
"""


def test_the_page_says_what_a_manager_understands_while_a_run_is_under_way_and_after(
    place: Place, daemon: Luigid, tmp_path: Path
) -> None:
    """The engine's part of it, how far it is and where its query's page is, is put in its mouth here."""
    browser.require()
    running = place.merging(DATE, *daemon.options, prelude=UNDER_WAY)
    try:
        wait_until(lambda: "adding up" in (message(daemon) or ""))
        with browser.page(tmp_path / "browser", browser.visualiser(daemon.port)) as page:
            assert browser.message_of(page, "BuildTemp") == f"{DATE}: adding up the charges"
            page.wait_for("$('#statusMessageModal .progress-bar').text().includes('40')")
            assert page.ask("$('a[href=\"http://127.0.0.1:9/query/7\"]').length") >= 1
        (place.folder / "go").touch()
        running.finish().explained(30, "the server went away")
    finally:
        running.end()
    assert message(daemon) == f"{DATE}: adding up the charges", "what it was at when it failed"
    place.merge(DATE, *daemon.options).explained(0)
    with browser.page(tmp_path / "again", browser.visualiser(daemon.port)) as page:
        assert browser.message_of(page, "MergeMain") == sentence_of(place)
    before_it_was_published = sentence_of(place).rpartition(", ")[0]
    assert message(daemon) == before_it_was_published, "who is unmapped is counted by MergeMain"
