"""Mail through the relay of Luigi's own ``[smtp]`` and ``[email]``; its certificate is checked.

Luigi's own mailer is not used: it checks no certificate, sets neither Date nor Message-ID, and calls each
error a failed connection. All mails about one failure are one thread.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, parseaddr
from pathlib import Path

from ciss_luigi.alerts.channel import NotTaken, Taken
from ciss_luigi.alerts.failure import Failure
from ciss_luigi.alerts.outbox import Entry
from ciss_luigi.alerts.words import harmless, shortened
from ciss_luigi.plaintext import one_line, without_secrets

MAIL, DESK_BY_MAIL = "mail", "sdp_mail"
_SECONDS = 10.0
"""The limit for each answer of the relay; the sender as a whole has its own limit."""
_LINE = 900


@dataclass(frozen=True)
class Relay:
    """The settings of Luigi's ``[smtp]`` and ``[email]`` that matter here."""

    host: str
    port: int
    sender: str
    prefix: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ssl: bool = False
    no_tls: bool = False
    local_hostname: str | None = None
    seconds: float = _SECONDS
    verify: bool = True
    ca_cert: Path | None = None


class Mail:
    """One or more mail addresses that get every message; one connection for all messages of a round."""

    def __init__(
        self, name: str, relay: Relay, to: Sequence[str], cc: Sequence[str] = (), *, token: bool = False
    ) -> None:
        self.name = name
        self._relay = relay
        self._to = tuple(to)
        self._cc = tuple(cc)
        self._token = token
        self._connection: smtplib.SMTP | None = None

    def send(self, entry: Entry, failure: Failure | None) -> Taken:
        """Send one mail to all who have not got it yet; raises NotTaken."""
        written = self._written(entry, failure)
        everybody = [address for _, address in getaddresses([*self._to, *self._cc])]
        wanted = [one for one in everybody if one not in _had(entry, everybody)]
        if not wanted:  # who refused it is no longer to be told
            return Taken()
        try:
            connection = self._open()
            # not send_message: it changes a line of ours that begins with From
            refused = connection.sendmail(self._sender, wanted, written.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            self._start_again()
            raise _refused(error.recipients, everybody, _had(entry, everybody)) from None
        except smtplib.SMTPResponseException as error:
            self.close()
            stop = isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPAuthenticationError)
            raise NotTaken(f"the relay {self._where} said: {_words(error)}", stop=stop) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.close()
            raise NotTaken(f"the relay {self._where}: {_trouble(error)}", stop=True) from None
        if refused:
            had = [*_had(entry, everybody), *(one for one in wanted if one not in refused)]
            raise _refused(refused, everybody, had)
        return Taken()

    def close(self) -> None:
        """Leave the relay."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _start_again(self) -> None:
        if self._connection is not None:
            try:
                self._connection.rset()
            except (OSError, smtplib.SMTPException):
                self.close()

    def _open(self) -> smtplib.SMTP:
        if self._connection is None:
            self._connection = _connected(self._relay)
        return self._connection

    @property
    def _where(self) -> str:
        return f"{self._relay.host}:{self._relay.port or smtplib.SMTP_PORT}"

    @property
    def _sender(self) -> str:
        return parseaddr(self._relay.sender)[1]

    def _written(self, entry: Entry, failure: Failure | None) -> EmailMessage:
        """The mail. The first one about a failure has an id that all later ones name."""
        mail = EmailMessage(policy=SMTP.clone(max_line_length=_LINE))
        answer = entry.number > 1
        token = f"[CISS-{entry.failure}] " if self._token else ""
        prefix = f"{self._relay.prefix} " if self._relay.prefix else ""
        mail["Subject"] = shortened(f"{'Re: ' if answer else ''}{prefix}{token}{entry.subject}", 250)
        mail["From"] = self._relay.sender
        mail["To"] = ", ".join(self._to)
        if self._cc:
            mail["Cc"] = ", ".join(self._cc)
        mail["Date"] = format_datetime(datetime.fromisoformat(entry.created_at).astimezone())
        mail["Message-ID"] = self._id(entry, entry.number)
        if answer:
            mail["In-Reply-To"] = mail["References"] = self._id(entry, 1)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(harmless(entry.text) + "\n", charset="utf-8", cte="quoted-printable")
        return mail

    def _id(self, entry: Entry, number: int) -> str:
        domain = self._sender.rpartition("@")[2] or "localhost"
        return f"<ciss.{entry.failure}.{number}.{self.name}@{domain}>"


def _connected(relay: Relay) -> smtplib.SMTP:
    """A session with the relay, with TLS and a login as the relay offers and the site configures."""
    context = _context(relay)
    if relay.ssl:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            relay.host, relay.port, relay.local_hostname, timeout=relay.seconds, context=context
        )
    else:
        connection = smtplib.SMTP(relay.host, relay.port, relay.local_hostname, timeout=relay.seconds)
    try:
        connection.ehlo_or_helo_if_needed()
        if not relay.ssl and not relay.no_tls and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
        if relay.username and relay.password:
            _require_secured(connection, relay)
            connection.login(relay.username, relay.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_secured(connection: smtplib.SMTP, relay: Relay) -> None:
    """Raise if a password would go without TLS: an attacker can hide that the relay offers STARTTLS."""
    if relay.verify and not relay.no_tls and not isinstance(connection.sock, ssl.SSLSocket):
        raise smtplib.SMTPException(
            "it offers no STARTTLS, and the password would be sent without encryption; "
            "[smtp] no_tls = true allows that"
        )


def _context(relay: Relay) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if relay.ca_cert is not None:
        context.load_verify_locations(relay.ca_cert)
    if not relay.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _had(entry: Entry, everybody: Sequence[str]) -> Sequence[str]:
    """The addresses that have the mail already."""
    if entry.had is not None:
        return entry.had
    # an older entry lists only who refused it
    known = entry.left and set(entry.left) <= set(everybody)
    return [one for one in everybody if one not in entry.left] if known else ()


def _refused(answers: dict[str, tuple[int, bytes]], everybody: Sequence[str], had: Sequence[str]) -> NotTaken:
    """The error for addresses that were refused, for now or for good."""
    told = [f"{address}: {code} {_text(words)}" for address, (code, words) in answers.items()]
    others = "; the others have it" if len(answers) < len(everybody) else ""
    return NotTaken(f"refused for {'; '.join(told)}{others}", left=tuple(answers), had=tuple(had))


def _words(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return shortened(text, 300)


def _trouble(error: Exception) -> str:
    if isinstance(error, TimeoutError) or str(error).endswith("timed out"):  # smtplib rewords some
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); a private authority goes into "
            "[ciss_alerts] ca_cert, and mail_verify = false trusts anybody"
        )
    return one_line(without_secrets(str(error) or type(error).__name__))
