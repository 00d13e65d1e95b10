"""What ``connect_args``, and a server's URL behind its ``?``, may say, and what it means.

``use_ssl``, ``ca_cert``, ``check_hostname`` and ``timeout`` mean the same on every engine, and so do the
names of user, password and database. The rest goes to the driver under the driver's own names, which stand
here as data: what a driver does not know must be a fault of the configuration, not a TypeError at night.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ciss_luigi import variables
from ciss_luigi.sqlfiles import NAME

Reader = Callable[[Any, Path], Any]

_FLAGS = {"true": True, "false": False}


def _text(value: Any, _: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("is no text")
    return value


def _secret(value: Any, folder: Path) -> str:
    """A text that no error may repeat, also where it stands in the configuration as it is."""
    text = _text(value, folder)
    variables.remember(text)
    return text


def _flag(value: Any, _: Path) -> bool:
    """True or false; text too, since a URL has nothing else, but never "any text is true"."""
    flag = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
    if flag is None:
        raise ValueError("is neither true nor false")
    return flag


def _seconds(value: Any, _: Path) -> float:
    try:
        number = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < 1e6:  # noqa: PLR2004 - also refuses nan and inf
        raise ValueError("is no number of seconds above 0")
    return number


def _whole(value: Any, _: Path) -> int:
    if isinstance(value, bool) or not str(value).isdigit() or int(value) == 0:
        raise ValueError("is no whole number above 0")
    return int(value)


def _certificates(value: Any, folder: Path) -> str:
    """A PEM file of authorities, relative to the configuration's folder; read once to be sure."""
    import ssl

    path = Path(folder, Path(_text(value, folder)).expanduser())
    try:
        ssl.create_default_context(cafile=str(path))
    except ssl.SSLError:
        raise ValueError("is no file of certificates in PEM (a Java keystore has to be converted)") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    return str(path)


def _database(value: Any, _: Path) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError("is no plain SQL name (letters, digits, _)")
    return value


def _one_of(*allowed: str) -> Reader:
    def read(value: Any, _: Path) -> str:
        if str(value).upper() not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return str(value).upper()

    return read


def _mapping(value: Any, _: Path) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return {str(name): str(item) for name, item in value.items()}


def _names(value: Any, _: Path) -> Any:
    if not isinstance(value, str | list):
        raise ValueError("is neither text nor a list")
    return value


def _anything(value: Any, _: Path) -> Any:
    return value


COMMON: Mapping[str, Reader] = {
    "use_ssl": _flag,
    "ca_cert": _certificates,
    "check_hostname": _flag,
    "timeout": _seconds,
    "username": _text,
    "password": _secret,
    "database": _database,
    "kerberos_service_name": _text,
    "krb_host": _text,
    "http_path": _text,
}
"""What every server's engine takes, with one meaning."""

OWN: Mapping[str, Mapping[str, Reader]] = {
    "duckdb": dict.fromkeys(("config", "preload_extensions", "read_only", "url_config"), _anything),
    "hive": {
        **COMMON,
        "auth": _one_of("NONE", "NOSASL", "LDAP", "CUSTOM", "PAM", "BASIC", "KERBEROS"),
        "configuration": _mapping,
    },
    "impala": {
        **COMMON,
        "auth_mechanism": _one_of("NOSASL", "PLAIN", "LDAP", "GSSAPI", "JWT"),
        "use_http_transport": _flag,
        "http_cookie_names": _names,
        "jwt": _secret,
        "retries": _whole,
        "user_agent": _text,
    },
}
"""Every name that an engine takes."""

_INSTEAD = {
    "host": "the host stands in the URL",
    "port": "the port stands in the URL",
    "scheme": "write hive+http:// or hive+https:// in the URL",
    "ssl_cert": "certificates are checked unless check_hostname is false",
    "verify_cert": "certificates are checked unless check_hostname is false",
    "use_kerberos": 'write "auth_mechanism": "GSSAPI"',
    "use_ldap": 'write "auth_mechanism": "LDAP"',
    "ldap_user": "write username",
    "ldap_password": "write password",
    "auth_cookie_names": "write http_cookie_names",
}
_MODULES = {"hive": ("pyhive", "thrift", "thrift_sasl", "puresasl"), "impala": ("impala", "thrift")}
KERBEROS = {"KERBEROS", "GSSAPI"}


def read(kind: str, given: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of an engine's arguments, and what is wrong with which name; shows no value."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in given.items():
        known = "username" if name == "user" and kind != "duckdb" else name
        reader = OWN[kind].get(known)
        if reader is None:
            wrong[name] = _unknown(kind, name)
            continue
        try:
            values[known] = reader(value, folder)
        except ValueError as error:
            wrong[name] = f"{name}: {error}"
    return values, wrong


def clashes(kind: str, transport: str | None, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with values that are right alone, and what is not installed for them."""
    found = []
    if transport == "https" and values.get("use_ssl") is False:
        found.append("the URL says https and use_ssl says false")
    if values.get("use_ssl") is False and "ca_cert" in values:
        found.append("ca_cert is for TLS, and use_ssl says false")
    auth = values.get("auth") or values.get("auth_mechanism")
    http = transport is not None or values.get("use_http_transport", False)
    if auth == "BASIC" and not http:
        found.append("auth: BASIC is for HTTP; write LDAP")
    if auth == "JWT" and not (http and values.get("jwt")):
        found.append("auth_mechanism: JWT needs use_http_transport and jwt")
    if auth in ("LDAP", "CUSTOM", "PAM", "BASIC") and not values.get("password"):
        found.append(f"{auth} needs a password")
    return found + missing(kind, auth)


def missing(kind: str, auth: str | None = None) -> list[str]:
    """The extras to install before an engine of this kind can be used."""
    found = []
    absent = [module for module in _MODULES.get(kind, ()) if find_spec(module) is None]
    if absent:
        found.append(f"{', '.join(absent)} not installed: pip install 'ciss-luigi[{kind}]'")
    if auth in KERBEROS and find_spec("kerberos") is None:
        found.append("kerberos is not installed: pip install 'ciss-luigi[kerberos]'")
    return found


def _unknown(kind: str, name: str) -> str:
    driver = {"hive": "PyHive", "impala": "impyla", "duckdb": "DuckDB"}[kind]
    hint = _INSTEAD.get(name, "") if kind != "duckdb" else ""
    near = get_close_matches(name.lower(), OWN[kind], 1)
    if not hint and near:
        hint = f"did you mean {near[0]}?"
    return f"{name!r} is no argument of {driver}" + (f"; {hint}" if hint else "")
