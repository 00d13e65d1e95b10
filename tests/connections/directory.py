"""An LDAP directory of the tests' own: Debian's slapd on loopback."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.needs import SLAPADD, SLAPD, program
from tests.servers.process import HOST, clean_environment, on_free_ports, server_process

BASE = "ou=people,dc=test"
_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
suffix "dc=test"
directory {folder}/data
"""
_TOP = """
dn: dc=test
objectClass: dcObject
objectClass: organization
o: test
dc: test

dn: ou=people,dc=test
objectClass: organizationalUnit
ou: people
"""
_PERSON = """
dn: uid={name},ou=people,dc=test
objectClass: account
objectClass: simpleSecurityObject
uid: {name}
userPassword:: {password}
"""


@contextmanager
def directory(folder: Path, passwords: Mapping[str, str]) -> Iterator[str]:
    """Run a directory that knows some people; give its URL."""
    configuration = folder / "slapd.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder))
    (folder / "data").mkdir()
    entries = folder / "people.ldif"
    entries.write_text("\n".join([_TOP, *(_person(*item) for item in passwords.items())]))
    subprocess.run([program(SLAPADD), "-f", configuration, "-l", entries], check=True, capture_output=True)

    @contextmanager
    def serve(ports: tuple[int, ...]) -> Iterator[str]:
        url = f"ldap://{HOST}:{ports[0]}"
        command = [program(SLAPD), "-f", str(configuration), "-h", url, "-d", "0"]
        log = folder / "slapd.log"
        with server_process(command, work=folder, log=log, env=clean_environment(), ports=ports):
            yield url

    with on_free_ports(1, serve) as url:
        yield url


def _person(name: str, password: str) -> str:
    return _PERSON.format(name=name, password=base64.b64encode(password.encode()).decode())
