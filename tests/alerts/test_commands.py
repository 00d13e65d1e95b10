"""What the literal ``luigi`` command tells people when it ends: every way to fail, once, and its end."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.alerts.hooks import hooking
from tests.alerts.relay import Relay, relaying
from tests.alerts.servicedesk import KEY, failed, serving
from tests.alerts.test_notice import Desk
from tests.command import Place, free_port, wait_until
from tests.helpers import ciss

pytestmark = pytest.mark.slow

DATE = "2016-11-22"
ADDRESSES = "[ciss_alerts]\nmail_to = ops@example.com\n"


def tell(place: Place, relay: Relay, more: str = "", **ciss: object) -> None:
    """Have mail sent by a relay."""
    place.configure(f"{ADDRESSES}{more}\n{relay.smtp_section(no_tls=True)}", **ciss)


def office(place: Place) -> Desk:
    return Desk(place.state / "alerts")


def spoil(place: Place) -> None:
    """A currency without a rate: each date fails in BuildTemp."""
    place.query("UPDATE mnaas.usage_overage_charge SET currency = 'XXX'")


def mend(place: Place) -> None:
    place.query("UPDATE mnaas.usage_overage_charge SET currency = 'GBP'")


def test_a_failing_step_is_one_mail_and_its_end_another(place: Place, relay: Relay) -> None:
    tell(place, relay)
    spoil(place)
    place.merge(DATE).explained(30, "mail took a message")
    (post,) = relay.post
    assert post.subject == f"ciss: BuildTemp failed for {DATE} (exit code 30)"
    for words in (
        "XXX",
        "State: main was not touched",
        f"Next:  correct the source rows, then luigi --module ciss_luigi MergeMain --date {DATE} --local-sch",
        f"Host:      {socket.gethostname()}",
        "Engine:    duckdb",
        "The last lines of the log:",
        "INFO: ",
    ):
        assert words in post.text
    place.merge(DATE).explained(30)
    assert len(relay.post) == 1
    mend(place)
    place.merge(DATE).explained(0)
    assert [post.text.startswith("Over: ") for post in relay.post] == [False, True]
    assert relay.post[1].mail["In-Reply-To"] == post.mail["Message-ID"]
    place.merge(DATE).explained(0)
    assert len(relay.post) == 2


def test_a_backfill_of_dates_that_fail_alike_is_one_mail(place: Place, relay: Relay) -> None:
    tell(place, relay)
    spoil(place)
    place.range("2016-11-10", "2016-11-15", "--workers", "2").explained(30)
    (post,) = relay.post
    assert post.subject == "ciss: BuildTemp failed for 2016-11-10 to 2016-11-14 (5 dates) (exit code 30)"
    assert "Next:  luigi --module ciss_luigi RangeDaily --of MergeMain --start 2016-11-10" in post.text
    place.merge("2016-11-12").explained(30)
    assert len(relay.post) == 1, "one date of it is no other failure"
    mend(place)
    place.range("2016-11-10", "2016-11-14").explained(0)
    assert len(relay.post) == 1
    place.merge("2016-11-15").explained(0)
    assert "Over: " in relay.post[1].text, "a newer date has taken its month over"


def test_thirty_dates_that_fail_in_three_tries_each_are_one_mail(place: Place, relay: Relay) -> None:
    tell(place, relay)
    spoil(place)
    for _ in range(3):
        place.range("2016-11-06", "2016-12-06", "--workers", "2").explained(30)
    assert len(place.attempts("2016-12-05")) >= 3
    (post,) = relay.post
    assert "for 2016-11-06 to 2016-12-05 (30 dates)" in post.subject


def test_a_warehouse_that_went_is_not_over_for_a_date_that_was_done_before(
    place: Place, relay: Relay
) -> None:
    tell(place, relay)
    place.merge(DATE).explained(0)
    aside = place.warehouse.rename(place.folder / "aside.duckdb")
    place.merge(DATE).explained(35)
    assert [post.subject for post in relay.post] == [
        f"ciss: the sources could not be asked for {DATE} (exit code 35)"
    ]
    aside.rename(place.warehouse)
    place.merge(DATE).explained(0)
    assert [post.text.startswith("Over: ") for post in relay.post] == [False, True]


def test_sources_that_cannot_be_asked_are_told(place: Place, relay: Relay) -> None:
    tell(place, relay, warehouse_url="hive://nobody@127.0.0.1:1/mnaas", retries=0)
    place.merge(DATE).explained(35)
    (post,) = relay.post
    assert post.subject == f"ciss: the sources could not be asked for {DATE} (exit code 35)"
    assert "Step:" not in post.text


def test_a_faulty_configuration_is_told_by_what_of_it_is_sound(place: Place, relay: Relay) -> None:
    tell(place, relay, grace_days="many")
    place.merge(DATE).explained(40)
    (post,) = relay.post
    assert post.subject == f"ciss: the configuration is faulty for {DATE} (exit code 40)"
    assert "[ciss] grace_days: 'many' is not a whole number" in post.text
    tell(place, relay)
    place.merge("2020-01-01").explained(20)
    assert relay.post[1].text.startswith("Over: the configuration is faulty")


def test_a_faulty_configuration_names_the_dates_of_a_range(place: Place, relay: Relay) -> None:
    tell(place, relay, grace_days="many")
    place.range("2016-11-20", "2016-11-23").explained(40)
    (post,) = relay.post
    dates = "2016-11-20 to 2016-11-22 (3 dates)"
    assert post.subject == f"ciss: the configuration is faulty for {dates} (exit code 40)"


def test_a_luigid_that_is_away_is_told(place: Place, relay: Relay) -> None:
    tell(place, relay)
    place.merge(DATE, "--scheduler-port", str(free_port())).explained(40)
    (post,) = relay.post
    assert post.subject == f"ciss: luigid does not answer for {DATE} (exit code 40)"
    place.merge(DATE).explained(0)
    assert len(relay.post) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("MergeMain", "--date", "2016-11-31"), 40),
        (("MergeMain", "--date", "2099-01-01"), 40),
        (("MergeMain",), 40),
        (("MergeMain", "--date", "2020-01-01"), 20),
        (("RangeDaily", "--of", "MergeMain", "--start", "2016-11-20", "--stop", "2016-11-10"), 40),
        (("MergeMan", "--date", DATE), 1),
        (("MergeMain", "--date", DATE, "--flag"), 2),
    ],
)
def test_nobody_is_told_of_a_mistake_or_of_missing_sources(
    place: Place, relay: Relay, arguments: tuple[str, ...], code: int
) -> None:
    tell(place, relay)
    place.luigi(*arguments, "--local-scheduler").expect(code)
    assert relay.post == []
    assert office(place).records.open() == []


SLEEPING = """
import time
from ciss_luigi import steps
from ciss_luigi.state.markers import Step
original = steps.ACTIONS[Step.BUILD]
def sleeping(job):
    time.sleep(600)
    return original(job)
steps.ACTIONS[Step.BUILD] = sleeping
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_is_told(place: Place, relay: Relay, workers: str) -> None:
    tell(place, relay)
    running = place.merging(DATE, "--workers", workers, prelude=SLEEPING)
    place.wait_for_step(DATE, "BuildTemp")
    running.send(signal.SIGTERM)
    running.finish().explained(30)
    (post,) = relay.post
    assert post.subject == f"ciss: BuildTemp was stopped by SIGTERM for {DATE} (exit code 30)"


def test_a_killed_worker_is_told(place: Place, relay: Relay) -> None:
    tell(place, relay)
    running = place.merging(DATE, "--workers", "2", prelude=SLEEPING)
    place.wait_for_step(DATE, "BuildTemp")
    pid = next(one.pid for one in place.attempts(DATE) if one.step == "BuildTemp")
    os.kill(pid, signal.SIGKILL)
    running.finish().expect(30)
    (post,) = relay.post
    assert post.subject == f"ciss: BuildTemp was killed for {DATE} (exit code 30)"
    assert f"Next:  luigi --module ciss_luigi MergeMain --date {DATE} " in post.text


def test_a_relay_that_is_down_costs_nothing_but_the_mail(place: Place) -> None:
    port = free_port()
    down = Relay(port)
    tell(place, down)
    spoil(place)
    place.merge(DATE).explained(30, "mail did not take a message, which is kept")
    mend(place)
    with relaying(port=port) as relay:
        place.merge(DATE).explained(0)
    assert [post.text.startswith("Over") for post in relay.post] == [False, True]


def test_a_relay_that_hangs_changes_neither_the_code_nor_the_locks(place: Place, relay: Relay) -> None:
    """While mail hangs, the date can be run: telling is the last act, after the locks are free."""
    relay.hang = lambda: True
    tell(place, relay)
    spoil(place)
    running = place.merging(DATE)
    wait_until(lambda: relay.tries == 1)
    mend(place)
    place.merge(DATE).explained(0)
    begin = time.monotonic()
    running.finish().explained(30)
    assert time.monotonic() - begin < 40


def test_no_secret_is_in_mail_log_outbox_or_record(place: Place, relay: Relay) -> None:
    tell(place, relay, warehouse_url="hive://u:${HIVE_PASSWORD}@127.0.0.1:1/mnaas", retries=0)
    text = place.merge(DATE, HIVE_PASSWORD="pass word/%42").expect(35).text
    kept = [path.read_text() for path in Path(place.state).rglob("*.json*")]
    for shown in [text, *kept, *(post.text for post in relay.post)]:
        assert "pass word" not in shown
        assert "pass%20word" not in shown
    assert len(relay.post) == 1


SECRETS = {
    "HIVE_PASSWORD": "hive pass/%1",
    "SMTP_PASSWORD": "relay-pass-2",
    "SDP_TOKEN": "desk-token-3",
    "HOOK": "hook-token-4",
    "PING_KEY": "ping-key-5",
}


def test_no_secret_of_any_channel_is_in_message_log_ledger_outbox_or_process_list(place: Place) -> None:
    """All channels fail, one of them slowly: meanwhile the list of processes can be read by everybody."""
    with relaying(login=True) as relay, hooking() as hooks, serving() as desk:
        hooks.code = 500
        desk.refusal = (401, failed("401", f"no key {SECRETS['SDP_TOKEN']}"))
        hooks.delay = 2
        smtp = relay.smtp_section(no_tls=True, username="ciss", password=SECRETS["SMTP_PASSWORD"])
        place.configure(
            f"{ADDRESSES}sdp_url = {desk.url}\nsdp_token = ${{SDP_TOKEN}}\n"
            f"ping_url = http://127.0.0.1:{hooks.port}/ping/${{PING_KEY}}\n"
            f"channels =\n  json://127.0.0.1:{hooks.port}/${{HOOK}}\n"
            f"[ciss_log]\nfile = ciss.log\nlevel = DEBUG\n{smtp}",
            warehouse_url="hive://u:${HIVE_PASSWORD}@127.0.0.1:1/mnaas",
            retries=0,
        )
        today = str(dt.datetime.now().astimezone().date())
        running = place.merging(today, **SECRETS)
        wait_until(lambda: any(SECRETS["HOOK"] in call for call in hooks.calls))
        listed = all_command_lines()
        text = running.finish().expect(35).text
        listing = ciss(place.folder, "alerts", **SECRETS).expect(0).out
    assert "ciss_luigi.alerts.sender" in listed
    kept = [
        path.read_text() for path in place.folder.rglob("*") if path.suffix in (".json", ".jsonl", ".log")
    ]
    assert len(office(place).waiting()) == 3, "mail, desk and channel"
    shown = "\n".join([text, listing, listed, *kept])
    for secret in (*SECRETS.values(), "hive%20pass"):
        assert secret not in shown


TYPED_SECRET = "hunter2-hunter2"


def test_no_secret_of_the_command_line_or_of_luigids_address_is_in_any_of_them(
    place: Place, relay: Relay
) -> None:
    """A luigid behind a proxy has a password in its URL; any option of Luigi's can be given in the line."""
    url = f"http://bob:{TYPED_SECRET}@127.0.0.1:{free_port()}/"
    tell(place, relay, "[ciss_log]\nfile = ciss.log\nlevel = DEBUG\n")
    ended = [place.luigi("MergeMain", "--date", DATE, "--scheduler-url", url).explained(40, "luigid")]
    configuration = place.config.read_text()
    place.config.write_text(configuration.replace("[core]\n", f"[core]\ndefault_scheduler_url = {url}\n"))
    ended.append(place.luigi("MergeMain", "--date", DATE).explained(40, "luigid"))
    place.config.write_text(configuration)
    spoil(place)
    ended.append(place.merge(DATE, "--smtp-password", TYPED_SECRET).explained(30))
    listing = [ciss(place.folder, verb).out for verb in ("alerts", "status", "history")]
    posts = [f"{post.subject}\n{post.text}" for post in relay.post]
    kept = [
        path.read_text() for path in place.folder.rglob("*") if path.suffix in (".json", ".jsonl", ".log")
    ]
    for shown in (*(one.text for one in ended), *listing, *posts, *kept):
        assert TYPED_SECRET not in shown
    assert len(posts) == 2
    assert len(kept) > 3


def all_command_lines() -> str:
    """What ``ps`` shows of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(found)


def test_what_cannot_be_written_down_is_told_all_the_same(place: Place, relay: Relay) -> None:
    """As on a full disk: the desk alone gets nothing, for it could get it twice."""
    with serving() as desk:
        tell(place, relay, f"sdp_url = {desk.url}\nsdp_token = {KEY}\n")
        spoil(place)
        place.state.mkdir()
        (place.state / "alerts").write_text("no folder")
        place.merge(DATE).explained(30, "what is to be told could not be written down", "mail took a message")
    (post,) = relay.post
    assert post.subject == f"ciss: BuildTemp failed for {DATE} (exit code 30)"
    assert "XXX" in post.text
    assert "could not be written down beside the state" in post.text
    assert desk.requests == []
    (place.state / "alerts").unlink()
    mend(place)
    place.merge(DATE).explained(0)
    assert len(relay.post) == 1


def test_with_mail_of_ours_luigi_sends_none_of_its_own(place: Place, relay: Relay) -> None:
    place.configure(f"{ADDRESSES}{relay.smtp_section(no_tls=True)}receiver = luigi@example.com\n")
    spoil(place)
    place.merge(DATE).explained(30)
    assert [post.to for post in relay.post] == [["ops@example.com"]]


def test_ctrl_c_at_a_terminal_is_told_to_nobody_and_without_one_it_is(place: Place, relay: Relay) -> None:
    tell(place, relay)
    running = place.merging(DATE, prelude=SLEEPING)
    place.wait_for_step(DATE, "BuildTemp")
    running.send(signal.SIGINT)
    running.finish().explained(30)
    assert [post.subject for post in relay.post] == [
        f"ciss: BuildTemp was stopped by SIGINT for {DATE} (exit code 30)"
    ]
    terminal, theirs = os.openpty()
    running = place.merging("2016-11-23", prelude=ON_A_TERMINAL.format(path=os.ttyname(theirs)) + SLEEPING)
    place.wait_for_step("2016-11-23", "BuildTemp")
    running.send(signal.SIGINT)
    running.finish().explained(30)
    os.close(terminal)
    os.close(theirs)
    assert len(relay.post) == 1
    assert len(office(place).records.open()) == 1


ON_A_TERMINAL = """
import os
os.dup2(os.open({path!r}, os.O_RDWR | os.O_NOCTTY), 0)
"""


AFTER_TRUNCATE = """
import os, signal
import luigi
from ciss_luigi import TruncateTemp
@TruncateTemp.event_handler(luigi.Event.SUCCESS)
def stop(_task):
    os.kill(os.getpid(), signal.SIGTERM)
"""


def test_sigterm_between_two_steps_says_which_was_the_last_one_done(place: Place, relay: Relay) -> None:
    tell(place, relay)
    words = f"stopped by SIGTERM between two steps; the last step done is TruncateTemp of {DATE}"
    place.merge(DATE, prelude=AFTER_TRUNCATE).explained(30, words)
    (post,) = relay.post
    assert post.subject == f"ciss: the run was stopped by SIGTERM for {DATE} (exit code 30)"
    assert words in post.text
    ledger = "".join(path.read_text() for path in (place.state / "ledger" / "commands").glob("*"))
    assert words in ledger
    place.merge(DATE).explained(0)
    assert relay.post[1].text.startswith("Over: ")
