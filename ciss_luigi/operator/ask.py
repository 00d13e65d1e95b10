"""Asking the warehouse, with patience for errors that may pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.retry import with_retries
from ciss_luigi.site import Site

T = TypeVar("T")


def ask(site: Site, question: Callable[[Engine, Session], T]) -> T:
    """Put a question to the warehouse, reading only; again after errors that may pass.

    Raises EngineUnavailable or StatementFailed.
    """
    engine = site.engine()

    def once() -> T:
        with engine.reading() as session:
            return question(engine, session)

    settings = site.settings
    return with_retries(
        once, engine.is_transient, retries=settings.retries, wait_seconds=settings.retry_wait_seconds
    )
