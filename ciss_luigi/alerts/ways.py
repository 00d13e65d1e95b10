"""Which channels a site has: their names for the outbox, and the channels themselves for the sender."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ciss_luigi.config.telling import Alerts

if TYPE_CHECKING:
    from ciss_luigi.alerts.channel import Channel
    from ciss_luigi.alerts.mail import Relay
    from ciss_luigi.alerts.outbox import Outbox
    from ciss_luigi.alerts.records import Records

MAIL, DESK_BY_MAIL, DESK = "mail", "sdp_mail", "desk"
"""As in mail.py and desk.py, which are not imported for them: a command that sends nothing must not pay."""


def names(alerts: Alerts) -> list[str]:
    """The names of all channels, in the order in which they are listed."""
    found = [MAIL] if alerts.mail_to else []
    found += [DESK] if alerts.sdp_url else []
    found += [DESK_BY_MAIL] if alerts.sdp_mail else []
    return found + [channel_name(url) for url in alerts.channels]


def channel_name(url: str) -> str:
    """A name for a channel whose URL is a secret: its scheme, and a few digits that tell it from others."""
    return f"{url.partition(':')[0]}-{hashlib.sha256(url.encode()).hexdigest()[:6]}"


def make(alerts: Alerts, outbox: Outbox, records: Records) -> Iterator[Channel]:
    """The channels; nothing is opened yet. For mail this reads Luigi's sections."""
    from ciss_luigi.alerts.desk import Desk
    from ciss_luigi.alerts.web import Web

    if alerts.mail_to or alerts.sdp_mail:
        yield from _by_mail(alerts)
    if alerts.sdp_url:
        yield Desk(alerts, outbox, records, Web(alerts.ca_cert))
    if alerts.channels:
        from ciss_luigi.alerts.channels import AppriseChannel

        yield from (AppriseChannel(channel_name(url), url) for url in alerts.channels)


def _by_mail(alerts: Alerts) -> Iterator[Channel]:
    """What goes by the relay; sections of Luigi's that cannot be read keep no other channel from sending."""
    from ciss_luigi.alerts.channel import Unusable
    from ciss_luigi.alerts.mail import Mail
    from ciss_luigi.alerts.words import shortened

    wanted = {MAIL: alerts.mail_to, DESK_BY_MAIL: (alerts.sdp_mail,) if alerts.sdp_mail else ()}
    try:
        relay = _relay(alerts)
    except Exception as error:  # Luigi's parameters raise many kinds; the other channels must go on
        why = shortened(f"{type(error).__name__}: {error}", 300)
        yield from (Unusable(name, why) for name, to in wanted.items() if to)
        return
    for name, to in wanted.items():
        if to:
            cc = alerts.mail_cc if name == MAIL else ()
            yield Mail(name, relay, to, cc, token=name == DESK_BY_MAIL)


def _relay(alerts: Alerts) -> Relay:
    from luigi.notifications import email, smtp

    from ciss_luigi.alerts.mail import Relay
    from ciss_luigi.plaintext import remember

    server, letter = smtp(), email()  # type: ignore[no-untyped-call]
    if server.password:
        remember(str(server.password))
    return Relay(
        host=str(server.host),
        port=int(server.port),
        sender=str(letter.sender),
        prefix=str(letter.prefix or ""),
        username=str(server.username or ""),
        password=str(server.password or ""),
        ssl=bool(server.ssl),
        no_tls=bool(server.no_tls),
        local_hostname=server.local_hostname,
        seconds=float(server.timeout or 10),
        verify=alerts.mail_verify,
        ca_cert=alerts.ca_cert,
    )
