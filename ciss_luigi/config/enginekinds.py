"""The kinds of engines, one row each: what differs by kind and is known before anything is opened.

No other module compares the name of a kind. What an engine can do once it is open is in ``engines/``; the
maker of each kind's engine is in ``engines/factory.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ciss_luigi.config import argumentvalues as take
from ciss_luigi.config.argumentvalues import Reader

COMMON: Mapping[str, Reader] = {
    "use_ssl": take.flag,
    "ca_cert": take.certificates,
    "check_hostname": take.flag,
    "timeout": take.seconds,
    "username": take.text,
    "password": take.secret,
    "database": take.database,
    "kerberos_service_name": take.text,
    "krb_host": take.text,
    "http_path": take.text,
}
"""The arguments of every server, with one meaning."""

_THRIFT = ("thrift", "thrift_sasl", "puresasl")


@dataclass(frozen=True)
class EngineKind:
    """One kind of engine. ``str()`` gives its name, which markers hold."""

    name: str

    driver: str
    """The library that talks to it, as its users call it."""

    ports: Mapping[str, int]
    """The schemes of its URLs, each with its default port (0: it has no port)."""

    arguments: Mapping[str, Reader] = field(repr=False)
    """Every name that ``connect_args`` may hold, and how its value is read."""

    modules: tuple[str, ...] = ()
    """The modules that must be installed; the extra that brings them has the kind's name."""

    embedded: bool = False
    """It is a file that this process opens: no server, no host, and no tables shared with another engine."""

    empty_bytes: int = 0
    """An embedded file of at most this size holds no table."""

    journal: str = ""
    """What the name of an embedded file's journal adds: it holds what is not in the file yet."""

    spill: str = ""
    """What the name of the folder adds into which it spills what does not fit into memory."""

    needs_refresh: bool = False
    """It keeps its own picture of the tables, and must be made to see what another engine wrote."""

    dotted_settings: bool = False
    """The names of its session settings have dots in them (``hive.query.name``)."""

    def __str__(self) -> str:
        return self.name


KINDS = (
    EngineKind(
        "duckdb",
        "DuckDB",
        {"duckdb": 0},
        {
            "config": take.json_object,
            "preload_extensions": take.json_list,
            "read_only": take.flag,
            "url_config": take.json_object,
        },
        embedded=True,
        empty_bytes=12_288,  # its three headers
        journal=".wal",
        spill=".tmp",
    ),
    EngineKind(
        "hive",
        "PyHive",
        {"hive": 10_000, "hive+http": 10_001, "hive+https": 10_001},
        {
            **COMMON,
            "auth": take.one_of("NONE", "NOSASL", "LDAP", "CUSTOM", "PAM", "BASIC", "KERBEROS"),
            "configuration": take.mapping,
        },
        modules=("pyhive", *_THRIFT),
        dotted_settings=True,
    ),
    EngineKind(
        "impala",
        "impyla",
        {"impala": 21_050, "impala4": 21_050},
        {
            **COMMON,
            "auth_mechanism": take.one_of("NOSASL", "PLAIN", "LDAP", "GSSAPI", "JWT"),
            "use_http_transport": take.flag,
            "http_cookie_names": take.names,
            "jwt": take.secret,
            "retries": take.whole,
            "user_agent": take.text,
        },
        modules=("impala", *_THRIFT),
        needs_refresh=True,
    ),
)

BY_SCHEME: Mapping[str, EngineKind] = {scheme: kind for kind in KINDS for scheme in kind.ports}
"""The kind that a URL's scheme names."""
