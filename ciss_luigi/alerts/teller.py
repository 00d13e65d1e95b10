"""The last act of a command: decide what is to be told, write it down, and send it."""

from __future__ import annotations

import datetime as dt
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ciss_luigi import events
from ciss_luigi.alerts import courier, ended, jumps, over, reach, today, ways, words
from ciss_luigi.alerts.failure import ClosedBy, Failure, Seen
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.ping import Ping
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import StepFailed
from ciss_luigi.observers import CommandEnd
from ciss_luigi.site import Site

logger = logging.getLogger("luigi-interface.ciss_luigi")

_WAIT_FOR_BEGIN_SECONDS = 5.0
_KILLED_WITHIN = dt.timedelta(days=7)
"""A command that was killed this long ago is looked at no more."""


class Teller:
    """Tells people how a command ended; ``here`` is None if the configuration is faulty."""

    def __init__(self, end: CommandEnd, here: Site | None, log: str) -> None:
        self._end = end
        self._here = here
        self._log = log

    def tell(self, *, begun: Ping | None = None) -> None:
        """Judge, write down, send, for 30 seconds at most; ``begun`` is the ping of the command's begin."""
        found = reach.find()
        if found is None or self._is_ctrl_c() or (self._here is None and not _anybody(found)):
            return
        # if the ledger cannot be read, these stay
        failures, unwritten = ended.unread(self._end), list[Seen]()
        try:
            failures = self._failures(found)
            self._judge(found, failures)
        except (OSError, StepFailed) as error:
            logger.warning("what is to be told could not be written down: %s", error)
            unwritten = failures
        until = time.monotonic() + courier.SECONDS
        # the sign of the begin first: a service that gets it last waits for the end of a run that has ended
        trouble = begun.wait(_WAIT_FOR_BEGIN_SECONDS) if begun else ""
        ping = self._ping(found, failures)
        if unwritten and found.alerts.tell_anybody:
            # a full disk, for one: it must not keep from people what it has broken
            say(courier.send_unwritten(map(words.unwritten, unwritten), until - time.monotonic()))
        if Outbox(found.folder).entries():  # after a good night, too: what still waits is tried again
            say(courier.send(seconds=until - time.monotonic()))
        trouble = trouble or (ping.wait(max(0.0, until - time.monotonic())) if ping else "")
        if trouble:
            logger.warning("ping_url did not take its sign of life: %s", trouble)

    def _failures(self, found: reach.Reach) -> list[Seen]:
        here = self._here
        engine = f"{here.settings.warehouse.kind} {here.settings.warehouse.place}" if here else ""
        failures = ended.failures(self._end, found.state_dir / "ledger", engine=engine, log=self._log)
        return [one if one.step else self._without_merged(one) for one in failures]

    def _without_merged(self, seen: Seen) -> Seen:
        """A failure that came before any step: the dates of a range that are merged have not failed."""
        if self._here is None:
            return seen
        markers = self._here.markers
        left = tuple(date for date in seen.dates if not markers.is_merged(RunDate.parse(date)))
        return replace(seen, dates=left or seen.dates)

    def _judge(self, found: reach.Reach, failures: list[Seen]) -> None:
        notices = notices_of(found)
        told = notices.fail([*failures, *self._jumps(found)])
        healed = self._healed(notices, {date for one in failures for date in one.dates})
        log(lines_of(told, healed), logger)

    def _healed(self, notices: Notices, failed_now: set[str]) -> list[Failure]:
        """The failures that are over; what this command failed at is not over, whatever was done before."""
        if self._here is None:
            return []
        is_over = over.judge(self._here)

        def is_healed(date: str, since: str) -> bool:
            return date not in failed_now and is_over(date, since)

        return notices.heal(is_healed, self._scopes_ended())

    def _jumps(self, found: reach.Reach) -> Iterator[Seen]:
        """What moved in this command, and in those that were killed before they could tell it."""
        if self._here is None or not found.alerts.watch_jumps:
            return
        since = (dt.datetime.now(dt.UTC) - _KILLED_WITHIN).date()
        killed = [
            one for one in self._here.commands.commands(since) if one.exit_code is None and not one.runs()
        ]
        dates = {RunDate(date) for date in self._end.dates}
        dates |= {
            RunDate.parse(date) for one in killed for date in today.dates_of(one.arguments, one.began_at)
        }
        ids = {self._end.begin.id, *(one.id for one in killed)}
        yield from jumps.found(self._here.ledger, sorted(dates), ids, found.alerts)

    def _scopes_ended(self) -> list[ClosedBy]:
        # a command that failed at something else got past the configuration all the same
        scopes = [] if self._end.is_configuration else [ClosedBy.CONFIGURATION]
        return [*scopes, ClosedBy.COMMAND] if self._end.number == 0 else scopes

    def _ping(self, found: reach.Reach, failures: list[Seen]) -> Ping | None:
        """The sign of life, or of failure, of today's run.

        A command that failed at today is no sign of life, even where an earlier one had merged it.
        """
        day = today.date()
        mine = day in self._end.dates or today.is_asked_for(self._end.begin.arguments)
        if not found.alerts.ping_url or not mine:
            return None
        todays = [one for one in failures if not one.dates or str(day) in one.dates]
        merged = self._here is not None and self._here.markers.is_merged(RunDate(day))
        if merged and not todays:
            return Ping(found.alerts, "", self._end.begin.id)
        for one in todays or failures:
            return Ping(found.alerts, "/fail", self._end.begin.id, one.error)
        return None

    def _is_ctrl_c(self) -> bool:
        """Whether somebody stopped it at a terminal, and so knows."""
        return self._end.signal == "SIGINT" and any(map(_is_terminal, (0, 1, 2)))


def _anybody(found: reach.Reach) -> bool:
    return found.alerts.tell_anybody or bool(found.alerts.ping_url)


def notices_of(found: reach.Reach, now: dt.datetime | None = None) -> Notices:
    """The rules with this site's settings, now."""
    return Notices(
        Records(found.folder),
        Outbox(found.folder),
        ways.names(found.alerts),
        dt.timedelta(minutes=found.alerts.throttle_minutes),
        now or dt.datetime.now(dt.UTC),
    )


def say(outcomes: list[Delivery]) -> None:
    """Write into the log what happened to the messages."""
    log(lines_about(outcomes), logger)


Line = tuple[int, dict[str, object], str]
"""A line of the log: its level, the fields of its event, and the words."""


def log(lines: Iterable[Line], to: logging.Logger) -> None:
    """Write lines into a log: the job's own, or the one that the terminal does not show (events.LOGGER)."""
    for level, extra, text in lines:
        to.log(level, "%s", text, extra=extra)


def lines_about(outcomes: Iterable[Delivery]) -> Iterator[Line]:
    """What happened to each message."""
    taken, kept = events.fields("alert-sent"), events.fields("alert-kept")
    for one in outcomes:
        if one.dropped:
            text = f"a message for {one.channel} is dropped: {one.error}: {one.subject}"
            yield logging.WARNING, kept, text
        elif one.error:
            text = f"{one.channel} did not take a message, which is kept: {one.error}"
            yield logging.WARNING, kept, text
        elif one.warning:
            text = f"{one.channel} took a message ({one.warning}): {one.subject}"
            yield logging.WARNING, taken, text
        else:
            yield logging.INFO, taken, f"{one.channel} took a message: {one.subject}"


def lines_of(told: Iterable[Failure], over: Iterable[Failure]) -> Iterator[Line]:
    """The failures that are to be told now, and those that are over."""
    for failure in told:
        yield logging.INFO, events.fields("alert-failure"), f"to be told: {failure.subject} ({failure.token})"
    for failure in over:
        yield logging.INFO, events.fields("alert-recovery"), f"over: {failure.subject} ({failure.token})"


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except (OSError, ValueError):
        return False
