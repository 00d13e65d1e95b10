"""What the sender expects of a channel: it takes a message, or says why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ciss_luigi.alerts.failure import Failure
from ciss_luigi.alerts.outbox import Entry


class NotTaken(Exception):
    """A channel did not take a message, which is then kept; ``str`` of it holds no secret.

    ``stop`` says that the channel will take no other message now either.
    """

    def __init__(
        self,
        why: str,
        *,
        stop: bool = False,
        wait_minutes: float = 0,
        left: tuple[str, ...] = (),
        uncertain: bool = False,
    ) -> None:
        super().__init__(why)
        self.stop = stop
        self.wait_minutes = wait_minutes
        self.left = left
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
