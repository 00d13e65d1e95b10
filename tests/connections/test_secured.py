"""Servers as companies have them: passwords in a directory, TLS by an authority of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.command import STEPS, Place, session_of
from tests.connections import certificates, servers
from tests.connections.asking import DEFAULT, ask, refusal
from tests.connections.certificates import Certificate
from tests.connections.directory import BASE, directory
from tests.connections.servers import Doors
from tests.connections.tables import files_of, make_sources
from tests.connections.tlsdoor import tls_door
from tests.servers import needs

pytestmark = [pytest.mark.server, pytest.mark.slow]

PRINTABLE = "".join(map(chr, range(32, 127)))
FURTHER = "Zoë's pässword € ☎"
PASSWORDS = {"ann": PRINTABLE, "zoe": FURTHER, "bob": "secret"}
HTTP = {"use_http_transport": True, "http_path": "cliservice"}


@dataclass(frozen=True)
class Secured:
    """A server whose certificate is for localhost, and the authority that signed it."""

    doors: Doors
    authority: Certificate
    stranger: Certificate

    def ways(self) -> dict[str, tuple[str, dict[str, object]]]:
        """URLs with a place for host and login, and the arguments beside: each driver, binary and HTTP."""
        binary, http = self.doors.binary, self.doors.http
        return {
            "hive": (f"hive://{{login}}@{{host}}:{binary}/default", {"use_ssl": True}),
            "hive http": (f"hive+https://{{login}}@{{host}}:{http}/default", {}),
            "impala": (f"impala://{{login}}@{{host}}:{binary}/default", {"use_ssl": True}),
            "impala http": (f"impala://{{login}}@{{host}}:{http}/default", {"use_ssl": True, **HTTP}),
        }


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Hive with LDAP and TLS."""
    servers.require(needs.OPENSSL, needs.SLAPD, needs.SLAPADD)
    folder = tmp_path_factory.mktemp("secured")
    authority = certificates.authority(folder, "authority")
    shown = certificates.signed(authority, "server", "localhost")
    with directory(folder, PASSWORDS) as url:
        settings = {
            "hive.server2.authentication": "LDAP",
            "hive.server2.authentication.ldap.url": url,
            "hive.server2.authentication.ldap.baseDN": BASE,
            "hive.server2.authentication.ldap.guidKey": "uid",
            "hive.server2.use.SSL": "true",
            "hive.server2.keystore.path": str(shown.keystore()),
            "hive.server2.keystore.password": certificates.KEYSTORE_PASSWORD,
            "hive.server2.keystore.type": "PKCS12",
        }
        with servers.both_doors(tmp_path_factory.mktemp("hive"), settings) as doors:
            yield Secured(doors, authority, certificates.authority(folder, "stranger"))


@pytest.fixture(params=["hive", "hive http", "impala", "impala http"])
def way(request: pytest.FixtureRequest, secured: Secured) -> tuple[str, dict[str, object]]:
    """One way to the server."""
    return secured.ways()[request.param]


Way = tuple[str, dict[str, object]]


def test_a_password_of_every_printable_character(secured: Secured, way: Way, tmp_path: Path) -> None:
    url, arguments = way
    trusted = {**arguments, "ca_cert": str(secured.authority.certificate)}
    environment = {"PASSWORD": PRINTABLE}
    for login in ("ann:${PASSWORD}", f"ann:{quote(PRINTABLE, safe='')}"):
        assert ask(tmp_path, url.format(host="localhost", login=login), environment, **trusted) == DEFAULT

    bare = url.format(host="localhost", login="ann")
    assert ask(tmp_path, bare, environment, **trusted, password="${PASSWORD}") == DEFAULT
    assert ask(tmp_path, bare, **trusted, password=PRINTABLE) == DEFAULT


def test_further_characters_pass_by_http_only(secured: Secured, tmp_path: Path) -> None:
    trusted = {"ca_cert": str(secured.authority.certificate)}
    for way, (place, arguments) in secured.ways().items():
        road = (tmp_path, place.format(host="localhost", login="zoe:${PASSWORD}"), {"PASSWORD": FURTHER})
        if "http" in way:
            assert ask(*road, **arguments, **trusted) == DEFAULT
        else:  # HiveServer2 takes each byte of a binary login for a character
            assert "refuses the user name" in refusal(*road, **arguments, **trusted)


def test_a_wrong_password_is_said_and_not_shown(secured: Secured, way: Way, tmp_path: Path) -> None:
    url, arguments = way
    url = url.format(host="localhost", login="bob:${PASSWORD}")
    trusted = {**arguments, "ca_cert": str(secured.authority.certificate)}

    said = refusal(tmp_path, url, {"PASSWORD": "wrong horse"}, **trusted)

    assert "refuses the user name, the password or the way of logging in (auth, auth_mechanism)" in said
    assert "horse" not in said


def test_certificates_are_checked_unless_told_otherwise(secured: Secured, way: Way, tmp_path: Path) -> None:
    url, arguments = way
    url = url.format(host="localhost", login="bob:secret")
    stranger = str(secured.stranger.certificate)

    for more in ({}, {"ca_cert": stranger}, {"ca_cert": stranger, "check_hostname": False}):
        said = refusal(tmp_path, url, **arguments, **more)
        assert "shows a certificate of an authority not trusted here" in said
        assert "name its PEM file as ca_cert" in said
    assert ask(tmp_path, url, **arguments, check_hostname=False) == DEFAULT


def test_the_name_in_the_certificate_is_checked(secured: Secured, way: Way, tmp_path: Path) -> None:
    url, arguments = way
    url = url.format(host="127.0.0.1", login="bob:secret")
    trusted = {**arguments, "ca_cert": str(secured.authority.certificate)}

    assert "shows a certificate for another name (IP address mismatch" in refusal(tmp_path, url, **trusted)
    assert ask(tmp_path, url, **trusted, check_hostname=False) == DEFAULT


def test_a_relative_ca_cert_lies_beside_the_configuration(secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(secured.authority.certificate.read_bytes())
    url = f"hive://bob:secret@localhost:{secured.doors.binary}/default?use_ssl=true&ca_cert=ca.pem"

    assert ask(tmp_path, url) == DEFAULT


@pytest.mark.parametrize("scheme", ["hive", "impala"])
def test_without_tls_a_server_that_wants_it_is_told_apart(
    secured: Secured, tmp_path: Path, scheme: str
) -> None:
    said = refusal(tmp_path, f"{scheme}://bob:secret@localhost:{secured.doors.binary}/default")

    assert "it may want TLS (use_ssl)" in said


@pytest.fixture
def site(secured: Secured, place: Place) -> Place:
    """A site whose user has a password of every printable character."""
    url = f"hive://ann:${{HIVE_PASSWORD}}@localhost:{secured.doors.binary}/default"
    trusted = {"use_ssl": True, "ca_cert": str(secured.authority.certificate)}
    place.configure(warehouse_url=url, connect_args=json.dumps(trusted), retries=0)
    return place


def test_the_literal_command_shows_no_password(site: Place) -> None:
    make_sources(site.config, {"HIVE_PASSWORD": PRINTABLE})
    running = site.merging("2016-11-22", HIVE_PASSWORD=PRINTABLE)
    site.wait_for_step("2016-11-22", "BuildTemp")
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in session_of(running.pid)]

    running.finish().explained(0)

    shown = [*commands, running.text.encode(), *(file.read_bytes() for file in files_of(site.folder))]
    assert site.marked("2016-11-22") == list(STEPS)
    for secret in (PRINTABLE.encode(), quote(PRINTABLE, safe="").encode(), PRINTABLE[-20:].encode()):
        assert not [text for text in shown if secret in text]


def test_the_literal_command_with_a_wrong_password(site: Place) -> None:
    finished = site.merge("2016-11-22", HIVE_PASSWORD="wrong horse")

    finished.explained(35, "refuses the user name, the password", "no table was touched", "ciss check")
    assert "horse" not in finished.text
    assert not [file for file in files_of(site.folder) if b"horse" in file.read_bytes()]


@pytest.mark.parametrize("scheme", ["hive", "hive+https", "impala"])
def test_certificates_out_of_date_or_signed_by_nobody(tmp_path: Path, scheme: str) -> None:
    servers.require(needs.OPENSSL)
    authority = certificates.authority(tmp_path, "authority")
    old = certificates.signed(authority, "old", "localhost", "-days", "-1")
    lone = certificates.self_signed(tmp_path, "lone", "localhost")
    for shown, trusted, words in (
        (old, authority, "shows a certificate that is not valid (certificate has expired)"),
        (lone, authority, "not trusted here (self-signed certificate)"),
    ):
        with tls_door(shown) as port:
            url = f"{scheme}://bob:secret@localhost:{port}/default?use_ssl=true"
            assert words in refusal(tmp_path, url, ca_cert=str(trusted.certificate))
