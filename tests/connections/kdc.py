"""A Kerberos realm of the tests' own: Debian's KDC on loopback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.needs import KADMIN, KDB_UTIL, KDC, KINIT, program
from tests.servers.process import HOST, clean_environment, on_free_ports, server_process

REALM = "TEST.LOCAL"
_CLIENT = """
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
    kdc = {host}:{port}
}}
[domain_realm]
localhost = {realm}
{host} = {realm}
"""
_SERVER = """
[kdcdefaults]
kdc_listen = {host}:{port}
kdc_tcp_listen = {host}:{port}
[realms]
{realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/kadm5.acl
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""


@dataclass(frozen=True)
class Realm:
    """A running KDC."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def configuration(self) -> Path:
        """Its krb5.conf."""
        return Path(self.environment["KRB5_CONFIG"])

    def keytab(self, name: str, *principals: str) -> Path:
        """New principals, with their keys in a file."""
        keytab = self.folder / f"{name}.keytab"
        for principal in principals:
            self._run(KADMIN, "-q", f"addprinc -randkey {principal}")
            self._run(KADMIN, "-q", f"ktadd -k {keytab} {principal}")
        return keytab

    def ticket(self, keytab: Path, principal: str, *more: str) -> Path:
        """A ticket cache of a principal; `more` goes to kinit, such as a lifetime."""
        cache = self.folder / f"{principal.replace('/', '-')}.cache"
        self._run(KINIT, "-c", str(cache), "-k", "-t", str(keytab), *more, principal)
        return cache

    def _run(self, name: str, *arguments: str) -> None:
        environment = {**os.environ, **self.environment}
        subprocess.run([program(name), *arguments], env=environment, check=True, capture_output=True)


@contextmanager
def realm(folder: Path) -> Iterator[Realm]:
    """Run a KDC with an empty database."""

    @contextmanager
    def serve(ports: tuple[int, ...]) -> Iterator[Realm]:
        facts = {"realm": REALM, "host": HOST, "port": ports[0], "folder": folder}
        (folder / "krb5.conf").write_text(_CLIENT.format(**facts))
        (folder / "kdc.conf").write_text(_SERVER.format(**facts))
        (folder / "kadm5.acl").write_text("")
        environment = {
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        }
        made = Realm(folder, environment)
        made._run(KDB_UTIL, "create", "-s", "-r", REALM, "-P", "master")
        command = [program(KDC), "-n"]
        log, env = folder / "krb5kdc.log", clean_environment(**environment)
        with server_process(command, work=folder, log=log, env=env, ports=ports):
            yield made

    with on_free_ports(1, serve) as made:
        yield made
