"""Kerberos with a real KDC: binary, plain and sealed, and by HTTP; with a ticket and without one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Place
from tests.connections import servers
from tests.connections.asking import DEFAULT, ask, refusal
from tests.connections.kdc import REALM, Realm, realm
from tests.connections.servers import Doors
from tests.servers import needs

pytestmark = [pytest.mark.server, pytest.mark.slow]

GSSAPI = {"auth_mechanism": "GSSAPI"}
HTTP = {"use_http_transport": True, "http_path": "cliservice", "kerberos_service_name": "HTTP"}


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A realm with a user, and a host's services."""
    programs = (needs.KDC, needs.KDB_UTIL, needs.KADMIN, needs.KINIT)
    servers.require(*programs, modules=["kerberos"])
    with realm(tmp_path_factory.mktemp("realm")) as running:
        running.keytab("server", "hive/localhost", "HTTP/localhost")
        running.keytab("ann", "ann")
        yield running


@pytest.fixture(scope="module", params=["auth", "auth-conf"])
def server(
    request: pytest.FixtureRequest, kdc: Realm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    """Hive in the realm; its binary messages as they are, or sealed."""
    keytab = str(kdc.folder / "server.keytab")
    settings = {
        "hive.server2.authentication": "KERBEROS",
        "hive.server2.authentication.kerberos.principal": f"hive/localhost@{REALM}",
        "hive.server2.authentication.kerberos.keytab": keytab,
        "hive.server2.authentication.spnego.principal": f"HTTP/localhost@{REALM}",
        "hive.server2.authentication.spnego.keytab": keytab,
        "hive.server2.thrift.sasl.qop": request.param,
        "yarn.resourcemanager.principal": f"hive/localhost@{REALM}",  # for tokens nobody here needs
    }
    core = {"hadoop.security.authentication": "kerberos"}
    jvm = [f"-Djava.security.krb5.conf={kdc.configuration}"]
    with servers.both_doors(tmp_path_factory.mktemp("hive"), settings, core, jvm) as doors:
        yield doors


@pytest.fixture
def _realm(kdc: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The realm's configuration, and no ticket."""
    for name, value in {**kdc.environment, "KRB5CCNAME": str(kdc.folder / "nothing.cache")}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def _ticket(kdc: Realm, _realm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket."""
    monkeypatch.setenv("KRB5CCNAME", str(kdc.ticket(kdc.folder / "ann.keytab", "ann")))


@pytest.mark.usefixtures("_ticket")
def test_a_ticket_opens_every_door(server: Doors, tmp_path: Path) -> None:
    binary, http = f"localhost:{server.binary}/default", f"localhost:{server.http}/default"

    assert ask(tmp_path, f"hive://{binary}?auth=KERBEROS&kerberos_service_name=hive") == DEFAULT
    assert ask(tmp_path, f"hive+http://{http}", auth="KERBEROS") == DEFAULT
    assert ask(tmp_path, f"impala://{binary}", **GSSAPI, kerberos_service_name="hive") == DEFAULT
    assert ask(tmp_path, f"impala4://{http}", **GSSAPI, **HTTP) == DEFAULT


@pytest.mark.usefixtures("_ticket")
def test_krb_host_is_the_name_in_the_principal(server: Doors, tmp_path: Path) -> None:
    place = f"127.0.0.1:{server.binary}/default"
    named = {"kerberos_service_name": "hive", "krb_host": "localhost"}

    said = refusal(tmp_path, f"hive://{place}", auth="KERBEROS")

    assert f"Server hive/127.0.0.1@{REALM} not found in Kerberos database" in said
    assert "see kerberos_service_name and krb_host" in said
    assert ask(tmp_path, f"hive://{place}", auth="KERBEROS", **named) == DEFAULT
    assert ask(tmp_path, f"impala://{place}", **GSSAPI, **named) == DEFAULT


@pytest.mark.usefixtures("_realm")
@pytest.mark.parametrize("expired", [False, True])
def test_without_a_valid_ticket_the_words_are_clear(
    server: Doors, kdc: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expired: bool
) -> None:
    words = "wants a Kerberos ticket, and there is none: run kinit"
    if expired:
        short = kdc.ticket(kdc.folder / "ann.keytab", "ann", "-l", "1s")
        monkeypatch.setenv("KRB5CCNAME", str(short))
        time.sleep(2.1)  # tickets count whole seconds
        words = "wants a Kerberos ticket, and the one that is there has expired: run kinit"

    binary, http = f"localhost:{server.binary}/default", f"localhost:{server.http}/default"
    assert words in refusal(tmp_path, f"hive://{binary}", auth="KERBEROS")
    assert words in refusal(tmp_path, f"hive+http://{http}", auth="KERBEROS")
    assert words in refusal(tmp_path, f"impala://{binary}", **GSSAPI, kerberos_service_name="hive")
    assert words in refusal(tmp_path, f"impala://{http}", **GSSAPI, **HTTP)


@pytest.mark.usefixtures("_ticket")
def test_a_password_is_no_ticket(server: Doors, tmp_path: Path) -> None:
    words = "does not take PLAIN; it may want Kerberos (auth, auth_mechanism)"

    assert words in refusal(tmp_path, f"hive://ann:secret@localhost:{server.binary}/default")
    assert words in refusal(tmp_path, f"impala://ann:secret@localhost:{server.binary}/default")
    assert "refuses the user" in refusal(tmp_path, f"hive+http://ann:secret@localhost:{server.http}/default")


def test_the_literal_command_without_a_ticket(server: Doors, kdc: Realm, place: Place) -> None:
    place.configure(warehouse_url=f"hive://localhost:{server.binary}/default?auth=KERBEROS", retries=0)

    finished = place.merge("2016-11-22", **kdc.environment, KRB5CCNAME=str(place.folder / "none"))

    finished.explained(35, "wants a Kerberos ticket, and there is none: run kinit", "no table was touched")
