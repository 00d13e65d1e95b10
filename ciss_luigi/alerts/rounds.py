"""One round of sending: each channel in its own thread, until everything is sent or the time is over.

What a channel does not take stays in the outbox.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ciss_luigi.alerts.channel import Channel, NotTaken, Taken, tried
from ciss_luigi.alerts.failure import Sent
from ciss_luigi.alerts.outbox import Entry, Outbox
from ciss_luigi.alerts.records import Records, taken
from ciss_luigi.alerts.words import shortened
from ciss_luigi.locking.filelocks import FileLock, LocksUnusable


@dataclass(frozen=True)
class Delivery:
    """What happened to one message: ``error`` says why it is kept; empty if it was taken."""

    channel: str
    subject: str
    what: str
    error: str = ""
    warning: str = ""
    dropped: bool = False
    """Whether it is kept no more."""


Report = Callable[[Delivery], None]


@dataclass(frozen=True)
class Round:
    """The outbox and the records, for one round."""

    records: Records
    outbox: Outbox
    report: Report

    def run(self, channels: Sequence[Channel], seconds: float) -> None:
        """Try to send all that waits; returns when that is done, or after ``seconds``."""
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(
                target=self._one_channel, args=(channel, seconds), daemon=True, name=channel.name
            )
            for channel in channels
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        for thread in threads:
            if thread.is_alive():
                self.report(Delivery(thread.name, "", "", f"did not answer in {seconds:.0f} s"))

    def _one_channel(self, channel: Channel, seconds: float) -> None:
        """Send what waits for a channel; if another command is sending there, wait for it first."""
        lock = FileLock(self.records.folder / f"sending-{channel.name}.lock")
        if not taken(lock, seconds):
            return
        try:
            # read only now: what the other command has sent is gone
            self._send_all(channel, self.outbox.entries(channel.name))
        except (OSError, LocksUnusable) as error:
            self.report(Delivery(channel.name, "", "", f"what became of it cannot be written down: {error}"))
        finally:
            channel.close()
            lock.release()

    def _send_all(self, channel: Channel, entries: Iterable[Entry]) -> None:
        held: set[str] = set()
        for entry in entries:
            now = _now()
            if entry.failure in held or not entry.may_go(now):
                held.add(entry.failure)  # later ones must not overtake it
                continue
            try:
                taken = tried(channel, entry, self.records.find(entry.failure))
            except NotTaken as error:
                self._keep(entry, error, now)
                if error.stop:
                    return
                if not error.left:  # an address that refuses must not keep later messages from the others
                    held.add(entry.failure)
                continue
            self._note(entry, taken, now)

    def _keep(self, entry: Entry, error: NotTaken, now: dt.datetime) -> None:
        why = shortened(str(error), 500)
        changed = replace(
            entry,
            left=error.left or entry.left,
            had=entry.had if error.had is None else error.had,
            uncertain=error.uncertain,
        )
        self.outbox.failed(changed, why, now, wait_minutes=error.wait_minutes)
        if changed.had and not entry.had:
            self.records.note_sent(entry.failure, _sent(entry, now))
        self.report(Delivery(entry.channel, entry.subject, entry.what, why))

    def _note(self, entry: Entry, taken: Taken, now: dt.datetime) -> None:
        self.outbox.remove(entry)  # first: a full disk must not have it sent again
        self.records.note_sent(entry.failure, _sent(entry, now), request=taken.request)
        self.report(Delivery(entry.channel, entry.subject, entry.what, warning=taken.warning))


def _sent(entry: Entry, now: dt.datetime) -> Sent:
    return Sent(now.isoformat(timespec="seconds"), entry.channel, entry.what, entry.number)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
