"""Channels through Apprise, the dead-man service, jumps, and the desk by mail."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.alerts import courier, teller
from ciss_luigi.alerts.channels import AppriseChannel
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.ping import Ping
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery, Round
from ciss_luigi.alerts.ways import channel_name
from ciss_luigi.config.telling import Alerts
from ciss_luigi.observers import CommandBegin, CommandEnd
from ciss_luigi.plaintext import remember
from tests.alerts.hooks import Hooks, hooking
from tests.alerts.relay import Relay
from tests.alerts.test_commands import DATE, mend, office, spoil
from tests.alerts.test_notice import Desk, seen
from tests.command import Place, free_port
from tests.connections.certificates import Certificate
from tests.helpers import ciss, typed
from tests.oddfiles import make_odd


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with hooking() as started:
        yield started


def send(desk: Desk, url: str) -> list[Delivery]:
    found: list[Delivery] = []
    Round(Records(desk.folder), Outbox(desk.folder), found.append).run(
        [AppriseChannel(channel_name(url), url)], 20
    )
    return found


def test_a_channel_gets_plain_text(folder: Path, hooks: Hooks) -> None:
    url = f"json://127.0.0.1:{hooks.port}/hook"
    desk = Desk(folder)
    desk.at(channels=(channel_name(url),)).fail([seen(text="<b>bold</b> <!channel> @here [x](http://evil)")])
    assert send(desk, url)[0].error == ""
    values = json.loads(hooks.bodies[0])
    assert values["title"].startswith("ciss: BuildTemp failed")
    assert values["type"] == "failure"
    assert not set("<>@") & set(values["message"])
    desk.at(1, channels=(channel_name(url),)).heal(lambda *_: True)
    send(desk, url)
    values = json.loads(hooks.bodies[1])
    assert (values["type"], values["title"][:6]) == ("success", "Over: ")


def test_a_channel_that_is_away_keeps_its_message_and_its_secret(folder: Path) -> None:
    url = f"json://user:pass0word1@127.0.0.1:{free_port()}/token-abc-123/?cto=2&rto=2&:X-Key=header-secret"
    for secret in (url, "pass0word1", "token-abc-123", "header-secret"):
        remember(secret)
    desk = Desk(folder)
    desk.at(channels=(channel_name(url),)).fail([seen()])
    (outcome,) = send(desk, url)
    assert outcome.error
    assert len(desk.waiting()) == 1
    kept = "".join(path.read_text() for path in folder.rglob("*.json"))
    for secret in ("pass0word1", "token-abc-123", "header-secret"):
        assert secret not in outcome.error + kept + channel_name(url)


def test_a_channel_that_apprise_does_not_know_is_named_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text(
        "[ciss]\n[ciss_alerts]\nchannels =\n  json://example.com/x\n  slakc://T1secret99/x\n"
    )
    words = "channels: line 2 is not a URL that Apprise knows"
    answer = typed(tmp_path, "status").explained(40, words)
    assert "T1secret99" not in answer.err
    (tmp_path / "luigi.cfg").write_text(
        (tmp_path / "luigi.cfg").read_text().replace("[ciss]\n", "[ciss]\ngrace_days = many\n")
    )
    both = typed(tmp_path, "status").explained(40, words, "grace_days: 'many' is not a whole number")
    assert "T1secret99" not in both.err


def test_known_channels_are_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\n[ciss_alerts]\nchannels =\n  json://example.com/x\n")
    typed(tmp_path, "alerts").expect(0)
    monkeypatch.setattr("ciss_luigi.config.channelurls.fault", lambda _: pytest.fail("asked again"))
    typed(tmp_path, "alerts").expect(0)
    assert "example.com" not in (tmp_path / "var" / "alerts" / "channels-known").read_text()


@pytest.mark.parametrize("odd", ["pipe", "sparse"])
def test_an_odd_file_in_the_place_of_what_is_known_is_neither_waited_for_nor_read(
    odd: str, tmp_path: Path
) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\n[ciss_alerts]\nchannels =\n  json://example.com/x\n")
    kept = tmp_path / "var" / "alerts" / "channels-known"
    kept.parent.mkdir(parents=True)
    make_odd(kept, odd)
    ciss(tmp_path, "alerts").expect(0)
    assert kept.is_file()
    assert kept.stat().st_size < 1000


# --- the command --------------------------------------------------------------------------------------


def shift(place: Place, day: dt.date) -> str:
    """Have the sources hold the month of a day; gives the day."""
    month = f"{day:%Y-%m}"
    for table in ("billable_sub_with_charge_and_limit", "usage_overage_charge", "service_based_charges"):
        place.query(f"UPDATE mnaas.{table} SET partition_date = '{month}'")
    place.query(f"UPDATE mnaas.gbs_curr_avgconv_rate SET cal_month = '{month}' WHERE cal_month = '2016-11'")
    place.query(
        "DELETE FROM mnaas.gbs_curr_avgconv_rate WHERE cal_month LIKE '2016%' OR cal_month LIKE '2017%'"
    )
    return str(day)


@pytest.mark.slow
def test_todays_run_is_pinged_at_begin_and_end_and_no_other(place: Place, hooks: Hooks) -> None:
    place.configure(f"[ciss_alerts]\nping_url = http://127.0.0.1:{hooks.port}/ping/${{KEY}}\n")
    today = shift(place, dt.datetime.now().astimezone().date())
    key = {"KEY": "ping-key-4711"}
    text = place.merge(today, **key).explained(0).text
    assert "ping-key-4711" not in text
    calls = [re.sub(r"rid=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "rid=ID", one) for one in hooks.calls]
    assert calls == ["GET /ping/ping-key-4711/start?rid=ID", "GET /ping/ping-key-4711?rid=ID"]
    assert len({one.partition("rid=")[2] for one in hooks.calls}) == 1
    place.merge(today, **key).explained(0)
    assert len(hooks.calls) == 4, "a no-op is a sign of life too"
    place.merge("2020-01-01", **key).explained(20)
    assert len(hooks.calls) == 4


def test_a_ping_over_tls_trusts_a_private_authority_that_is_named_and_no_other(
    ca: Certificate, certificate: Certificate
) -> None:
    with hooking(certificate) as hooks:
        url, run = f"https://localhost:{hooks.port}/ping/key-key-key", uuid.uuid4().hex
        said = Ping(Alerts(ping_url=url), "", run).wait(20)
        assert said == "SSLCertVerificationError"
        assert hooks.calls == []
        assert Ping(Alerts(ping_url=url, ca_cert=ca.certificate), "/fail", run, "why").wait(20) == ""
        assert Ping(Alerts(ping_url=url, ca_cert=Path("/nowhere")), "", run).wait(20) == "FileNotFoundError"
    assert hooks.calls == [f"POST /ping/key-key-key/fail?rid={uuid.UUID(run)}"]
    assert hooks.bodies == ["why"]


@pytest.mark.slow
def test_signs_and_messages_that_all_hang_cost_a_command_its_thirty_seconds_together(
    place: Place, relay: Relay, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here three seconds instead, one of them for the sign of the begin."""
    monkeypatch.setattr(courier, "SECONDS", 3.0)
    monkeypatch.setattr(teller, "_WAIT_FOR_BEGIN_SECONDS", 1.0)
    hooks.delay, relay.hang = 20, lambda: True
    url = f"http://127.0.0.1:{hooks.port}/ping/key-key-key"
    keys = f"[ciss_alerts]\nmail_to = ops@example.com\nping_url = {url}\n"
    place.configure(f"{keys}{relay.smtp_section(no_tls=True, timeout=60)}")
    monkeypatch.chdir(place.folder)
    today = dt.datetime.now().astimezone().date()
    begin = CommandBegin(("MergeMain", "--date", str(today)), uuid.uuid4().hex)
    end = CommandEnd(begin, 35, "away", (today,), number=35)
    begun = Ping(Alerts(ping_url=url), "/start", begin.id)
    before = time.monotonic()
    teller.Teller(end, site.load({}, place.folder), "").tell(begun=begun)
    assert time.monotonic() - before < 18, "one after the other they would take longer than 20 s"
    assert len(office(place).waiting()) == 1


@pytest.mark.slow
def test_a_failure_at_a_date_that_was_merged_before_is_no_sign_of_life(place: Place, hooks: Hooks) -> None:
    place.configure(f"[ciss_alerts]\nping_url = http://127.0.0.1:{hooks.port}/ping/key-key-key\n")
    today = shift(place, dt.datetime.now().astimezone().date())
    place.merge(today).explained(0)
    place.warehouse.rename(place.folder / "aside.duckdb")
    place.merge(today).explained(35)
    assert hooks.calls[-1].partition("?")[0].endswith("/fail")
    place.configure(
        f"[ciss_alerts]\nping_url = http://127.0.0.1:{hooks.port}/ping/key-key-key\n", grace_days="x"
    )
    place.merge(today).explained(40)
    assert [call.partition("?")[0].rpartition("/")[2] for call in hooks.calls[-3:]] == [
        "start",
        "fail",
        "fail",
    ]


@pytest.mark.slow
def test_a_failure_of_today_is_pinged(place: Place, hooks: Hooks) -> None:
    place.configure(f"[ciss_alerts]\nping_url = http://127.0.0.1:{hooks.port}/ping/key-key-key\n")
    today = shift(place, dt.datetime.now().astimezone().date())
    spoil(place)
    place.merge(today).explained(30)
    assert [call.partition("?")[0].rpartition("/")[2] for call in hooks.calls] == ["start", "fail"]
    assert "XXX" in hooks.bodies[1]
    hooks.code = 500
    assert "ping_url did not take its sign of life: HTTP 500" in place.merge(today).expect(30).text


@pytest.mark.slow
def test_a_month_that_moves_far_is_told_once(place: Place, relay: Relay) -> None:
    keys = "[ciss_alerts]\nmail_to = ops@example.com\njump_percent = 10\njump_usd = 5\n"
    place.configure(f"{keys}{relay.smtp_section(no_tls=True)}")
    place.merge("2016-11-20").explained(0)
    place.merge("2016-11-21").explained(0)
    assert relay.post == []
    place.query("UPDATE mnaas.usage_overage_charge SET charge = charge * 100")
    place.merge(DATE).explained(0)
    (post,) = relay.post
    assert re.search(rf"^ciss: 2016-11 moved by \+[\d,.]+ USD \(\+[\d.]+ %\) for {DATE}$", post.subject)
    assert f"ciss history --from {DATE}" in post.text
    place.merge(DATE).explained(0)
    assert len(relay.post) == 1
    assert office(place).records.open() == []


@pytest.mark.slow
def test_a_desk_by_mail_gets_its_token_in_each_subject(place: Place, relay: Relay) -> None:
    place.configure(f"[ciss_alerts]\nsdp_mail = desk@example.com\n{relay.smtp_section(no_tls=True)}")
    spoil(place)
    place.merge(DATE).explained(30)
    (failure,) = office(place).records.open()
    mend(place)
    place.merge(DATE).explained(0)
    assert [post.to for post in relay.post] == [["desk@example.com"]] * 2
    assert all(f"[{failure.token}]" in post.subject for post in relay.post)
