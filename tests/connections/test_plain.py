"""Servers without a login: binary and HTTP, with SASL and without, and what is said where they differ."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi.errors import EngineUnavailable
from tests.command import Place
from tests.connections import servers
from tests.connections.asking import DEFAULT, ask, refusal
from tests.connections.servers import Doors
from tests.connections.tables import make_sources
from tests.helpers import ciss
from tests.servers.hiveserver import HiveServer, hive_server

pytestmark = [pytest.mark.server, pytest.mark.slow]

PLAIN = {"auth_mechanism": "PLAIN"}
HTTP = {"use_http_transport": True, "http_path": "cliservice"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Hive as it is out of the box, with its HTTP port."""
    servers.require()
    with servers.both_doors(tmp_path_factory.mktemp("plain"), {}) as doors:
        yield doors


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HiveServer]:
    """Hive without SASL."""
    servers.require()
    settings = {"hive.server2.authentication": "NOSASL"}
    with hive_server(tmp_path_factory.mktemp("bare"), settings=settings) as running:
        yield running


@pytest.mark.parametrize("user", ["ann@", "ann:any@", ""])
def test_hive_takes_any_user(server: Doors, tmp_path: Path, user: str) -> None:
    assert ask(tmp_path, f"hive://{user}127.0.0.1:{server.binary}/default") == DEFAULT


def test_a_url_says_no_to_tls_where_it_says_false(server: Doors, tmp_path: Path) -> None:
    query = "use_ssl=false&timeout=60"
    impala = f"impala://ann@127.0.0.1:{server.binary}/default?auth_mechanism=plain&{query}"

    assert ask(tmp_path, f"hive://ann@127.0.0.1:{server.binary}/default?{query}") == DEFAULT
    assert ask(tmp_path, impala) == DEFAULT


def test_http_by_both_drivers(server: Doors, tmp_path: Path) -> None:
    impala = f"impala4://ann@127.0.0.1:{server.http}/default"

    assert ask(tmp_path, f"hive+http://ann@127.0.0.1:{server.http}/default", timeout=60) == DEFAULT
    assert ask(tmp_path, impala, **PLAIN, **HTTP, timeout=60) == DEFAULT


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("hive+http://ann@127.0.0.1:{http}/default", {}),
        ("impala://ann@127.0.0.1:{http}/default", {**PLAIN, **HTTP}),
    ],
)
def test_a_whole_run_by_http(server: Doors, place: Place, url: str, arguments: dict[str, object]) -> None:
    place.configure(warehouse_url=url.format(**vars(server)), connect_args=json.dumps(arguments), retries=0)
    make_sources(place.config, {})

    place.merge("2016-11-22").explained(0, "merged 2016-11: 1 row")

    ciss(place.folder, "verify", "--date", "2016-11-22").expect(0)


def test_no_sasl_by_both_drivers(bare: HiveServer, tmp_path: Path) -> None:
    assert ask(tmp_path, f"hive://ann@127.0.0.1:{bare.port}/default", auth="NOSASL") == DEFAULT
    assert ask(tmp_path, f"impala://ann@127.0.0.1:{bare.port}/default") == DEFAULT


@pytest.mark.parametrize(("scheme", "sasl"), [("hive", {}), ("impala", PLAIN)])
def test_sasl_where_there_is_none(
    bare: HiveServer, tmp_path: Path, scheme: str, sasl: dict[str, str]
) -> None:
    said = refusal(tmp_path, f"{scheme}://ann@127.0.0.1:{bare.port}/default", **sasl)

    assert "closes the line while logging in; it may want TLS (use_ssl) or another auth" in said


@pytest.mark.parametrize("use_ssl", [False, True])
@pytest.mark.parametrize(("scheme", "sasl"), [("hive", {}), ("impala", PLAIN)])
def test_what_listens_and_never_answers_is_given_up(
    tmp_path: Path, scheme: str, sasl: dict[str, str], use_ssl: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        said = refusal(tmp_path, f"{scheme}://ann@127.0.0.1:{port}/", **sasl, use_ssl=use_ssl, timeout=0.5)

    assert f"127.0.0.1:{port} did not answer within 0.5 s" in said


@pytest.mark.parametrize(
    ("url", "arguments", "words"),
    [
        ("hive://ann@127.0.0.1:{binary}/default", {"auth": "NOSASL"}, "closes the line while logging in"),
        ("hive://ann@127.0.0.1:{http}/default", {}, "closes the line while logging in"),
        ("hive+http://ann@127.0.0.1:{binary}/default", {}, "does not answer by HTTP on this port"),
        ("hive+http://ann@127.0.0.1:{http}/default", {"http_path": "/no"}, "no such path (HTTP 405)"),
        ("hive://ann@127.0.0.1:{binary}/default", {"use_ssl": True}, "does not speak TLS on this port"),
        ("hive+https://ann@127.0.0.1:{http}/default", {}, "does not speak TLS on this port"),
        ("hive://ann@127.0.0.1:{binary}/nosuch", {}, "cannot be used: SemanticException [Error 10072]"),
        ("hive://ann@127.0.0.1:1/default", {}, "127.0.0.1:1 refuses the connection"),
        ("hive://ann@nosuch.invalid/default", {}, "nosuch.invalid:10000 cannot be found"),
        ("impala://ann@127.0.0.1:{binary}/default", {}, "closes the line while logging in"),
        ("impala://ann@127.0.0.1:{http}/default", {**PLAIN, **HTTP, "http_path": "no"}, "see http_path"),
        ("impala://ann@127.0.0.1:{http}/default", HTTP, "refuses the user name, the password or the way"),
        ("impala://ann@127.0.0.1:{binary}/default", {**PLAIN, "use_ssl": True}, "does not speak TLS"),
        ("impala://ann@127.0.0.1:{http}/default", {**PLAIN, **HTTP, "use_ssl": True}, "does not speak TLS"),
        ("impala://ann@127.0.0.1:1/default", PLAIN, "127.0.0.1:1 refuses the connection"),
        ("impala://ann@nosuch.invalid/default", PLAIN, "nosuch.invalid:21050 cannot be found"),
    ],
)
def test_what_does_not_fit_is_said_in_words(
    server: Doors, tmp_path: Path, url: str, arguments: dict[str, object], words: str
) -> None:
    assert words in refusal(tmp_path, url.format(**vars(server)), **arguments)


def test_a_refused_connection_is_told_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    servers.require()
    for scheme in ("hive", "impala"):
        for host in ("127.0.0.1", "nosuch.invalid"):
            with pytest.raises(EngineUnavailable):
                ask(tmp_path, f"{scheme}://ann@{host}:1/default")

    assert capfd.readouterr() == ("", "")
