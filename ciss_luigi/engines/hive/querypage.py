"""The page on which HiveServer2's own web UI shows one statement: what luigid's page links to."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

_PORT = "hive.server2.webui.port"
_BOUND_TO = "hive.server2.webui.host"
_WITH_TLS = "hive.server2.webui.use.ssl"


def address(ask: Callable[[str], str], host: str) -> str:
    """The page's URL without the operation's id, which comes at its end; "" if the server has no such page.

    ``ask`` returns the value of one of the server's settings. ``host`` is the one that the job connects to:
    the server often knows itself only by a name that means nothing elsewhere, or by 0.0.0.0.
    """
    port = ask(_PORT)
    if not port.isdecimal() or not int(port):  # 0 switches the web UI off; Spark does not know the setting
        return ""
    if _is_loopback(ask(_BOUND_TO)) and not _is_loopback(host):
        return ""
    scheme = "https" if ask(_WITH_TLS).lower() == "true" else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}/query_page.html?operationId="


def _is_loopback(host: str) -> bool:
    """Whether nobody but the machine itself reaches this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
