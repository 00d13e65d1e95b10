"""The leases that a process holds, and what they record: the writes under way."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ciss_luigi.locking.leases import Lease, Leases
from ciss_luigi.state.writes import Writes


class LeaseBook:
    """The leases that this process holds. A ``target`` is what a lease protects: a part of temp or main."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[str, Lease] = {}

    def look(self) -> bool:
        """Whether the table of the leases exists; it is not made. Raises EngineUnavailable."""
        return self._leases.look()

    def take_for_good(self, target: str, forking: AbstractContextManager[Any] | None = None) -> str:
        """Take a lease for the life of this process; returns "", or who holds it. Raises EngineUnavailable.

        ``forking`` is the lock that is held while this process forks: a child that is forked while a thread
        looks up an address may hang at its own first look-up.
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
        """Wait for a lease, and hold it for a block; raises EngineUnavailable."""
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
        """Records of writes, kept by this host and in the lease as well, for a host that takes over."""
        return _LeasedWrites(own, engine, self._leases, self._held)

    def give_back(self, target: str) -> None:
        """Give back a lease that this process holds for its life; does nothing if it holds none."""
        lease = self._held.pop(target, None)
        if lease is not None:
            self._leases.release(lease)

    def _give_back_own(self, target: str, owner: int) -> None:
        """Called at the end of the process that took the lease, not at the end of a forked worker."""
        if os.getpid() == owner:
            self.give_back(target)


class _LeasedWrites:
    """Unfinished writes, recorded in two places: this host's state and the lease."""

    def __init__(self, own: Writes, engine: str, leases: Leases, held: Mapping[str, Lease]) -> None:
        self._own = own
        self._engine = engine
        self._leases = leases
        self._held = held

    def find(self, target: str) -> tuple[str, ...]:
        """The traces of unfinished writes, of this host and of the lease's last holders."""
        lease = self._held.get(target)
        left_behind = lease.left_behind.get(self._engine) if lease else None
        return (*self._own.find(target), *([left_behind] if left_behind else []))

    def open(self, target: str, trace: str) -> None:
        """Write down in both places that a write begins; the lease comes last, since it must still be held.

        Raises LeaseLost and EngineUnavailable.
        """
        self._own.open(target, trace)
        self._leases.note_writing(self._held[target], self._engine, trace)

    def close(self, target: str) -> None:
        """Write down in both places that the write has ended; raises OSError and EngineUnavailable."""
        self._own.close(target)
        self._leases.note_written(self._held[target], self._engine)
