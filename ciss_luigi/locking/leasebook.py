"""The leases that a process holds, and what goes into them beside: what is being written."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ciss_luigi.locking.leases import Lease, Leases
from ciss_luigi.state.writes import Writes


class LeaseBook:
    """The leases that this process holds, by what they protect: a partition of temp or of main."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[str, Lease] = {}

    def look(self) -> bool:
        """Whether the table of the leases is there; makes none. Raises EngineUnavailable."""
        return self._leases.look()

    def take_for_good(self, target: str, forking: AbstractContextManager[Any] | None = None) -> str:
        """Take a lease for the life of this process; "" or who holds it.

        ``forking`` is held by whoever forks: what is forked while a thread asks for an address may hang at
        its own first question.
        """
        lease = self._leases.take(target)
        if isinstance(lease, str):
            return lease
        self._held[target] = lease
        self._leases.renew_in_background(lease, forking)
        atexit.register(self._give_back_own, target, os.getpid())
        return ""

    @contextmanager
    def waited(self, target: str) -> Iterator[None]:
        """Hold a lease for a block, waiting for it first."""
        with self._leases.held(target) as lease:
            self._held[target] = lease
            try:
                yield
            finally:
                del self._held[target]

    def check(self, targets: Sequence[str]) -> None:
        """Make sure that leases are still held; raises LeaseLost or EngineUnavailable."""
        for target in targets:
            self._leases.check(self._held[target])

    def writes(self, own: Writes, engine: str) -> Writes:
        """Unclosed writes on an engine, written down in the lease as well, for a host that takes over."""
        return _LeasedWrites(own, engine, self._leases, self._held)

    def give_back(self, target: str) -> None:
        """Let a lease go that this process holds for good; does nothing where it holds none."""
        lease = self._held.pop(target, None)
        if lease is not None:
            self._leases.release(lease)

    def _give_back_own(self, target: str, owner: int) -> None:
        """At the end of the process that took it, not of a worker forked from that."""
        if os.getpid() == owner:
            self.give_back(target)


class _LeasedWrites:
    """Unclosed writes in two places: this host's own state, and the lease."""

    def __init__(self, own: Writes, engine: str, leases: Leases, held: Mapping[str, Lease]) -> None:
        self._own = own
        self._engine = engine
        self._leases = leases
        self._held = held

    def find(self, target: str) -> tuple[str, ...]:
        """The traces of unclosed writes, of this host and of the lease's last holders: both may still run."""
        lease = self._held.get(target)
        left_behind = lease.left_behind.get(self._engine) if lease else None
        return (*self._own.find(target), *([left_behind] if left_behind else []))

    def open(self, target: str, trace: str) -> None:
        """Write down that a write begins, in both places; the lease comes last, as it has to be held still.

        Raises LeaseLost and EngineUnavailable.
        """
        self._own.open(target, trace)
        self._leases.note_writing(self._held[target], self._engine, trace)

    def close(self, target: str) -> None:
        """Write down that the write has ended, in both places."""
        self._own.close(target)
        self._leases.note_written(self._held[target], self._engine)
