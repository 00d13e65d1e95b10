"""What ``connect_args``, and a server's URL after its ``?``, may say, and what it means.

``use_ssl``, ``ca_cert``, ``check_hostname`` and ``timeout`` mean the same on every engine, and so do the
names of user, password and database. The rest goes to the driver under the driver's own names, which stand
in ``enginekinds`` as data: what a driver does not know must be a fault of the configuration, not a
TypeError at night.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ciss_luigi.config.enginekinds import EngineKind

_INSTEAD = {
    "host": "the host belongs in the URL",
    "port": "the port belongs in the URL",
    "scheme": "write hive+http:// or hive+https:// in the URL",
    "ssl_cert": "certificates are checked unless check_hostname is false",
    "verify_cert": "certificates are checked unless check_hostname is false",
    "use_kerberos": 'write "auth_mechanism": "GSSAPI"',
    "use_ldap": 'write "auth_mechanism": "LDAP"',
    "ldap_user": "write username",
    "ldap_password": "write password",
    "auth_cookie_names": "write http_cookie_names",
}
KERBEROS = {"KERBEROS", "GSSAPI"}


def read(kind: EngineKind, given: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of an engine's arguments, and for each wrong one, by name, what is wrong; shows no value."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in given.items():
        known = "username" if name == "user" and not kind.embedded else name
        reader = kind.arguments.get(known)
        if reader is None:
            wrong[name] = _unknown(kind, name)
            continue
        try:
            values[known] = reader(value, folder)
        except ValueError as error:
            wrong[name] = f"{name}: {error}"
    return values, wrong


def clashes(kind: EngineKind, transport: str | None, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with values that do not go together, and what is not installed for them."""
    found = []
    if transport == "https" and values.get("use_ssl") is False:
        found.append("the URL says https and use_ssl says false")
    if "ca_cert" in values and not values.get("use_ssl", transport == "https"):
        found.append("ca_cert is for TLS; say use_ssl: true as well")
    auth = values.get("auth") or values.get("auth_mechanism")
    http = transport is not None or values.get("use_http_transport", False)
    if auth == "BASIC" and not http:
        found.append("auth: BASIC is for HTTP; write LDAP")
    if auth == "JWT" and not (http and values.get("jwt")):
        found.append("auth_mechanism: JWT needs use_http_transport and jwt")
    if auth in ("LDAP", "CUSTOM", "PAM", "BASIC") and not values.get("password"):
        found.append(f"{auth} needs a password")
    return found + missing(kind, auth)


def missing(kind: EngineKind, auth: str | None = None) -> list[str]:
    """The extras to install before an engine of this kind can be used."""
    found = []
    # found, not imported: that takes longer than a run with nothing to do
    absent = [module for module in kind.modules if find_spec(module) is None]
    if absent:
        found.append(f"{', '.join(absent)} not installed: pip install 'ciss-luigi[{kind}]'")
    if auth in KERBEROS and find_spec("kerberos") is None:
        found.append("kerberos is not installed: pip install 'ciss-luigi[kerberos]'")
    return found


def _unknown(kind: EngineKind, name: str) -> str:
    hint = _INSTEAD.get(name, "") if not kind.embedded else ""
    near = get_close_matches(name.lower(), kind.arguments, 1)
    if not hint and near:
        hint = f"did you mean {near[0]}?"
    return f"{name!r} is not an argument of {kind.driver}" + (f"; {hint}" if hint else "")
