"""Trying a step again after an error of the engine that may pass."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from ciss_luigi import events

logger = logging.getLogger("luigi-interface.ciss_luigi")

T = TypeVar("T")
_LONGEST_WAIT_SECONDS = 600.0


def back_off(attempt: int, wait_seconds: float) -> float:
    """How many seconds to wait after a failure; the first ``attempt`` is 0.

    Twice as long each time, up to ten minutes, and a bit more or less by chance: so runs that failed together
    do not try again together.
    """
    jitter = random.random()  # noqa: S311 - no secret
    return min(wait_seconds * (2.0**attempt + jitter), _LONGEST_WAIT_SECONDS)


def with_retries(
    action: Callable[[], T],
    is_transient: Callable[[BaseException], bool],
    *,
    retries: int,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Run an action, and run it again after transient errors, waiting longer each time.

    After ``retries`` further tries the last error is raised; an error that is not transient is raised at
    once.
    """

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        logger.warning(
            "%s\nTrying again in %.0f s (%d of %d).",
            error,
            wait,
            state.attempt_number,
            retries,
            extra=events.fields("retry"),
        )

    retrying = Retrying(
        stop=stop_after_attempt(retries + 1),
        wait=lambda state: back_off(state.attempt_number - 1, wait_seconds),
        retry=retry_if_exception(is_transient),
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(action)
