"""``ciss alerts`` and the process that sends, on real servers."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path

import pytest

from ciss_luigi.alerts import courier
from ciss_luigi.alerts.channel import Taken
from ciss_luigi.alerts.failure import Failure
from ciss_luigi.alerts.outbox import Entry
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery, Round
from tests.alerts.relay import Relay
from tests.alerts.servicedesk import KEY, serving
from tests.alerts.test_notice import Desk, seen
from tests.command import free_port
from tests.helpers import ciss, typed

MAIL = "[ciss_alerts]\nmail_to = ops@example.com\n"


def configure(folder: Path, *parts: str) -> None:
    (folder / "luigi.cfg").write_text("\n".join(["[ciss]", "state_dir = state", *parts, ""]))


def office(folder: Path) -> Desk:
    return Desk(folder / "state" / "alerts", dt.datetime.now(dt.UTC))


@pytest.mark.slow
def test_a_test_goes_to_every_channel_and_says_which_took_it(tmp_path: Path, relay: Relay) -> None:
    with serving() as desk:
        keys = f"{MAIL}sdp_url = {desk.url}\nsdp_token = ${{SDP_TOKEN}}\n"
        configure(tmp_path, keys, relay.smtp_section(no_tls=True))
        answer = ciss(tmp_path, "alerts", "--test", SDP_TOKEN=KEY).expect(0, "mail          took it\n")
    assert "desk          took it" in answer.out
    assert [post.subject for post in relay.post] == ["ciss: a test of the alerts"]
    assert desk.requests[0].fields["subject"].startswith("ciss: a test of the alerts [CISS-TEST")
    assert list((tmp_path / "state").glob("alerts/outbox/*")) == []


@pytest.mark.slow
def test_a_channel_that_does_not_take_the_test_is_a_no(tmp_path: Path, relay: Relay) -> None:
    port = free_port()
    keys = f"{MAIL}sdp_url = http://127.0.0.1:{port}\nsdp_token = key-one-two\n"
    configure(tmp_path, keys, relay.smtp_section(no_tls=True))
    answer = ciss(tmp_path, "alerts", "--test").expect(1, "mail          took it", "desk          the desk: ")
    assert "key-one-two" not in answer.out + answer.err


def test_what_is_open_is_shown_beside_the_faults_of_the_configuration(tmp_path: Path) -> None:
    configure(tmp_path, MAIL)
    (failure,) = office(tmp_path).at().fail([seen()])
    configure(tmp_path, "grace_days = many", MAIL)
    for options in ((), ("--json",)):
        answer = typed(tmp_path, "alerts", *options).explained(40, "grace_days: 'many' is not a whole number")
        assert failure.id in answer.out
    assert typed(tmp_path, "alerts", "--test").explained(40, "grace_days").out == ""


@pytest.mark.slow
def test_a_relay_that_cannot_be_read_is_named_and_keeps_no_other_from_sending(tmp_path: Path) -> None:
    with serving() as desk:
        configure(tmp_path, MAIL, f"sdp_url = {desk.url}\nsdp_token = {KEY}\n", "[smtp]\nport = many\n")
        ciss(tmp_path, "alerts", "--test").expect(
            1, "mail          nothing can be sent: ", "'port'", "desk          took it"
        )


@pytest.mark.parametrize("sender", ["nobody", "ciss@example.com\n  Bcc: x@example.com"])
def test_a_sender_that_is_no_address_is_named_before_the_run(tmp_path: Path, sender: str) -> None:
    configure(tmp_path, MAIL, f"[email]\nsender = {sender}\n")
    answer = ciss(tmp_path, "check").expect(40, "[email] sender: ")
    assert "is not a mail address" in answer.out
    assert "sender = ciss@example.com" in answer.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "host = smtp://mail.example.com",
            "[smtp] host: 'smtp://mail.example.com' is not the name of a host",
        ),
        ("host = mail.example.com:25", "[smtp] host: 'mail.example.com:25' is not the name of a host"),
        ("host = 10.0.0.7:25", "[smtp] host: '10.0.0.7:25' is not the name of a host"),
        ("host = mail example.com", "[smtp] host: 'mail example.com' is not the name of a host"),
        ("port = 0", "[smtp] port: 0 is not a port from 1 to 65535"),
        ("port = 70000", "[smtp] port: 70000 is not a port"),
        ("timeout = -5", "[smtp] timeout: -5 is not a number of seconds above 0"),
        ("timeout = inf", "[smtp] timeout: inf is not a number of seconds"),
        ("timeout = nan", "[smtp] timeout: nan is not a number of seconds"),
    ],
)
def test_a_relay_that_can_be_none_is_named_before_the_run(tmp_path: Path, line: str, words: str) -> None:
    configure(tmp_path, MAIL, f"[smtp]\n{line}\n")
    ciss(tmp_path, "check").expect(40, words)


@pytest.mark.parametrize(
    "host", ["mail", "mail.example.com", "10.0.0.7", "::1", "[fe80::1]", "mail_1.x.net."]
)
def test_a_relay_by_name_or_number_is_one(tmp_path: Path, host: str) -> None:
    configure(tmp_path, MAIL, f"[smtp]\nhost = {host}\nport = 2525\ntimeout = 2.5\n")
    assert "[smtp]" not in ciss(tmp_path, "check").out


def test_without_a_channel_there_is_nothing_to_test(tmp_path: Path) -> None:
    configure(tmp_path)
    typed(tmp_path, "alerts", "--test").explained(1, "[ciss_alerts] names no channel")
    typed(tmp_path, "alerts").expect(0, "Told: nobody", "Open: none", "Nothing waits")


def test_open_sent_and_waiting_are_listed(tmp_path: Path) -> None:
    configure(tmp_path, MAIL)
    office(tmp_path).at().fail([seen()])
    office(tmp_path).at(1).fail([seen("2016-11-23")])
    answer = typed(tmp_path, "alerts").expect(0, "Told: mail\n", "BuildTemp failed for 2016-11-22")
    for words in ("2 times", "dates: 2016-11-22 and 2016-11-23", "sent: nothing yet", "failure: ciss: Build"):
        assert words in answer.out
    document = json.loads(typed(tmp_path, "alerts", "--json").expect(0).out)
    assert document["open"][0]["count"] == 2
    assert document["waiting"][0]["channel"] == "mail"


def test_a_process_of_its_own_sends_what_waits(
    tmp_path: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, MAIL, relay.smtp_section(no_tls=True))
    office(tmp_path).at().fail([seen()])
    (tmp_path / "smtplib.py").write_text("raise SystemExit('not the one of Python')\n")
    monkeypatch.chdir(tmp_path)
    assert [(one.channel, one.error) for one in courier.send()] == [("mail", "")]
    assert len(relay.post) == 1
    assert "sent: mail failure" in typed(tmp_path, "alerts").out


@pytest.mark.slow
def test_one_that_hangs_is_ended_and_the_others_have_sent(
    tmp_path: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.hang = lambda: True
    with serving() as desk:
        keys = f"{MAIL}sdp_url = {desk.url}\nsdp_token = {KEY}\n"
        configure(tmp_path, keys, relay.smtp_section(no_tls=True, timeout=60))
        office(tmp_path).at(channels=("mail", "desk")).fail([seen()])
        monkeypatch.chdir(tmp_path)
        begin = time.monotonic()
        outcomes = courier.send(seconds=8)
    assert time.monotonic() - begin < 20
    said = {one.channel: one.error for one in outcomes}
    assert said.pop("desk") == ""
    assert said == {"mail": "did not answer in 5 s"}
    assert [entry.channel for entry in office(tmp_path).waiting()] == ["mail"]


def test_what_waits_too_long_is_dropped(
    tmp_path: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, MAIL, relay.smtp_section(no_tls=True))
    office(tmp_path).at(-7 * 24 * 60 - 1).fail([seen()])
    monkeypatch.chdir(tmp_path)
    (outcome,) = courier.send()
    assert (outcome.dropped, outcome.error) == (True, "no try in 7 days worked; the last: none")
    assert office(tmp_path).waiting() == []
    assert relay.post == []


def test_a_slip_in_the_configuration_drops_nothing_and_a_channel_that_is_gone_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office(tmp_path).at().fail([seen()])
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, "[ciss_alerts]\nmail_to = ops\n")
    assert courier.send() == []
    assert len(office(tmp_path).waiting()) == 1
    configure(tmp_path)
    (outcome,) = courier.send()
    assert (outcome.dropped, outcome.error) == (True, "the channel is no longer configured")
    assert office(tmp_path).waiting() == []


class Broken:
    """A channel that meets something it did not foresee with the first message."""

    name = "mail"

    def __init__(self) -> None:
        self.subjects: list[str] = []

    def send(self, entry: Entry, _failure: Failure | None) -> Taken:
        self.subjects.append(entry.subject)
        if len(self.subjects) == 1:
            raise TypeError("'int' object is not iterable")
        return Taken()

    def close(self) -> None:
        """Nothing is open."""


def test_an_error_that_a_channel_did_not_foresee_is_told_and_holds_up_no_other_failure(
    tmp_path: Path,
) -> None:
    here, found, channel = office(tmp_path), list[Delivery](), Broken()
    here.at().fail([seen()])
    here.at(1).fail([seen(step="MergeMain")])
    Round(here.records, here.outbox, found.append).run([channel], 10)
    assert [one.error for one in found] == ["it broke off (TypeError: 'int' object is not iterable)", ""]
    assert len(here.waiting()) == 1


def test_what_was_sent_is_not_sent_again_where_that_cannot_be_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    here, found, channel = office(tmp_path), list[Delivery](), Broken()
    channel.subjects.append("an earlier one")
    here.at().fail([seen()])
    monkeypatch.setattr(Records, "write", full)
    for _ in range(2):
        Round(here.records, here.outbox, found.append).run([channel], 10)
    assert len(channel.subjects) == 2
    assert "cannot be written down: [Errno 28] No space left" in found[0].error


def test_check_says_who_is_told_and_sends_nothing(tmp_path: Path, relay: Relay) -> None:
    configure(tmp_path)
    assert "nobody is told when a night fails" in typed(tmp_path, "check").out
    keys = f"{MAIL}mail_verify = false\nsdp_url = http://desk.example.com\nsdp_token = key-one-two\n"
    configure(tmp_path, keys, relay.smtp_section(no_tls=True))
    office(tmp_path).at().fail([seen()])
    answer = typed(tmp_path, "check").out
    for words in (
        "told when a night fails: mail, desk",
        "sdp_url begins with http://: its key is sent without encryption",
        "the relay's certificate is not checked",
        "1 message still to be sent",
    ):
        assert words in answer
    assert "key-one-two" not in answer
    assert relay.post == []


def test_check_names_every_fault_of_the_three_sections(tmp_path: Path) -> None:
    configure(
        tmp_path, "[ciss_alerts]\nmail_to = nobody\n[ciss_log]\nfile = .\n[ciss_metrics]\ntextfile = x.txt\n"
    )
    answer = typed(tmp_path, "check").expect(40)
    for words in ("mail_to: 'nobody' is not a mail address", "[ciss_log] file: ", "does not end with .prom"):
        assert words in answer.out
