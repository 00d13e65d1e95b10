"""Leases in PostgreSQL: they keep hosts apart, which file locks cannot.

A lease runs out unless its holder renews it, so that it becomes free if a host dies. Whoever takes it gets a
higher fencing token. A holder that was paused for longer than its lease notices that before it publishes: its
token is no longer the lease's. All times are PostgreSQL's, so the hosts' clocks need not agree.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ciss_luigi.errors import EngineUnavailable, StepFailed
from ciss_luigi.locking.postgres import LeaseDatabase
from ciss_luigi.plaintext import printable

logger = logging.getLogger("luigi-interface.ciss_luigi")

TERM_SECONDS = 120.0
"""Messages (guard.py) and docs/protocol.md name it; ``CALL_SECONDS`` (postgres.py) must be much shorter."""
_POLL_SECONDS = 1.0

# clock_timestamp() in all of these, not now(): that is when the transaction began, and it may have waited for
# the lock of a row since then
_CREATE = """
CREATE TABLE IF NOT EXISTS ciss_lease (
    name TEXT PRIMARY KEY, token BIGINT NOT NULL, holder TEXT NOT NULL,
    since TIMESTAMPTZ NOT NULL, expires_at TIMESTAMPTZ NOT NULL, writing JSONB NOT NULL DEFAULT '{}')
"""
_TAKE = """
INSERT INTO ciss_lease AS lease (name, token, holder, since, expires_at)
VALUES (:name, 1, :holder, clock_timestamp(), clock_timestamp() + make_interval(secs => :term))
ON CONFLICT (name) DO UPDATE
   SET token = lease.token + 1, holder = excluded.holder, since = excluded.since,
       expires_at = excluded.expires_at
 WHERE lease.expires_at < clock_timestamp()
RETURNING token, CAST(writing AS TEXT)
"""
_HOLDER = "SELECT holder || ' since ' || since FROM ciss_lease WHERE name = :name"
_RENEW = """
UPDATE ciss_lease SET expires_at = clock_timestamp() + make_interval(secs => :term)
 WHERE name = :name AND token = :token AND expires_at >= clock_timestamp()
"""
_CHECK = """
SELECT 1 FROM ciss_lease WHERE name = :name AND token = :token AND expires_at >= clock_timestamp()
"""
_WRITING = """
UPDATE ciss_lease SET writing = writing || jsonb_build_object(CAST(:engine AS TEXT), CAST(:trace AS TEXT))
 WHERE name = :name AND token = :token AND expires_at >= clock_timestamp()
RETURNING 1
"""
# Without a look at expires_at: as long as nobody else has taken the lease, the record is ours to remove
_WRITTEN = """
UPDATE ciss_lease SET writing = writing - CAST(:engine AS TEXT) WHERE name = :name AND token = :token
"""
# The row stays: a row that is made again would begin with token 1, which an old holder may have. And it keeps
# what was being written.
_RELEASE = """
UPDATE ciss_lease SET expires_at = '-infinity' WHERE name = :name AND token = :token
"""


class LeaseLost(StepFailed):
    """The lease ran out while its holder was paused or cut off; another host may hold it now."""


@dataclass(frozen=True)
class Lease:
    """A lease that was taken: its name, its fencing token, and what its last holders were writing.

    There is one trace for each engine: with ``build_url`` a date's holder writes on two.
    """

    name: str
    token: int
    left_behind: Mapping[str, str] = field(default_factory=dict)


class Leases:
    """The leases of one warehouse and its tables, in one PostgreSQL."""

    def __init__(self, url: str, scope: str, term_seconds: float = TERM_SECONDS) -> None:
        self._database = LeaseDatabase(url)
        self._scope = scope
        self._term = term_seconds
        self._made = False

    def look(self) -> bool:
        """Whether the table of the leases exists; it is not made. Raises EngineUnavailable."""
        with self._database.transaction() as connection:
            return _is_made(connection)

    def take(self, name: str) -> Lease | str:
        """Take a lease; returns it, or who holds it. Raises EngineUnavailable if nobody can be asked."""
        full = f"{self._scope} {name}"
        holder = f"pid {os.getpid()} on {socket.gethostname()}"
        with self._connection() as connection:
            taken = connection.execute(
                _text(_TAKE), {"name": full, "holder": holder, "term": self._term}
            ).first()
            if taken is None:
                return str(connection.execute(_text(_HOLDER), {"name": full}).scalar())
        return Lease(full, int(taken[0]), json.loads(taken[1]))

    @contextmanager
    def held(self, name: str) -> Iterator[Lease]:
        """Wait for a lease, and hold it for a block; raises EngineUnavailable if nobody can be asked."""
        told = ""
        while isinstance(lease := self.take(name), str):
            if lease != told:
                told = lease
                logger.info("%s is held by %s; waiting for it", name, printable(told))
            time.sleep(_POLL_SECONDS)
        with self.renewing(lease):
            try:
                yield lease
            finally:
                self.release(lease)

    @contextmanager
    def renewing(self, lease: Lease) -> Iterator[None]:
        """Renew a lease in the background while a block runs."""
        stop = self.renew_in_background(lease)
        try:
            yield
        finally:
            stop()

    def renew_in_background(
        self, lease: Lease, forking: AbstractContextManager[Any] | None = None
    ) -> Callable[[], None]:
        """Renew a lease until the returned function is called, but never while others hold ``forking``."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(self._term / 4):  # so three renewals may fail before the lease runs out
                try:
                    with forking or nullcontext():
                        self._update(_RENEW, lease, term=self._term)
                except EngineUnavailable as error:
                    logger.warning("the lease %s was not renewed: %s", lease.name, error.what)

        threading.Thread(target=renew, daemon=True, name="ciss lease").start()
        return done.set

    def check(self, lease: Lease) -> None:
        """Make sure that the lease is still held; raises LeaseLost or EngineUnavailable."""
        with self._connection() as connection:
            found = connection.execute(_text(_CHECK), {"name": lease.name, "token": lease.token}).first()
        if found is None:
            raise _lost(lease)

    def note_writing(self, lease: Lease, engine: str, trace: str) -> None:
        """Write down what the holder is about to write on an engine, for the host that takes over from it.

        Raises LeaseLost if the lease has run out: the host that took over has read the record already, and
        would not wait for what is sent now. Raises EngineUnavailable.
        """
        with self._connection() as connection:
            values = {"name": lease.name, "token": lease.token, "engine": engine, "trace": trace}
            noted = connection.execute(_text(_WRITING), values).first()
        if noted is None:
            raise _lost(lease)

    def note_written(self, lease: Lease, engine: str) -> None:
        """Write down that the holder writes nothing more there, unless another host has the lease by now.

        Raises EngineUnavailable.
        """
        self._update(_WRITTEN, lease, engine=engine)

    def release(self, lease: Lease) -> None:
        """Give back a lease. If the server cannot be told, the lease runs out by itself."""
        if self._database.is_silent:  # it has kept this command waiting once; that is enough
            return
        with contextlib.suppress(EngineUnavailable):
            self._update(_RELEASE, lease)

    def _update(self, statement: str, lease: Lease, **values: Any) -> None:
        with self._connection() as connection:
            connection.execute(_text(statement), {"name": lease.name, "token": lease.token, **values})

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A transaction in which the table exists."""
        with self._database.transaction() as connection:
            if not self._made and not _is_made(connection):
                # IF NOT EXISTS alone fails if two hosts make the table at the same moment
                connection.execute(_text("SELECT pg_advisory_xact_lock(hashtext('ciss_lease'))"))
                connection.execute(_text(_CREATE))
            yield connection
        self._made = True


def _is_made(connection: Any) -> bool:
    """Whether the table exists: CREATE ... IF NOT EXISTS needs the right to create even if it does."""
    return connection.execute(_text("SELECT to_regclass('ciss_lease')")).scalar() is not None


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(
        f"the lease {lease.name} ran out before its rows were published",
        state="nothing was published by this run after that",
    )


def _text(statement: str) -> Any:
    from sqlalchemy import text

    return text(statement)
