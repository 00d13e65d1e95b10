"""Sessions on servers that speak HiveServer2's protocol: Hive, Spark, Impala.

Statements run asynchronously, so that a deadline, Ctrl-C and progress are possible. On these servers a
statement goes on when its client is gone. So a statement that is given up is cancelled, and one whose
connection was lost is ended before it is sent again.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ciss_luigi import events, stopping
from ciss_luigi.engines.base import Progress, Row
from ciss_luigi.engines.hiveserver2 import journal
from ciss_luigi.engines.hiveserver2.client import Client, Driver, OperationState, Policy, poll_pause
from ciss_luigi.engines.hiveserver2.connection import Connection
from ciss_luigi.engines.hiveserver2.orphans import end_once, end_or_wait
from ciss_luigi.engines.hiveserver2.verdicts import Verdict
from ciss_luigi.errors import (
    CissError,
    EngineUnavailable,
    NotThisWay,
    OutcomeUnknown,
    StatementDeadline,
    StatementFailed,
    Stopped,
)
from ciss_luigi.plaintext import one_line
from ciss_luigi.sql.files import leading_comment
from ciss_luigi.state.writes import Writes

logger = logging.getLogger("luigi-interface.ciss_luigi")

_NO_SCHEMA = re.compile(r"\b(database|schema)\b.*(does not exist|not found|cannot be found)", re.IGNORECASE)
"""The words for a schema that does not exist, of Hive, Impala, older Sparks and Spark 4."""


class _Broken(Exception):
    """A statement did not end well; the verdict says what to do about it."""

    def __init__(self, words: str, verdict: Verdict) -> None:
        self.words = one_line(words)
        super().__init__(self.words)
        self.verdict = verdict


class HiveServer2Session:
    """A session that outlives its connection: it connects again if the engine's errors allow that."""

    def __init__(
        self,
        driver: Driver,
        settings: Mapping[str, Any],
        policy: Policy,
        writes: Writes,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        waited_for: set[str] | None = None,
    ) -> None:
        self._driver = driver
        self._connection = Connection(driver, settings, policy)
        self._policy = policy
        self._writes = writes
        self._progress = progress
        self._waited_for = set() if waited_for is None else waited_for
        self._target = ""
        self._looked_for: set[str] = set()

    # --- the engine's face ---------------------------------------------------------------------------

    def execute(self, statement: str) -> None:
        """Send a statement that returns no rows.

        Nothing is fetched: impyla cannot read what Spark answers to a write.
        """
        self._send(statement, fetch=False)

    def query(self, statement: str) -> list[Row]:
        """Send a statement and fetch its rows."""
        return self._send(statement)

    def tables(self, question: str, wanted: Collection[str]) -> frozenset[str]:
        """The names of the tables in a schema, in lower case; missing ones are looked for again."""
        there = self._listed(question)
        unseen = [name for name in wanted if _bare(name) not in there and name not in self._looked_for]
        renewals = self._driver.find_again(unseen)
        self._looked_for.update(unseen)  # a table that does not exist is not looked for each time
        for renewal in renewals:
            try:
                self._run(leading_comment(question) + renewal, fetch=False)
            except _Broken as broken:  # without the right to look again, the engine's picture counts
                logger.info("%s: %s: %s", self._driver.name, renewal, broken.words)
        return self._listed(question) if renewals else there

    def _listed(self, question: str) -> frozenset[str]:
        """Hive answers one column, Spark three."""
        try:
            rows = self.query(question)
        except StatementFailed as error:
            if _NO_SCHEMA.search(error.what):
                return frozenset()
            raise
        return frozenset(str(row[1] if len(row) > 1 else row[0]).lower() for row in rows)

    def columns(self, question: str) -> list[tuple[str, str]]:
        """Name and type of a table's columns, partition columns last."""
        found: dict[str, str] = {}
        for name, kind, *_ in self.query(question):
            if not name or name.startswith("#"):  # what follows lists the partition columns once more
                break
            found[name.strip().lower()] = kind.strip().lower()
        return list(found.items())

    @contextmanager
    def writing(self, target: str) -> Iterator[None]:
        """Write down that a partition is being written, before anything is sent.

        What a killed run may still write there is ended first.
        """
        self.settle(target)
        self._writes.open(target, self._connection.client().trace())
        self._target = target
        try:
            yield
        except (OutcomeUnknown, StatementDeadline):  # the server may still write: the record stays
            raise
        except StatementFailed:
            with suppress(OSError, EngineUnavailable):  # must not hide the first error
                self._writes.close(target)  # the server has ended it, and said so
            raise
        finally:
            self._target = ""
        self._writes.close(target)

    def settle(self, target: str) -> None:
        """End what a killed run may still write to a partition, or wait for it; once for each such run."""
        for trace in self._writes.find(target):
            if trace not in self._waited_for:
                logger.warning(
                    "%s: ending what a killed run may still write to %s", self._driver.name, target
                )
                end_or_wait(self._driver, self._policy, trace)
                self._waited_for.add(trace)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context that does nothing: there are no transactions here, so what is inside can be repeated."""
        yield

    def open(self) -> None:
        """Connect now, and again while nothing listens there; raises EngineUnavailable or SettingRefused."""
        self._connection.open()

    def close(self) -> None:
        """Close the connection; a server that is gone cannot be told."""
        self._connection.close()

    # --- one statement -------------------------------------------------------------------------------

    def _send(self, statement: str, *, fetch: bool = True) -> list[Row]:
        """Run a statement, and again if its errors allow it; raises StatementFailed or NotThisWay."""
        renewed: set[str] = set()
        attempt = 0
        while True:
            try:
                return self._run(statement, fetch=fetch)
            except _Broken as broken:
                if broken.verdict is Verdict.DONE:
                    return []
                if broken.verdict is Verdict.OTHER_WAY:
                    raise NotThisWay(f"{self._driver.name}: {broken.words}") from broken
                if broken.verdict is Verdict.STALE and (
                    renewals := self._renewals(statement, broken, renewed)
                ):
                    # this uses up no attempt: after the last one the statement would not be sent again
                    renewed.update(renewals)
                    self._renew(statement, renewals)
                elif attempt < self._tries_after(broken.verdict):
                    self._recover(broken, attempt)
                    attempt += 1
                else:
                    lost = broken.verdict is Verdict.LOST
                    kind = OutcomeUnknown if lost else StatementFailed
                    raise kind(f"{self._driver.name}: {broken.words}") from broken

    def _tries_after(self, verdict: Verdict) -> int:
        """How many times a statement with such an error is sent again."""
        if verdict is Verdict.ONCE:
            return min(1, self._policy.retries)
        return self._policy.retries if verdict in (Verdict.RETRY, Verdict.LOST) else 0

    def _run(self, statement: str, *, fetch: bool = True) -> list[Row]:
        with events.statement(statement, self._driver.name) as told:
            return self._run_once(statement, told, fetch=fetch)

    def _run_once(self, statement: str, told: dict[str, object], *, fetch: bool) -> list[Row]:
        client = self._connection.client()
        try:
            client.start(statement)
            self._record(client)
            self._wait(client, told)
            return client.rows() if fetch else []
        except _Broken:  # of _wait, which has judged it
            raise
        except (CissError, Stopped, KeyboardInterrupt):  # ours: a stop, a deadline, a lost lease
            self._give_up()
            raise
        except Exception as error:  # each driver raises its own; the verdict reads its words
            if stopping.requested():
                self._give_up()
                stopping.raise_if_requested(error)
            raise _Broken(self._driver.words(error), self._driver.verdict(error)) from error

    def _record(self, client: Client) -> None:
        """Name the operation in the record of its write, so that whoever ends it can see whether it runs."""
        if self._target:
            with suppress(OSError, EngineUnavailable):  # the record that names the session stays
                self._writes.open(self._target, client.trace())

    def _wait(self, client: Client, told: dict[str, object]) -> None:
        """Poll until the operation ends, or its deadline comes; ``told`` gets the server's query id."""
        begun = time.monotonic()
        give_up = begun + self._policy.deadline_seconds
        while (status := client.status()).state is OperationState.RUNNING:
            if status.lines or status.fraction is not None:
                progress = journal.progress(status.lines, status.fraction, status.url)
                told.update({"labels_query": progress.query} if progress.query else {})
                self._progress(progress)
            if time.monotonic() >= give_up:
                raise StatementDeadline(
                    f"{self._driver.name}: a statement ran longer than "
                    f"{self._policy.deadline_seconds / 60:g} minutes (statement_deadline_minutes) "
                    "and was cancelled"
                )
            self._policy.sleep(poll_pause(time.monotonic() - begun))
        if status.state is not OperationState.DONE:
            error = RuntimeError(status.error or f"the server says the statement is {status.state.value}")
            overdue = status.state is OperationState.OVERDUE
            verdict = Verdict.NEVER if overdue else self._driver.verdict(error)
            raise _Broken(self._driver.words(error), verdict)

    def _give_up(self) -> None:
        """End the statement over a separate connection: on this one an answer may be under way."""
        end_once(self._driver, self._connection.leave())

    # --- recovery ------------------------------------------------------------------------------------

    def _recover(self, broken: _Broken, attempt: int) -> None:
        self._connection.pause(f"{self._driver.name}: {broken.words}", attempt)
        if broken.verdict is Verdict.LOST:
            lost = self._connection.leave()
            self._connection.reopen()
            if lost:
                end_or_wait(self._driver, self._policy, lost)
            if self._target:  # the record of the write names the new session before anything is sent there
                self._writes.open(self._target, self._connection.client().trace())

    def _renewals(self, statement: str, broken: _Broken, done: set[str]) -> list[str]:
        """What renews the engine's picture and was not tried yet; several tables may be unknown."""
        return [one for one in self._driver.refresh(statement, broken.words) if one not in done]

    def _renew(self, statement: str, renewals: list[str]) -> None:
        for renewal in renewals:
            logger.warning("%s: the engine's picture of a table is old; %s", self._driver.name, renewal)
            try:
                self._run(leading_comment(statement) + renewal, fetch=False)
            except _Broken as broken:
                raise StatementFailed(f"{self._driver.name}: {renewal}: {broken.words}") from broken


def _bare(name: str) -> str:
    """A table's own name, from the quoted one with its schema."""
    return name.rpartition(".")[2].strip("`").lower()
