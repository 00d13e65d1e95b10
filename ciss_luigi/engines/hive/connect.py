"""How PyHive connects to Hive and to Spark's Thrift server.

It uses our own transports: PyHive's neither time out nor check a certificate.
"""

from __future__ import annotations

import base64
import getpass
from collections.abc import Callable, Mapping
from typing import Any

from ciss_luigi.config.connectargs import KERBEROS
from ciss_luigi.engines.hiveserver2.line import Line, as_no_connection, line

_HTTP_PATH = "cliservice"


def connector(host: str, port: int, arguments: Mapping[str, Any], scheme: str | None) -> Callable[[], Any]:
    """A function that opens a connection and its session; ``arguments`` are those of ``connectargs``.

    Opening raises NoConnection.
    """
    to_server = line(host, port, arguments, tls=scheme == "https")
    session = {key: arguments[key] for key in ("database", "configuration") if key in arguments}
    session["username"] = arguments.get("username") or getpass.getuser()

    def connect() -> Any:
        from pyhive import hive

        with as_no_connection(to_server):
            make = _http if scheme else _binary
            return hive.connect(thrift_transport=make(to_server, arguments, session["username"]), **session)

    return connect


def _binary(line: Line, arguments: Mapping[str, Any], user: str) -> Any:
    from ciss_luigi.engines.hiveserver2 import transports

    auth = arguments.get("auth", "NONE")
    if auth == "NOSASL":
        return transports.bare(line)
    if auth in KERBEROS:
        service = arguments.get("kerberos_service_name", "hive")
        return transports.kerberos(line, service, arguments.get("krb_host", line.host))
    # A server that does not check the password still needs one
    return transports.by_password(line, user, arguments.get("password", "x"))


def _http(line: Line, arguments: Mapping[str, Any], user: str) -> Any:
    from ciss_luigi.engines.hiveserver2 import transports

    path = arguments.get("http_path", _HTTP_PATH).strip("/")
    if arguments.get("auth") in KERBEROS:
        service = arguments.get("kerberos_service_name", "hive")
        host = arguments.get("krb_host", line.host)
        return transports.Http(line, f"{path}/", lambda: _negotiated(f"{service}@{host}"))
    login = f"{user}:{arguments.get('password', 'x')}".encode()
    basic = {"Authorization": "Basic " + base64.b64encode(login).decode()}
    return transports.Http(line, f"{path}/", lambda: basic)


def _negotiated(service: str) -> dict[str, str]:
    """The header with a Kerberos token, good for one request; for later ones the server may give a cookie."""
    import kerberos

    _, context = kerberos.authGSSClientInit(service)
    kerberos.authGSSClientStep(context, "")
    return {"Authorization": f"Negotiate {kerberos.authGSSClientResponse(context)}"}
