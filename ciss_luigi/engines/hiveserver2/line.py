"""The connection to a server, and why there is none, in the same words for both drivers."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SOCKET_TIMEOUT_SECONDS = 600.0
GREETING_SECONDS = 60.0


@dataclass(frozen=True)
class Line:
    """Where a server is, how to talk to it, and how long it may take for an answer."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    timeout: float

    @property
    def address(self) -> str:
        """Host and port as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def greeting(self) -> float:
        """How long connecting and logging in may take: a server of another protocol never answers."""
        return min(self.timeout, GREETING_SECONDS)


class NoConnection(Exception):
    """There is no session on the server; the text says why, and names the setting."""

    def __init__(self, words: str, *, may_pass: bool = False) -> None:
        super().__init__(words)
        self.may_pass = may_pass
        """Whether nothing listens there, as while a server is being restarted."""


def line(host: str, port: int, arguments: Mapping[str, Any], *, tls: bool = False) -> Line:
    """The line that the common names of connect_args describe."""
    context = None
    if arguments.get("use_ssl", tls):
        context = tls_context(arguments.get("ca_cert"), arguments.get("check_hostname", True))
    return Line(host, port, context, arguments.get("timeout", SOCKET_TIMEOUT_SECONDS))


def tls_context(ca_cert: str | None, check_hostname: bool) -> ssl.SSLContext:
    """Certificates are checked, by the system's authorities or the given ones.

    Without ``check_hostname`` the name in the certificate does not matter; with no authority named
    either, nothing is checked.
    """
    context = ssl.create_default_context(cafile=ca_cert)
    context.check_hostname = check_hostname
    if not check_hostname and ca_cert is None:
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def as_no_connection(line: Line) -> Iterator[None]:
    """Raise what goes wrong while connecting as NoConnection, with the reason that the drivers hide."""
    before = sys.exception()  # a reconnect happens while another error is handled, which is not the reason
    try:
        yield
    except Exception as error:  # of the socket, of TLS, of the login, of Thrift, of the driver
        causes = list(_causes(error, before))
        refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
        raise NoConnection(f"{line.address} {_reason(error, causes, line)}", may_pass=refused) from error


def _reason(error: Exception, causes: Sequence[BaseException], line: Line) -> str:
    for cause in causes:
        reason = _by_type(cause, line)
        if reason:
            return reason
    text = " / ".join(str(cause) for cause in causes)
    for pattern, reason in _WORDS:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return found.expand(reason)
    answer = error.args[0] if error.args else None
    message = getattr(getattr(answer, "status", None), "errorMessage", None) or str(error)
    words = re.sub(r"^Error while compiling statement: (FAILED: )?", "", message)
    return f"cannot be used: {words or type(error).__name__}"


def _causes(error: BaseException | None, before: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it, the first cause first. Thrift keeps one in ``inner``."""
    if error is not None and error is not before:
        yield from _causes(error.__cause__ or error.__context__, before)
        yield from _causes(getattr(error, "inner", None), before)
        yield error


def _by_type(error: BaseException, line: Line) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if isinstance(error, ssl.SSLError):
        hangs_up = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        if hangs_up or error.reason in _PLAIN_TEXT:
            return _NO_TLS
        return f"does not agree on TLS: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        return f"cannot be found: {error.strerror}"
    for kind, reason in _TYPES.items():
        if isinstance(error, kind):
            return reason.format(seconds=line.greeting)
    return ""


_PLAIN_TEXT = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}
"""An answer that is not TLS. (A server that hangs up instead is an EOF, for Python 3.11.2 a close.)"""

_NO_TLS = "does not speak TLS on this port; without TLS, set use_ssl: false"
_NO_HTTP = "does not answer by HTTP on this port; it may want HTTPS, or a binary transport"
_TYPES: Mapping[type[BaseException], str] = {
    TimeoutError: (
        "did not answer within {seconds:g} s; a server that expects another auth, or TLS, waits for ever"
    ),
    ConnectionRefusedError: "refuses the connection: nothing listens there",
    http.client.BadStatusLine: _NO_HTTP,
}
_UNTRUSTED = {18, 19, 20, 21}
_OTHER_NAME = {62, 64}
"""OpenSSL's numbers (``X509_V_ERR_...``): no trusted issuer; another host name, another IP address."""


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    words = error.verify_message.rstrip(".")
    if error.verify_code in _UNTRUSTED:
        return f"shows a certificate of an authority not trusted here ({words}); name its PEM file as ca_cert"
    if error.verify_code in _OTHER_NAME:
        return (
            f"shows a certificate for another name ({words}); use the name that is in it, "
            "or check_hostname: false"
        )
    return f"shows a certificate that is not valid ({words})"


_WORDS = (
    (r"Error validating the login|[Aa]uthentication fail|HTTP(?: code)?:? 40[13]",
     r"refuses the user name, the password or the way of logging in (auth, auth_mechanism)"),
    (r"Unsupported mechanism type (\w+)", r"does not take \1; it may want Kerberos (auth, auth_mechanism)"),
    (r"(No Kerberos credentials available[^'\"]*)", r"wants a Kerberos ticket, and there is none: run kinit"),
    (r"Ticket expired|context has expired",
     r"wants a Kerberos ticket, and the one that is there has expired: run kinit"),
    (r"(Server \S+ not found in Kerberos database)",
     r"has another Kerberos name (\1); see kerberos_service_name and krb_host"),
    (r"HTTP(?: code)?:? (40[45])", r"knows no such path (HTTP \1); see http_path"),
    (r"HTTP(?: code)?:? (\d+)[: ]*(\w[\w ]*)", r"answers HTTP \1 \2"),
    (r"TSocket read 0 bytes|Connection reset|Broken pipe",
     r"closes the line while logging in; it may want TLS (use_ssl) or another auth"),
)  # fmt: skip
"""Reasons that come only as text, and what to look at."""
