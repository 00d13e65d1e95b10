"""How impyla connects to Impala; in tests to Hive and Spark too.

Binary connections use our own transports: impyla's check the host name only if they check everything, and
hide why they fail. HTTP uses impyla's, which keep an Impala's cookies, with our timeout and TLS.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any

from ciss_luigi.config.connectargs import KERBEROS
from ciss_luigi.config.enginekinds import COMMON
from ciss_luigi.engines.hiveserver2.line import Line, as_no_connection, line

_RETRIES = 1
"""impyla would send a refused login again, and three wrong passwords lock an account. We retry ourselves."""

Patience = Callable[[], None]
"""Called once a server has answered: later answers may take the whole timeout."""


def connector(host: str, port: int, arguments: Mapping[str, Any]) -> Callable[[], tuple[Any, Any]]:
    """A function that opens a connection and a cursor, its session; ``arguments`` as in ``connectargs``.

    Opening raises NoConnection.
    """
    to_server = line(host, port, arguments)
    user = arguments.get("username") or getpass.getuser()
    mechanism = arguments.get("auth_mechanism") or ("LDAP" if arguments.get("password") else "NOSASL")

    def connect() -> tuple[Any, Any]:
        with as_no_connection(to_server):
            make = _http if arguments.get("use_http_transport") else _binary
            connection, be_patient = make(to_server, arguments, user, mechanism)
            cursor = connection.cursor(user=user, configuration=_session(arguments))
            be_patient()
            return connection, cursor

    return connect


def _binary(line: Line, arguments: Mapping[str, Any], user: str, mechanism: str) -> tuple[Any, Patience]:
    from impala import hiveserver2
    from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated

    from ciss_luigi.engines.hiveserver2 import transports

    if mechanism == "NOSASL":
        transport = transports.bare(line)
    elif mechanism in KERBEROS:
        service = arguments.get("kerberos_service_name", "impala")
        transport = transports.kerberos(line, service, arguments.get("krb_host", line.host))
    else:
        transport = transports.by_password(line, user, arguments.get("password", "x"))
    transport.open()
    client = hiveserver2.ThriftClient(TBinaryProtocolAccelerated(transport))
    calls = hiveserver2.HS2Service(client, retries=arguments.get("retries", _RETRIES))
    return hiveserver2.HiveServer2Connection(calls), lambda: None


def _http(line: Line, arguments: Mapping[str, Any], user: str, mechanism: str) -> tuple[Any, Patience]:
    """A connection by HTTP. impyla has sent nothing yet, so its transport can still be changed."""
    from impala import dbapi

    rest = {name: value for name, value in arguments.items() if name not in COMMON}
    rest |= {name: arguments[name] for name in _SAME if name in arguments}
    if mechanism != "JWT":
        rest["user"] = user
    rest.setdefault("retries", _RETRIES)
    rest["auth_mechanism"] = mechanism
    connection = dbapi.connect(line.host, line.port, use_ssl=line.tls is not None, **rest)
    http = connection.service.client._iprot.trans._TBufferedTransport__trans
    http.setTimeout(line.greeting * 1000)
    http.context = line.tls
    return connection, lambda: http.setTimeout(line.timeout * 1000)


_SAME = ("password", "kerberos_service_name", "krb_host", "http_path")


def _session(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The configuration with which a session opens: its schema.

    impyla would send USE without quotes, which an Impala refuses for a schema that it does not know yet.
    """
    return {"use:database": arguments["database"]} if "database" in arguments else {}
