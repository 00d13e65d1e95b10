"""A real SMTP server (aiosmtpd) that can be told to misbehave, and what it took."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.command import free_port
from tests.connections.certificates import Certificate

USER, PASSWORD = "ciss", "re:lay pass%word"


@dataclass
class Post:
    """A mail that the relay took: from whom, to whom, and the mail itself."""

    sender: str
    to: list[str]
    mail: EmailMessage
    secured: bool
    login: bool

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def text(self) -> str:
        content: str = self.mail.get_content()
        return content.replace("\r\n", "\n")


@dataclass
class Relay:
    """The server's behaviour, and its post."""

    port: int
    post: list[Post] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Answers for some addresses, such as ``450 greylisted``."""
    answer: str = ""
    """What it says to a whole mail, instead of taking it."""
    hang: Callable[[], bool] = lambda: False
    """Whether it stops answering in the middle of a mail."""
    tries: int = 0
    host: str = "localhost"

    async def handle_RCPT(  # noqa: N802 - the server's own name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tries += 1
        if self.hang():
            await asyncio.sleep(3600)
        if self.answer:
            return self.answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail: Any = email.message_from_bytes(content, policy=email.policy.default)
        self.post.append(
            Post(
                envelope.mail_from or "",
                list(envelope.rcpt_tos),
                mail,
                secured=server.transport is not None
                and server.transport.get_extra_info("ssl_object") is not None,
                login=session.authenticated is True,
            )
        )
        return "250 taken"

    def smtp_section(self, **more: object) -> str:
        """Luigi's own sections that lead here."""
        keys = {"host": self.host, "port": self.port, **more}
        lines = [f"{key} = {value}" for key, value in keys.items()]
        return "\n".join(["[smtp]", *lines, "[email]", "sender = ciss@billing.example.com", ""])


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=False)  # handled=True would leave the client without an answer


@contextmanager
def relaying(
    *,
    starttls: Certificate | None = None,
    implicit: Certificate | None = None,
    login: bool = False,
    port: int = 0,
) -> Iterator[Relay]:
    """A relay that listens, for a block."""
    relay = Relay(port or free_port())
    how: dict[str, Any] = {}
    if starttls is not None:
        how = {"tls_context": _context(starttls), "require_starttls": login}
    if implicit is not None:
        how = {"ssl_context": _context(implicit), "auth_require_tls": False}
    if login:
        how |= {"authenticator": _authenticate, "auth_required": True}
        if starttls is None:
            how["auth_require_tls"] = False
    controller = Controller(relay, hostname=relay.host, port=relay.port, **how)
    controller.start()
    try:
        yield relay
    finally:
        controller.stop()


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def ca_of(folder: Path) -> Path:
    """Where a test's authority is kept."""
    return folder / "authority.pem"
