"""Why there is no connection: the reason of this attempt."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.engines.hive import driver as hive
from ciss_luigi.engines.hiveserver2 import line as lines
from ciss_luigi.engines.hiveserver2.line import Line, NoConnection, as_no_connection
from ciss_luigi.engines.hiveserver2.verdicts import Verdict, judge
from ciss_luigi.engines.impala import driver as impala
from ciss_luigi.errors import EngineUnavailable

LINE = Line("hive.example.net", 10_000, None, 600.0)


def refused() -> None:
    with as_no_connection(LINE):
        raise ConnectionRefusedError


def test_a_reconnect_does_not_repeat_the_reason_of_the_line_that_was_lost() -> None:
    try:
        raise TimeoutError
    except TimeoutError:
        with pytest.raises(NoConnection, match=r"hive\.example\.net:10000 refuses the connection"):
            refused()


def test_what_is_not_known_is_told_as_it_came() -> None:
    with (
        pytest.raises(NoConnection, match="cannot be used: quota exceeded"),
        as_no_connection(LINE),
    ):
        raise RuntimeError("Error while compiling statement: FAILED: quota exceeded")


@pytest.mark.parametrize(
    "url",
    ["hive+http://ann@127.0.0.1:{port}/default", "impala://ann@127.0.0.1:{port}/d?use_http_transport=true"],
)
def test_a_port_that_never_answers_by_http_is_given_up_as_soon_as_another(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (tmp_path / "luigi.cfg").write_text(
            f"[ciss]\nwarehouse_url = {url.format(port=silent.getsockname()[1])}\nretries = 0\n"
        )
        engine = site.load({}, tmp_path).engine()
        monkeypatch.setattr(lines, "GREETING_SECONDS", 0.5)
        began = time.monotonic()
        with pytest.raises(EngineUnavailable, match=r"did not answer within 0\.5 s"), engine.session():
            """It does not come to that."""
    assert time.monotonic() - began < 60


def test_an_address_of_ip_version_6_keeps_its_brackets() -> None:
    assert Line("::1", 10_000, None, 1.0).address == "[::1]:10000"


def test_a_gateway_that_loses_an_answer_is_a_lost_line() -> None:
    """The server behind it may have got the statement."""
    assert judge("TTransportException: HTTP 503 Service Unavailable", hive.SIGNS) is Verdict.LOST
    assert judge("HTTP code 502: Bad Gateway", impala.SIGNS) is Verdict.LOST
    assert judge("HTTP code 401: Unauthorized", impala.SIGNS) is Verdict.NEVER
