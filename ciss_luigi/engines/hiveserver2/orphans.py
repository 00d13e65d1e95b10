"""Ending what runs on a server without its client, over a separate connection."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ciss_luigi.engines.hiveserver2.client import Driver, Policy

logger = logging.getLogger("luigi-interface.ciss_luigi")

_CANCEL_PATIENCE_SECONDS = 10.0
_LONGEST_POLL_SECONDS = 1.0

T = TypeVar("T")


def patiently(action: Callable[[], T]) -> T | None:
    """Do something that a server may block for ever; returns None if it failed or took too long."""
    results: list[T] = []

    def attempt() -> None:
        with contextlib.suppress(Exception):
            results.append(action())

    thread = threading.Thread(target=attempt, daemon=True, name="ciss cancel")
    thread.start()
    thread.join(_CANCEL_PATIENCE_SECONDS)
    return results[0] if results else None


def end_once(driver: Driver, trace: str) -> bool | None:
    """Ask the server once to end a client's operation; returns whether it may still run (None: unknown)."""

    def elsewhere() -> bool:
        other = driver.connect()
        try:
            return other.end(trace)
        finally:
            other.close()

    return patiently(elsewhere)


def end_or_wait(driver: Driver, policy: Policy, trace: str) -> None:
    """End what a lost client left behind, and wait for that at most as long as the policy says."""
    give_up = time.monotonic() + policy.orphan_wait_seconds
    while end_once(driver, trace) is not False:  # None, too: if nobody could be asked, it may still write
        if time.monotonic() >= give_up:
            logger.warning("%s: the server may still run it; the table is read back later", driver.name)
            return
        policy.sleep(_LONGEST_POLL_SECONDS)
