"""What ``[ciss_alerts]``, ``[ciss_log]`` and ``[ciss_metrics]`` may say, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.config.telling import Alerts
from ciss_luigi.errors import ConfigurationError
from ciss_luigi.plaintext import without_secrets
from tests.helpers import CISS, process

AS_IF_NOT_ROOT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")


def alerts(folder: Path, *lines: str, **environment: str) -> Alerts:
    write(folder, "ciss_alerts", *lines)
    found = site.load(environment, folder).settings.others["ciss_alerts"]
    assert isinstance(found, Alerts)
    return found


def write(folder: Path, section: str, *lines: str) -> None:
    (folder / "luigi.cfg").write_text("\n".join(["[ciss]", f"[{section}]", *lines, ""]))


def faults(folder: Path, section: str, *lines: str, **environment: str) -> str:
    write(folder, section, *lines)
    with pytest.raises(ConfigurationError) as caught:
        site.load(environment, folder)
    return "\n".join(map(str, caught.value.faults))


def test_without_sections_nobody_is_told_and_nothing_is_logged(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\n")
    others = site.load({}, tmp_path).settings.others
    assert not others["ciss_alerts"].tell_anybody
    assert others["ciss_log"].file is None
    assert others["ciss_metrics"].textfile is None


def test_addresses_may_have_names(tmp_path: Path) -> None:
    told = alerts(tmp_path, "mail_to = ops@example.com, Zoë <zoe@billing.example.com>", "mail_cc = a@b")
    assert told.mail_to == ("ops@example.com", "Zoë <zoe@billing.example.com>")
    assert told.mail_cc == ("a@b",)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["mail_to = nobody"], "'nobody' is not a mail address"),
        (["mail_to = a@b c@d"], "'a@b c@d' is not a mail address"),
        (["mail_to = a@b,", "  Bcc: x@y"], "mail_to: the next line is indented"),
        (["mail_to = a\\x0d@b"], "is not a mail address"),
        (["mail_cc = a@example.com"], "mail_cc: needs mail_to as well (example: mail_to = "),
        (["sdp_mail = a@b, c@d"], "more than one address"),
        (["mail_too = a@b"], "did you mean mail_to?"),
        (["sdp_url = desk.example.com", "sdp_token = x"], "sdp_url: is not a URL that begins with https://"),
        (["sdp_url = https://u:p@desk", "sdp_token = x"], "sdp_url: holds a user or a password"),
        (["sdp_url = https://desk:99999", "sdp_token = x"], "sdp_url: Port out of range"),
        (["sdp_url = https://desk.example.com"], "sdp_url: needs sdp_token as well"),
        (["sdp_token = x"], "sdp_token: needs sdp_url as well"),
        (
            ["sdp_url = https://desk", "sdp_token = ${NOT_SET}"],
            "sdp_token: the environment variable NOT_SET is not set (example: ${SDP_TOKEN})",
        ),
        (["sdp_auth = basic"], "'basic' is none of authtoken, oauth"),
        (['sdp_fields = {"subject": "x"}'], "sdp_fields: 'subject' is written by the job itself"),
        (["sdp_fields = []"], "sdp_fields: is not a JSON object"),
        (["ping_url = ftp://x/y"], "ping_url: is not a URL"),
        (["channels =", "  slack"], "channels: line 1 is not a URL of a channel"),
        (["throttle_minutes = -1"], "throttle_minutes: '-1' is not a whole number"),
        (["jump_usd = nan"], "jump_usd: 'nan' is not a number"),
        (["ca_cert = /nowhere/ca.pem"], "ca_cert: there is no folder /nowhere"),
    ],
)
def test_what_cannot_be_is_named_with_an_example(tmp_path: Path, lines: list[str], words: str) -> None:
    assert words in faults(tmp_path, "ciss_alerts", *lines)


@pytest.mark.parametrize(
    ("section", "lines", "words"),
    [
        ("ciss_log", ["file = ."], "is a folder, and must be a file (example: /var/log/ciss/ciss.log)"),
        ("ciss_log", ["file = gone/ciss.log"], "there is no folder "),
        ("ciss_log", ["level = LOUD"], "'LOUD' is none of DEBUG, INFO, WARNING, ERROR"),
        ("ciss_log", ["format = jsno"], "did you mean json?"),
        ("ciss_log", ["keep = 0"], "keep: '0' is not a whole number from 1"),
        ("ciss_metrics", ["textfile = ciss.txt"], "does not end with .prom"),
    ],
)
def test_a_log_or_metrics_file_that_cannot_be_is_named(
    tmp_path: Path, section: str, lines: list[str], words: str
) -> None:
    assert words in faults(tmp_path, section, *lines)


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
@pytest.mark.parametrize(
    ("section", "line"),
    [("ciss_metrics", "textfile = closed/ciss.prom"), ("ciss_log", "file = closed/c.log")],
)
def test_a_folder_that_may_not_be_written_is_named_before_the_run(
    tmp_path: Path, section: str, line: str
) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    write(tmp_path, section, line)
    answer = process(tmp_path, [*AS_IF_NOT_ROOT, str(CISS), "check"]).expect(40, "for example: ")
    assert "cannot be written by this user" in answer.out


def test_tokens_are_taken_from_the_environment_and_never_shown(tmp_path: Path) -> None:
    told = alerts(
        tmp_path,
        "sdp_url = https://desk.example.com:8080/",
        "sdp_token = ${SDP_TOKEN}",
        "ping_url = https://hc.example.com/ping/${PING_KEY}",
        "channels =",
        "  json://user:${HOOK}@hooks.example.com/Tcccccc12",
        "  json://user:pass0word@hooks.example.com/",
        "  json://user:swordfish@hooks.example.com/",
        SDP_TOKEN="the-desk-key-1",
        PING_KEY="5c1f-ping-key",
        HOOK="T1/aa bb@",
    )
    assert (told.sdp_url, told.sdp_token) == ("https://desk.example.com:8080", "the-desk-key-1")
    assert told.channels[0] == "json://user:T1%2Faa%20bb%40@hooks.example.com/Tcccccc12"
    shown = without_secrets(f"{told!r} the-desk-key-1 5c1f-ping-key {told.ping_url} {told.channels}")
    shown += without_secrets(" Tcccccc12 of pass0word and swordfish")
    for secret in ("the-desk-key-1", "5c1f-ping-key", "aa%20bb", "Tcccccc12", "pass0word", "swordfish"):
        assert secret not in shown


def test_a_token_with_a_newline_is_refused_without_being_shown(tmp_path: Path) -> None:
    text = faults(
        tmp_path,
        "ciss_alerts",
        "sdp_url = https://desk",
        "sdp_token = ${SDP_TOKEN}",
        SDP_TOKEN="key-one\nX-Other: 1",
    )
    assert "sdp_token: holds characters that no HTTP header may have" in text
    assert "key-one" not in text
