"""A failure: what makes two of them the same, and all that is known of one.

The rules are in ``docs/operations.md``, section "Who is told when".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

_MOST_TEXT = 8000
_IDS = re.compile(r"\b(?=[0-9a-f-]*[0-9])[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b")
_NUMBERS = re.compile(r"\d+(?:[.,:/T-]+\d+)*")
_PLURALS = re.compile(r"(?<=# )([a-z]+)s\b")
_LISTS = re.compile(r"#(?:(?:, | and | to |\.\.)#)+")


class ClosedBy(StrEnum):
    """What closes a failure."""

    DATES = "dates"
    """Every one of its dates is merged, or a newer date is."""
    CONFIGURATION = "configuration"
    """The next command that gets past the configuration."""
    COMMAND = "command"
    """The next command that ends well, because no date of the failure is known."""
    COMPARED = "compared"
    """The next comparison of the same tables that finds no difference."""
    NEVER = "never"
    """Nothing: it is told once and not kept open."""


class What(StrEnum):
    """The kinds of messages."""

    FAILURE = "failure"
    REPEAT = "repeat"
    RECOVERY = "recovery"
    JUMP = "jump"
    TEST = "test"


@dataclass(frozen=True)
class Seen:
    """One failure as it was just seen: at the end of a command, or by ``ciss watch``."""

    headline: str
    """What happened in a few words, without dates: ``BuildTemp failed``."""
    step: str
    exit_code: int
    kind: str
    """The class of the error, or the state that ``ciss watch`` found."""
    error: str
    """What failed, what state the data is in, and the next command."""
    dates: tuple[str, ...] = ()
    engine: str = ""
    scope: ClosedBy = ClosedBy.DATES
    log: str = ""
    """The last lines of the command's log."""
    compared: str = ""
    """The text that is compared to find the same failure again, where that is not ``error``."""
    own_signature: str = ""
    """The signature itself, where no text is compared."""
    began: str = ""
    """When the run began (ISO), if ``ciss watch`` found a run that began and never ended."""

    @property
    def is_watched(self) -> bool:
        """Whether ``ciss watch`` saw it, and not the command that failed: it knows of no exit code."""
        return self.exit_code == 0

    @property
    def signature(self) -> str:
        """The same for failures that are the same: step, exit code, kind and the set of the lines.

        Numbers, dates, months and ids are left out of the lines.
        """
        lines = sorted({_without_numbers(line) for line in (self.compared or self.error).splitlines()})
        parts = [self.step, str(self.exit_code), self.kind, *lines]
        text = self.own_signature or "\n".join(parts)
        return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]


def _without_numbers(line: str) -> str:
    # "1 row" and "2 rows" differ by their number alone
    counts = _PLURALS.sub(r"\1", _NUMBERS.sub("#", _IDS.sub("#", line)))
    return _LISTS.sub("#", counts).strip()


@dataclass(frozen=True)
class Sent:
    """One message that a channel took."""

    at: str
    channel: str
    what: str
    number: int


@dataclass(frozen=True)
class Failure:
    """One failure from its first time to its end; times are ISO with offset.

    ``dates`` are those that are not healed yet. ``number`` counts the messages about it.
    """

    id: str
    signature: str
    step: str
    exit_code: int
    kind: str
    error: str
    scope: ClosedBy
    since: str
    last: str
    subject: str
    host: str = ""
    engine: str = ""
    log: str = ""
    count: int = 1
    dates: tuple[str, ...] = ()
    healed: tuple[str, ...] = ()
    told_at: str = ""
    number: int = 0
    closed_at: str = ""
    request: str = ""
    """The desk's id of the request, once it is known."""
    headline: str = ""
    """What happened when it was seen last; "" in records of 0.1.0."""
    sent: tuple[Sent, ...] = field(default=())

    @property
    def token(self) -> str:
        """What finds this failure's request at the desk again."""
        return f"CISS-{self.id}"

    @property
    def is_watched(self) -> bool:
        """Whether only ``ciss watch`` has seen it so far."""
        return self.exit_code == 0

    @property
    def is_told(self) -> bool:
        """Whether a message about it was ever written."""
        return self.number > 0

    def again(self, seen: Seen, now: str) -> Failure:
        """The failure after it was seen once more; what a command says takes the place of what watch saw."""
        dates = tuple(sorted({*self.dates, *seen.dates}))
        healed = tuple(date for date in self.healed if date not in seen.dates)
        now_known = seen if seen.exit_code else self  # the command's signature must find the failure again
        is_dated = bool(seen.dates) and seen.scope is ClosedBy.DATES and self.scope is ClosedBy.COMMAND
        is_news = not seen.is_watched or seen.kind != self.kind  # ciss watch looks again and again
        return replace(
            self,
            headline=seen.headline,
            # once a date is known, only its merge is the end: not any other command that ends well
            scope=ClosedBy.DATES if is_dated else self.scope,
            signature=now_known.signature,
            step=now_known.step,
            exit_code=now_known.exit_code,
            kind=seen.kind,
            error=seen.error[:_MOST_TEXT],
            log=seen.log,
            engine=seen.engine or self.engine,
            last=now,
            count=self.count + is_news,
            dates=dates,
            healed=healed,
        )

    def to_json(self) -> dict[str, Any]:
        """The failure as its file has it."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Failure:
        """A failure out of its file; raises ValueError, KeyError or TypeError for anything else."""
        known = {one.name for one in fields(cls)}
        # what a newer version has added is left out: after a downgrade its records must still be read
        given = {name: value for name, value in values.items() if name in known}
        given["scope"] = ClosedBy(given["scope"])
        given["sent"] = tuple(Sent(**one) for one in given.get("sent", ()))
        for name in ("dates", "healed"):
            given[name] = tuple(map(str, given.get(name, ())))
        return cls(**given)


def first_seen(seen: Seen, name: str, now: str, *, host: str, subject: str) -> Failure:
    """The record of a failure that nobody has seen before."""
    return Failure(
        id=name,
        signature=seen.signature,
        step=seen.step,
        exit_code=seen.exit_code,
        kind=seen.kind,
        error=seen.error[:_MOST_TEXT],
        scope=seen.scope,
        since=now,
        last=now,
        subject=subject,
        headline=seen.headline,
        host=host,
        engine=seen.engine,
        log=seen.log,
        dates=tuple(sorted(set(seen.dates))),
    )


def span(dates: Sequence[str]) -> str:
    """Dates in a few words: one, two, or the first and the last with their number."""
    if len(dates) <= 2:  # noqa: PLR2004
        return " and ".join(dates)
    return f"{dates[0]} to {dates[-1]} ({len(dates)} dates)"
