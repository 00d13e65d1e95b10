"""Thrift transports that give up a login that hangs, check certificates, and close quietly.

This is the only module that imports Thrift at its top: both drivers connect through it.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import Any

from puresasl.client import SASLClient
from thrift.transport.THttpClient import THttpClient
from thrift.transport.TSocket import TSocket
from thrift.transport.TSSLSocket import TSSLSocket
from thrift.transport.TTransport import TBufferedTransport, TTransportException
from thrift_sasl import TSaslClientTransport

from ciss_luigi.engines.hiveserver2.line import Line

# Thrift logs a refused connection with a traceback, on top of the error; it must not reach a bare terminal.
logging.getLogger("thrift").addHandler(logging.NullHandler())


class _TlsSocket(TSSLSocket):  # type: ignore[misc]
    """A TLS socket that can be closed before it is open; Thrift's own then hides the first error."""

    def close(self) -> None:
        """Close it, if it ever was open."""
        if self.handle is not None:
            super().close()


class _Greeting:
    """Connects and logs in within ``Line.greeting``; later answers may take the whole timeout."""

    def __init__(self, line: Line, socket: Any, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._line = line
        self._socket = socket

    def open(self) -> None:
        """Connect and log in."""
        self._socket.setTimeout(self._line.greeting * 1000)
        super().open()  # type: ignore[misc]
        self._socket.setTimeout(self._line.timeout * 1000)


class _Login(SASLClient):  # type: ignore[misc]
    """A SASL client with the methods that thrift_sasl calls.

    Each driver has its own, but they mix up the directions, which fails if the server wants Kerberos messages
    signed or sealed (``hive.server2.thrift.sasl.qop``).
    """

    def start(self, mechanism: str) -> tuple[bool, str, bytes]:
        """The first message."""
        self.choose_mechanism([mechanism])
        return True, mechanism, self.process()

    def step(self, challenge: bytes) -> tuple[bool, bytes]:
        """The answer to a challenge."""
        return True, self.process(challenge)

    def encode(self, outgoing: bytes) -> tuple[bool, bytes]:
        """A message to send: plain or sealed, with its length before it."""
        sealed = self.wrap(outgoing)
        # puresasl gives back the same object if the server wants nothing signed or sealed
        return True, outgoing if sealed is outgoing else struct.pack(">I", len(sealed)) + sealed

    def decode(self, incoming: bytes) -> tuple[bool, bytes]:
        """A message that was received sealed, with its length before it."""
        return True, self.unwrap(incoming[4:])


class _Bare(_Greeting, TBufferedTransport):  # type: ignore[misc]
    """No login at all."""


class _Sasl(_Greeting, TSaslClientTransport):  # type: ignore[misc]
    """A login by SASL."""


def bare(line: Line) -> Any:
    """A binary transport without a login."""
    socket = _socket(line)
    return _Bare(line, socket, socket)


def by_password(line: Line, user: str, password: str) -> Any:
    """A binary transport with a login by user and password."""
    return _sasl(line, "PLAIN", lambda: _Login(line.host, username=user, password=password))


def kerberos(line: Line, service: str, host: str) -> Any:
    """A binary transport with a login by a Kerberos ticket for service and host."""
    return _sasl(line, "GSSAPI", lambda: _Login(host, service=service))


def _sasl(line: Line, mechanism: str, client: Callable[[], Any]) -> Any:
    socket = _socket(line)
    return _Sasl(line, socket, client, mechanism, socket)


def _socket(line: Line) -> Any:
    if line.tls is None:
        return TSocket(line.host, line.port)
    # The context has checked the host name if it was wanted; Thrift would always check it.
    return _TlsSocket(line.host, line.port, ssl_context=line.tls, validate_callback=_accept)


def _accept(certificate: Any, host: str) -> None:
    """Accept every certificate that the context has accepted."""


class Http(THttpClient):  # type: ignore[misc]
    """A transport by HTTP; a login in the headers of each request."""

    def __init__(self, line: Line, path: str, headers: Callable[[], dict[str, str]]) -> None:
        scheme = "https" if line.tls is not None else "http"
        super().__init__(f"{scheme}://{line.address}/{path}", ssl_context=line.tls)
        self._line = line
        self.setTimeout(line.greeting * 1000)  # until the first answer
        self._make_headers = headers

    def flush(self) -> None:
        """Send a request; raises TTransportException for an answer that is not Thrift."""
        self.setCustomHeaders(self._make_headers())
        super().flush()
        self.setTimeout(self._line.timeout * 1000)
        if self.code >= 300:  # noqa: PLR2004 - HTTP's own border between success and the rest
            raise TTransportException(message=f"HTTP {self.code} {self.message}")
