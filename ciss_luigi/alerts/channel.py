"""What the sender expects of a channel: it takes a message, or says why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ciss_luigi.alerts.failure import Failure
from ciss_luigi.alerts.outbox import Entry
from ciss_luigi.plaintext import without_secrets


class NotTaken(Exception):
    """A channel did not take a message, which is then kept; ``str`` of it holds no secret.

    ``stop`` says that the channel will take no other message now either. ``left`` are the addresses of a
    mail that were refused, ``had`` those that have it; None if no address was asked. ``uncertain`` says that
    the desk may have done it all the same, so it must be searched before the message is sent again.
    """

    def __init__(
        self,
        why: str,
        *,
        stop: bool = False,
        wait_minutes: float = 0,
        left: tuple[str, ...] = (),
        had: tuple[str, ...] | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(why)
        self.stop = stop
        self.wait_minutes = wait_minutes
        self.left = left
        self.had = had
        self.uncertain = uncertain


@dataclass(frozen=True)
class Taken:
    """A channel took a message; ``warning`` is what it said about it, if that matters."""

    request: str = ""
    warning: str = ""


class Channel(Protocol):
    """One way to people."""

    @property
    def name(self) -> str:
        """Its name in the outbox and in ``ciss alerts``; no secret."""

    def send(self, entry: Entry, failure: Failure | None) -> Taken:
        """Send one message; raises NotTaken."""

    def close(self) -> None:
        """Put away what was opened to send; raises nothing."""


def tried(channel: Channel, entry: Entry, failure: Failure | None) -> Taken:
    """Have a channel send a message; raises NotTaken, also for an error that the channel did not foresee."""
    try:
        return channel.send(entry, failure)
    except NotTaken:
        raise
    except Exception as error:  # the libraries of the channels raise their own
        why = without_secrets(f"{type(error).__name__}: {error}")
        raise NotTaken(f"it broke off ({why})", uncertain=True) from None


@dataclass(frozen=True)
class Unusable:
    """A channel whose settings cannot be used: it takes nothing and says why; other channels still work."""

    name: str
    why: str

    def send(self, entry: Entry, failure: Failure | None) -> Taken:
        """Take nothing: raises NotTaken."""
        raise NotTaken(f"nothing can be sent: {self.why}", stop=True, uncertain=entry.uncertain)

    def close(self) -> None:
        """Nothing was opened."""
