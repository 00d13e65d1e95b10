"""Messages that a channel has not taken yet: one file each, kept until it is sent, for at most seven days.

A message is written down and synced before anybody tries to send it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ciss_luigi.alerts.failure import Failure, What
from ciss_luigi.alerts.words import Message
from ciss_luigi.plainfile import read_plain
from ciss_luigi.state.files import remove, write_whole

logger = logging.getLogger("luigi-interface.ciss_luigi")

KEPT = dt.timedelta(days=7)


@dataclass(frozen=True)
class Entry:
    """One message for one channel; times are ISO with offset."""

    channel: str
    failure: str
    """The failure's id."""
    number: int
    """The number of the message among those about the failure, from 1."""
    what: What
    subject: str
    text: str
    created_at: str
    tries: int = 0
    error: str = ""
    """Why the last try failed."""
    not_before: str = ""
    left: tuple[str, ...] = ()
    """The addresses that have refused the mail."""
    had: tuple[str, ...] | None = None
    """The addresses that have the mail; None if nobody was asked yet, and in older entries."""
    uncertain: bool = False
    """Whether something was sent to the desk and it is not known what the desk did with it."""

    @property
    def name(self) -> str:
        """The name of its file; the same message always gets the same name."""
        return f"{self.failure}-{self.number}-{self.channel}.json"

    def may_go(self, now: dt.datetime) -> bool:
        """Whether it may be tried now."""
        return not self.not_before or dt.datetime.fromisoformat(self.not_before) <= now


class Outbox:
    """The outbox of one ``state_dir``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "outbox"

    def put(
        self, failure: Failure, what: What, message: Message, channels: Sequence[str], now: dt.datetime
    ) -> None:
        """Write a message down for some channels; raises OSError."""
        for channel in channels:
            self.write(
                Entry(
                    channel,
                    failure.id,
                    failure.number,
                    what,
                    message.subject,
                    message.text,
                    now.isoformat(timespec="microseconds"),
                )
            )

    def write(self, entry: Entry) -> Entry:
        """Write an entry, new or changed, and return it. Raises OSError."""
        text = json.dumps({"format": 1, **asdict(entry)}, indent=1, ensure_ascii=False) + "\n"
        write_whole(self._folder / entry.name, text)
        return entry

    def remove(self, entry: Entry) -> None:
        """Remove an entry; raises OSError."""
        remove(self._folder / entry.name)

    def entries(self, channel: str = "") -> list[Entry]:
        """The entries that wait, oldest first; only those of ``channel`` if it is given."""
        found = [entry for path in self._folder.glob("*.json") if (entry := _read(path)) is not None]
        wanted = [entry for entry in found if channel in ("", entry.channel)]
        return sorted(wanted, key=lambda entry: (entry.created_at, entry.name))

    def failed(self, entry: Entry, error: str, now: dt.datetime, *, wait_minutes: float = 0) -> Entry:
        """Note that a try failed; raises OSError."""
        later = (now + dt.timedelta(minutes=wait_minutes)).isoformat() if wait_minutes else ""
        return self.write(replace(entry, tries=entry.tries + 1, error=error, not_before=later))

    def drop_old(self, now: dt.datetime, channels: Sequence[str] | None) -> Iterator[tuple[Entry, str]]:
        """Take out what waited too long or is for a channel that is gone; gives what it took, and why.

        ``channels`` is None where it is not known which are gone.
        """
        for entry in self.entries():
            age = now - dt.datetime.fromisoformat(entry.created_at)
            if age > KEPT:
                why = f"no try in {KEPT.days} days worked; the last: {entry.error or 'none'}"
            elif channels is not None and entry.channel not in channels:
                why = "the channel is no longer configured"
            else:
                continue
            self.remove(entry)
            yield entry, why


def _read(path: Path) -> Entry | None:
    try:
        values: dict[str, Any] = json.loads(read_plain(path))
        known = {one.name for one in fields(Entry)}
        given = {name: value for name, value in values.items() if name in known}
        given["what"] = What(given["what"])
        given["left"] = tuple(given.get("left", ()))
        given["had"] = None if given.get("had") is None else tuple(given["had"])
        entry = Entry(**given)
        dt.datetime.fromisoformat(entry.created_at)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s is ignored: it cannot be read (%s: %s)", path, type(error).__name__, error)
        return None
    return entry if entry.name == path.name else None
