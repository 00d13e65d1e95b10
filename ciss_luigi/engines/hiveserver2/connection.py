"""A connection to a server, opened again when it breaks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from ciss_luigi import events, stopping
from ciss_luigi.engines.hiveserver2.client import Client, Driver, Policy
from ciss_luigi.engines.hiveserver2.line import NoConnection
from ciss_luigi.engines.hiveserver2.orphans import patiently
from ciss_luigi.errors import CissError, EngineUnavailable
from ciss_luigi.plaintext import one_line
from ciss_luigi.retry import back_off

logger = logging.getLogger("luigi-interface.ciss_luigi")


class Connection:
    """One client at a time, each with the session settings; waits between two tries."""

    def __init__(self, driver: Driver, settings: Mapping[str, Any], policy: Policy) -> None:
        self._driver = driver
        self._settings = settings
        self._policy = policy
        self._client: Client | None = None

    def client(self) -> Client:
        """The client, connected now if it is not; raises EngineUnavailable or SettingRefused."""
        if self._client is None:
            client = None
            try:
                client = self._driver.connect()
                self._driver.settings(client, self._settings)
            except CissError:  # a refused setting: the session is there, and nobody would end it
                if client is not None:
                    patiently(client.close)
                raise
            except Exception as error:  # each driver raises its own
                if client is not None:
                    client.abandon()
                stopping.raise_if_requested(error)
                words = one_line(self._driver.words(error))
                raise EngineUnavailable(f"{self._driver.name}: {words}") from error
            self._client = client
        return self._client

    def open(self) -> None:
        """Connect now, and again while nothing listens there; raises EngineUnavailable or SettingRefused.

        Nothing else is tried again here: three wrong passwords may lock an account.
        """
        self._patiently(lambda error: isinstance(error.__cause__, NoConnection) and error.__cause__.may_pass)

    def leave(self) -> str:
        """Drop a client that can no longer be used; returns its trace, empty if there is none."""
        client, self._client = self._client, None
        if client is None:
            return ""
        client.abandon()
        return client.trace()

    def reopen(self) -> None:
        """Connect again; the server may need a moment. Raises EngineUnavailable or SettingRefused.

        It has let us in before, so whatever is wrong now may pass.
        """
        self._patiently(lambda error: True)

    def close(self) -> None:
        """Close the connection; a server that is gone cannot be told."""
        client, self._client = self._client, None
        if client is not None:
            patiently(client.close)

    def pause(self, why: str, attempt: int) -> None:
        """Wait after a failure, longer each time, and say why; the first ``attempt`` is 0."""
        wait = back_off(attempt, self._policy.retry_wait_seconds)
        logger.warning(
            "%s\nTrying again in %.0f s (%d of %d).",
            why,
            wait,
            attempt + 1,
            self._policy.retries,
            extra=events.fields("retry"),
        )
        self._policy.sleep(wait)

    def _patiently(self, may_pass: Callable[[EngineUnavailable], bool]) -> None:
        for attempt in range(self._policy.retries + 1):
            try:
                self.client()
                return
            except EngineUnavailable as error:
                if attempt == self._policy.retries or not may_pass(error):
                    raise
                self.pause(error.what, attempt)
