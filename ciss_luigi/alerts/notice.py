"""What is told, when, and only once: the rules from what was seen to what goes into the outbox.

The rules are in ``docs/operations.md``, section "Who is told when".
"""

from __future__ import annotations

import datetime as dt
import secrets
import socket
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from ciss_luigi.alerts import words
from ciss_luigi.alerts.failure import ClosedBy, Failure, Seen, What, first_seen
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.over import IsOver
from ciss_luigi.alerts.records import Records

_APART = frozenset({ClosedBy.COMPARED, ClosedBy.CONFIGURATION})
"""What is closed in these ways is another failure than a date that is not merged in time."""


@dataclass(frozen=True)
class Notices:
    """Decides about what was seen, and writes down which channels are to tell what."""

    records: Records
    outbox: Outbox
    channels: Sequence[str]
    throttle: dt.timedelta
    now: dt.datetime

    def fail(self, seen: Iterable[Seen]) -> list[Failure]:
        """Take note of failures; returns those that are told now. Raises OSError and LocksUnusable."""
        told = []
        with self.records.changing():
            for one in seen:
                failure, what = self._judged(one)
                if what is not None:
                    failure = self._tell(failure, what)
                    told.append(failure)
                self.records.write(failure)
        return told

    def heal(self, is_over: IsOver, ended: Collection[ClosedBy] = ()) -> list[Failure]:
        """Close the failures whose dates are all over, and those with a scope that this command ended.

        Returns those that are closed now. Raises OSError and LocksUnusable.
        """
        closed = []
        with self.records.changing():
            for failure in self.records.open():
                # its dates are merged as a rule, and differ all the same
                if failure.scope is ClosedBy.COMPARED:
                    continue
                # a faulty configuration is not mended by a date that was merged before
                is_dated = failure.scope is not ClosedBy.CONFIGURATION
                changed = _healed(failure, is_over) if is_dated else failure
                if changed.scope in ended or (changed.healed and not changed.dates):
                    closed.append(self._close(changed))
                elif changed != failure:
                    self.records.write(changed)
            self.records.forget_old(self.now)
        return closed

    def end(self, signature: str) -> list[Failure]:
        """Close the open failure that has this signature; returns it. Raises OSError and LocksUnusable."""
        with self.records.changing():
            return [self._close(one) for one in self.records.open() if one.signature == signature]

    def _judged(self, seen: Seen) -> tuple[Failure, What | None]:
        """The failure that was seen, and what is to be told about it, if anything."""
        known = self._known(seen)
        if known is None:
            new = first_seen(
                seen,
                secrets.token_hex(4).upper(),
                self._now_text,
                host=socket.gethostname(),
                subject=words.subject(seen),
            )
            if seen.scope is ClosedBy.NEVER:
                return replace(new, closed_at=self._now_text), What.JUMP
            return new, What.FAILURE
        if seen.scope is ClosedBy.NEVER:
            return known, None
        again = known.again(seen, self._now_text)
        if not known.is_told:
            return again, What.FAILURE
        if seen.scope is ClosedBy.COMPARED:  # the same difference each night is no news; a further date is
            return again, What.REPEAT if set(seen.dates) - set(known.dates) else None
        is_due = not seen.is_watched and self._is_due(known)
        return again, What.REPEAT if is_due or seen.kind != known.kind else None

    def _known(self, seen: Seen) -> Failure | None:
        """The open failure that is the same.

        What ``ciss watch`` and a command say of one date is the same, too, whichever comes first.
        """
        if seen.scope is ClosedBy.NEVER:  # closed as soon as it is told, so it is never among the open ones
            return next((one for one in self.records.closed() if one.signature == seen.signature), None)
        known = self.records.open()
        same = [one for one in known if one.signature == seen.signature]
        of_date = [
            one
            for one in known
            if one.is_watched != seen.is_watched
            and _APART.isdisjoint((one.scope, seen.scope))
            and not set(one.dates).isdisjoint(seen.dates)
        ]
        return next(iter(same or of_date), None)

    def _is_due(self, failure: Failure) -> bool:
        last = dt.datetime.fromisoformat(failure.told_at or failure.since)
        since = self.now - last
        return since >= self.throttle or since < dt.timedelta()  # a clock that was set back must not hide it

    def _tell(self, failure: Failure, what: What) -> Failure:
        """Write the message down, then that it was: a kill between the two writes the same message again.

        A failure that has no record yet gets one first, or it would come back under another id.
        """
        if not self.channels:
            return failure
        if not failure.is_told:
            self.records.write(failure)
        told = replace(failure, number=failure.number + 1, told_at=self._now_text)
        self.outbox.put(told, what, words.message(told, what), self.channels, self.now)
        return told

    def _close(self, failure: Failure) -> Failure:
        closed = replace(failure, closed_at=self._now_text)
        if closed.is_told:
            closed = self._tell(closed, What.RECOVERY)
        self.records.write(closed)
        return closed

    @property
    def _now_text(self) -> str:
        return self.now.isoformat(timespec="seconds")


def _healed(failure: Failure, is_over: IsOver) -> Failure:
    over = {date for date in failure.dates if is_over(date, failure.since)}
    left = tuple(date for date in failure.dates if date not in over)
    return replace(failure, dates=left, healed=tuple(sorted({*failure.healed, *over})))
