"""An engine on a server that speaks HiveServer2's protocol; it differs by its driver and its dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ciss_luigi.engines.base import Capabilities, Dialect, Engine, Identity, Progress
from ciss_luigi.engines.hiveserver2.client import Driver, Policy
from ciss_luigi.engines.hiveserver2.session import HiveServer2Session
from ciss_luigi.state.writes import Writes

PLAIN = Capabilities()
"""What such a server promises unless it is said otherwise."""


class ServerEngine(Engine):
    """A server that speaks HiveServer2's protocol."""

    def __init__(
        self,
        identity: Identity,
        dialect: Dialect,
        driver: Driver,
        settings: Mapping[str, Any],
        *,
        policy: Policy,
        writes: Writes,
        capabilities: Capabilities = PLAIN,
        progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.identity = identity
        self.dialect = dialect
        self.capabilities = capabilities
        self._driver = driver
        self._settings = settings
        self._policy = policy
        self._writes = writes
        self._progress = progress
        self._waited_for: set[str] = set()  # of all sessions: what cannot be ended is waited for once

    def settle(self, target: str) -> None:
        """End what a killed run may still write to a partition, or wait for it; raises EngineUnavailable."""
        if self._writes.find(target):
            with self.session() as session:
                session.settle(target)

    def is_transient(self, error: BaseException) -> bool:
        """Never: the session itself has tried each statement again."""
        return False

    @contextmanager
    def session(self) -> Iterator[HiveServer2Session]:
        """Open a session and close it at the end."""
        session = HiveServer2Session(
            self._driver,
            self._settings,
            self._policy,
            self._writes,
            progress=self._progress,
            waited_for=self._waited_for,
        )
        session.open()
        try:
            yield session
        finally:
            session.close()
