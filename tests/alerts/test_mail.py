"""Mail on a real SMTP server: TLS, login, refusals, greylisting, silence."""

from __future__ import annotations

import datetime as dt
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ciss_luigi.alerts import mail as mails
from ciss_luigi.alerts.failure import What
from ciss_luigi.alerts.mail import Mail
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery, Round
from ciss_luigi.locking.filelocks import FileLock
from tests.alerts.relay import PASSWORD, USER, Relay, relaying
from tests.alerts.test_notice import Desk, seen
from tests.command import free_port
from tests.connections.certificates import Certificate, self_signed, signed

OPS, LEAD = "ops@example.com", "Zoë Lead <lead@example.com>"


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk(folder)


def settings(relay: Relay, **more: object) -> mails.Relay:
    made = mails.Relay(relay.host, relay.port, "Nightly CISS <ciss@billing.example.com>", seconds=5)
    return replace(made, **more)  # type: ignore[arg-type]


def send(
    desk: Desk, how: mails.Relay, to: tuple[str, ...] = (OPS,), cc: tuple[str, ...] = ()
) -> list[Delivery]:
    found: list[Delivery] = []
    Round(Records(desk.folder), Outbox(desk.folder), found.append).run([Mail("mail", how, to, cc)], 20)
    return found


def test_one_mail_goes_to_all_with_everything_that_a_mail_should_have(desk: Desk, relay: Relay) -> None:
    desk.at().fail([seen()])
    assert send(desk, settings(relay, prefix="[night]"), (OPS, "b@example.com"), (LEAD,)) == [
        Delivery("mail", "ciss: BuildTemp failed for 2016-11-22 (exit code 30)", "failure")
    ]
    (post,) = relay.post
    assert post.sender == "ciss@billing.example.com"
    assert post.to == [OPS, "b@example.com", "lead@example.com"]
    assert post.subject == "[night] ciss: BuildTemp failed for 2016-11-22 (exit code 30)"
    assert post.mail["To"] == "ops@example.com, b@example.com"
    assert post.mail["Cc"] == LEAD
    assert post.mail["From"] == "Nightly CISS <ciss@billing.example.com>"
    assert post.mail["Date"].datetime == dt.datetime(2016, 11, 23, 3, tzinfo=dt.UTC)
    assert post.mail["Message-ID"].endswith("@billing.example.com>")
    assert post.mail["Auto-Submitted"] == "auto-generated"
    assert post.mail["In-Reply-To"] is None
    assert post.mail.get_content_type() == "text/plain"
    assert "no rate for GBP -> USD" in post.text
    assert desk.waiting() == []
    (sent,) = desk.records.open()[0].sent
    assert (sent.channel, sent.what, sent.number) == ("mail", "failure", 1)


def test_repeats_and_recovery_answer_the_first_mail(desk: Desk, relay: Relay) -> None:
    desk.at().fail([seen()])
    send(desk, settings(relay))
    desk.at(61).fail([seen()])
    desk.at(62).heal(lambda *_: True)
    send(desk, settings(relay))
    first, *answers = relay.post
    assert [post.subject for post in answers] == [f"Re: {first.subject}"] * 2
    assert len({post.mail["Message-ID"] for post in relay.post}) == 3
    for post in answers:
        assert post.mail["In-Reply-To"] == post.mail["References"] == first.mail["Message-ID"]
    assert "2 times since" in answers[0].text
    assert answers[1].text.startswith("Over: ")


def test_a_text_of_many_scripts_and_long_lines_arrives_as_it_was(desk: Desk, relay: Relay) -> None:
    text = f"Zürich 東京 {' '.join(['long'] * 500)}\n.\nFrom here\n<b>&amp;</b>"
    desk.at().fail([seen(text=text)])
    send(desk, settings(relay))
    assert text in relay.post[0].text


def test_a_relay_that_is_down_keeps_the_thread_in_order(desk: Desk) -> None:
    port = free_port()
    down = mails.Relay("localhost", port, "ciss@example.com", seconds=5)
    desk.at().fail([seen()])
    (outcome,) = send(desk, down)
    assert outcome.error.startswith(f"the relay localhost:{port}: ")
    desk.at(61).fail([seen()])
    desk.at(62).heal(lambda *_: True)
    assert len(send(desk, down)) == 1
    waiting = desk.waiting()
    assert [(entry.what, entry.tries) for entry in waiting] == [
        (What.FAILURE, 2),
        (What.REPEAT, 0),
        (What.RECOVERY, 0),
    ]
    with relaying(port=port) as relay:
        send(desk, settings(relay))
    assert ["Again" in post.text or "Over" in post.text for post in relay.post] == [False, True, True]
    assert desk.waiting() == []


def test_greylisting_is_tried_again_and_later_mails_wait_for_it(desk: Desk, relay: Relay) -> None:
    relay.answer = "451 4.7.1 greylisted, try again"
    desk.at().fail([seen()])
    desk.at(1).heal(lambda *_: True)
    (outcome,) = send(desk, settings(relay))
    assert outcome.error == f"the relay localhost:{relay.port} said: 451 4.7.1 greylisted, try again"
    assert relay.tries == 1
    relay.answer = ""
    send(desk, settings(relay))
    assert [post.text.startswith("Over") for post in relay.post] == [False, True]


def test_refused_addresses_are_tried_again_and_nobody_gets_it_twice(desk: Desk, relay: Relay) -> None:
    relay.refuse = {OPS: "550 no such user", "b@example.com": "450 greylisted"}
    desk.at().fail([seen()])
    (outcome,) = send(desk, settings(relay), (OPS, "b@example.com", "c@example.com"))
    refused = "refused for ops@example.com: 550 no such user; b@example.com: 450 greylisted"
    assert outcome.error == f"{refused}; the others have it"
    relay.refuse = {OPS: "550 no such user"}
    send(desk, settings(relay), (OPS, "b@example.com", "c@example.com"))
    assert [post.to for post in relay.post] == [["c@example.com"], ["b@example.com"]]
    assert desk.waiting()[0].left == (OPS,)
    relay.refuse = {}
    send(desk, settings(relay), (OPS, "b@example.com", "c@example.com"))
    assert relay.post[-1].to == [OPS]
    assert desk.waiting() == []


def test_a_corrected_address_gets_the_mail_and_the_others_do_not_get_it_again(
    desk: Desk, relay: Relay
) -> None:
    relay.refuse = {"b@example.com": "550 no such user"}
    desk.at().fail([seen()])
    send(desk, settings(relay), (OPS, "b@example.com"))
    (failure,) = desk.records.open()
    assert [(one.channel, one.number) for one in failure.sent] == [("mail", 1)]
    send(desk, settings(relay), (OPS, "bee@example.com"))
    assert [post.to for post in relay.post] == [[OPS], ["bee@example.com"]]
    assert desk.waiting() == []


def test_an_address_that_was_added_gets_what_nobody_took(desk: Desk, relay: Relay) -> None:
    relay.refuse = {OPS: "452 mailbox full"}
    desk.at().fail([seen()])
    send(desk, settings(relay))
    send(desk, settings(relay), (OPS, "more@example.com"))
    assert [post.to for post in relay.post] == [["more@example.com"]]


def test_an_address_that_was_taken_away_is_waited_for_no_more(desk: Desk, relay: Relay) -> None:
    relay.refuse = {"b@example.com": "550 no such user"}
    desk.at().fail([seen()])
    send(desk, settings(relay), (OPS, "b@example.com"))
    send(desk, settings(relay))
    assert [post.to for post in relay.post] == [[OPS]]
    assert desk.waiting() == []


def test_one_refused_failure_does_not_hold_up_another(desk: Desk, relay: Relay) -> None:
    relay.refuse = {OPS: "550 no such user"}
    desk.at().fail([seen()])
    desk.at(1).fail([seen(step="MergeMain")])
    assert len(send(desk, settings(relay))) == 2


def test_a_relay_that_stops_answering_costs_its_time_and_no_more(desk: Desk, relay: Relay) -> None:
    relay.hang = lambda: True
    desk.at().fail([seen()])
    (outcome,) = send(desk, settings(relay, seconds=0.5))
    assert "no answer in time" in outcome.error
    relay.hang = lambda: False
    send(desk, settings(relay))
    assert len(relay.post) == 1


# --- TLS and login ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["starttls", "implicit"])
def test_tls_with_login_and_a_private_authority(
    desk: Desk, ca: Certificate, certificate: Certificate, way: str
) -> None:
    with relaying(**{way: certificate}, login=True) as relay:  # type: ignore[arg-type]
        how = settings(relay, ca_cert=ca.certificate, ssl=way == "implicit", username=USER, password=PASSWORD)
        desk.at().fail([seen()])
        assert send(desk, how)[0].error == ""
    (post,) = relay.post
    assert (post.secured, post.login) == (True, True)


def test_the_machines_own_authorities_count(
    desk: Desk, ca: Certificate, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(ca.certificate))
    with relaying(starttls=certificate) as relay:
        desk.at().fail([seen()])
        assert send(desk, settings(relay))[0].error == ""
    assert relay.post[0].secured


@pytest.mark.parametrize("kind", ["self-signed", "another host"])
def test_a_certificate_that_proves_nothing_is_refused_unless_the_site_says_so(
    desk: Desk, ca: Certificate, kind: str
) -> None:
    folder = ca.certificate.parent
    certificate = (
        self_signed(folder, "own", "localhost")
        if kind == "self-signed"
        else signed(ca, "other", "mx.example")
    )
    with relaying(starttls=certificate) as relay:
        desk.at().fail([seen()])
        (outcome,) = send(desk, settings(relay, ca_cert=ca.certificate))
        assert "its certificate is not trusted" in outcome.error
        assert "[ciss_alerts] ca_cert" in outcome.error
        assert relay.post == []
        send(desk, settings(relay, verify=False))
    assert relay.post[0].secured


def test_a_wrong_password_is_named_and_not_shown(
    desk: Desk, ca: Certificate, certificate: Certificate
) -> None:
    with relaying(starttls=certificate, login=True) as relay:
        desk.at().fail([seen()])
        how = settings(relay, ca_cert=ca.certificate, username=USER, password="wrong-pass-1")
        (outcome,) = send(desk, how)
    assert " said: 535 " in outcome.error
    assert "wrong-pass-1" not in outcome.error + repr(how)


def test_a_password_does_not_go_in_the_clear(desk: Desk) -> None:
    with relaying(login=True) as relay:
        desk.at().fail([seen()])
        (outcome,) = send(desk, settings(relay, username=USER, password=PASSWORD))
        assert "it offers no STARTTLS, and the password would be sent without encryption" in outcome.error
        send(desk, settings(relay, username=USER, password=PASSWORD, no_tls=True))
    assert relay.post[0].login


def test_a_subject_stays_within_250_characters_with_prefix_and_token(desk: Desk, relay: Relay) -> None:
    desk.at(channels=("sdp_mail",)).fail([seen(headline="é" * 1000)])
    found: list[Delivery] = []
    channel = Mail("sdp_mail", settings(relay, prefix="[p]" * 30), ("desk@example.com",), token=True)
    Round(Records(desk.folder), Outbox(desk.folder), found.append).run([channel], 20)
    (post,) = relay.post
    assert len(post.subject) <= 250
    assert f"[{desk.records.open()[0].token}]" in post.subject


def test_a_round_waits_for_another_that_sends_to_the_same_channel(desk: Desk, relay: Relay) -> None:
    """Its own message may have come after the other one had looked."""
    lock = FileLock(desk.folder / "sending-mail.lock")
    desk.at().fail([seen()])
    assert lock.try_acquire()
    timer = threading.Timer(0.3, lock.release)
    timer.start()
    assert [outcome.error for outcome in send(desk, settings(relay))] == [""]
    timer.join()
    assert len(relay.post) == 1
