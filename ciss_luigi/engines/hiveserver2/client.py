"""What a driver of HiveServer2's protocol has to offer: a client, its statuses, and what its errors mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from ciss_luigi.engines.base import Row
from ciss_luigi.engines.hiveserver2 import verdicts
from ciss_luigi.engines.hiveserver2.verdicts import Verdict
from ciss_luigi.errors import SettingRefused
from ciss_luigi.plaintext import one_line, without_parts

FIRST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 1.0
_SHARE_OF_ELAPSED = 1 / 64


def poll_pause(elapsed: float) -> float:
    """How long to wait before asking again for the state of a statement that has run for so many seconds.

    In seconds. Waiting makes a statement at most 2 % longer, and a short one at most 50 ms.
    """
    return min(max(FIRST_POLL_SECONDS, elapsed * _SHARE_OF_ELAPSED), _LONGEST_POLL_SECONDS)


class OperationState(Enum):
    """The state of an operation on the server."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OVERDUE = verdicts.OVERDUE


@dataclass(frozen=True)
class Status:
    """An operation's state, error text, how far it is (from 0 to 1; None: not said), and new log lines.

    ``url`` is that of the server's page about it, "" if there is none.
    """

    state: OperationState
    error: str = ""
    fraction: float | None = None
    lines: tuple[str, ...] = ()
    url: str = ""


class Client(Protocol):
    """One driver connection with one session; at most one operation at a time."""

    def start(self, statement: str) -> None:
        """Send a statement without waiting for its end."""

    def status(self) -> Status:
        """Ask for the state of the operation."""

    def rows(self) -> list[Row]:
        """Fetch all rows of a finished operation; empty if it has no result."""

    def trace(self) -> str:
        """The handles of the session and its operation, as text: with it, any other client can end them."""

    def end(self, trace: str) -> bool:
        """Cancel another client's operation and close its session; returns whether it may still run.

        The server may block this for any time.
        """

    def close(self) -> None:
        """Close the session."""

    def abandon(self) -> None:
        """Drop the connection without telling the server, which may never answer on it."""


class Driver(Protocol):
    """How to connect, and what the driver's and the server's errors mean."""

    name: str

    def connect(self) -> Client:
        """Open a connection and a session."""

    def settings(self, client: Client, settings: Mapping[str, Any]) -> None:
        """Apply session settings; raises SettingRefused for one that the server ignored."""

    def verdict(self, error: BaseException) -> Verdict:
        """What to do after an error."""

    def words(self, error: BaseException) -> str:
        """The server's own words in an error, without the driver's dump."""

    def refresh(self, statement: str, words: str) -> list[str]:
        """The statements that renew the engine's picture of a statement's tables, after such an error."""

    def find_again(self, tables: Sequence[str]) -> list[str]:
        """The statements that make the engine look for tables again; names are quoted, with schema."""


@dataclass(frozen=True)
class Policy:
    """How long to wait for what."""

    deadline_seconds: float
    retries: int
    retry_wait_seconds: float
    orphan_wait_seconds: float
    sleep: Callable[[float], None] = time.sleep


def run(client: Client, statement: str) -> list[Row]:
    """Run a statement about the connection itself, such as SET: short, and never repeated."""
    client.start(statement)
    while (status := client.status()).state is OperationState.RUNNING:
        time.sleep(FIRST_POLL_SECONDS)
    if status.state is not OperationState.DONE:
        raise RuntimeError(status.error)
    return client.rows()


def set_one(driver: Driver, client: Client, name: str, literal: str) -> None:
    """SET one session setting; raises SettingRefused with the server's words."""
    try:
        run(client, f"SET {name}={literal}")
    except Exception as error:  # each driver raises its own; the verdict reads its words
        if driver.verdict(error) is Verdict.NEVER:
            words = without_parts(one_line(driver.words(error)), literal)
            raise SettingRefused(name, words) from None  # the server's error may hold a part of a secret
        raise
