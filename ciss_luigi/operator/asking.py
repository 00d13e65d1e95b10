"""Asking the engine, and saying what an error of its leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import CissError
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


@contextmanager
def explaining(*, state: str, next_command: str) -> Iterator[None]:
    """Give an error that says only what failed the state of the data and the next command."""
    try:
        yield
    except CissError as error:
        error.state = error.state or state
        error.next_command = error.next_command or next_command
        raise
