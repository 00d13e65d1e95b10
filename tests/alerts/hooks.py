"""A real HTTP server that takes what channels and dead-man services are sent."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.connections.certificates import Certificate


@dataclass
class Hooks:
    """Every call: method and path, and its body; ``code`` is what it answers."""

    port: int = 0
    code: int = 200
    delay: float = 0
    """So many seconds it waits before it answers."""
    calls: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def _take(self) -> None:
        hooks: Hooks = self.server.hooks  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        hooks.calls.append(f"{self.command} {self.path}")
        hooks.bodies.append(body)
        time.sleep(hooks.delay)
        self.send_response(hooks.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _take  # noqa: N815 - the server's own names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hooking(certificate: Certificate | None = None) -> Iterator[Hooks]:
    """Such a server, for a block; over TLS with a certificate."""
    hooks = Hooks()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hooks = hooks  # type: ignore[attr-defined]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hooks.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hooks
    finally:
        server.shutdown()
        server.server_close()
