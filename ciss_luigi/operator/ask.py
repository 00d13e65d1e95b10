"""Asking the warehouse, and asking again after errors that may pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ciss_luigi import commands
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import EngineUnavailable, Refused
from ciss_luigi.retry import with_retries
from ciss_luigi.site import Site

T = TypeVar("T")


def ask(site: Site, question: Callable[[Engine, Session], T]) -> T:
    """Ask the warehouse something, only reading; again after errors that may pass.

    Raises EngineUnavailable or StatementFailed. The first is also raised if there is no embedded file; if
    markers show that there was one, the error says so.
    """
    site.require_warehouse()
    engine = site.engine()
    if not engine.exists():
        raise EngineUnavailable(
            f"there is no {engine.identity} yet",
            state="nothing was asked and nothing was changed",
            next_command=f"{commands.load()}, or correct warehouse_url",
        )

    def once() -> T:
        with engine.reading() as session:
            return question(engine, session)

    settings = site.settings
    return with_retries(
        once, engine.is_transient, retries=settings.retries, wait_seconds=settings.retry_wait_seconds
    )


def require_own_rows(site: Site) -> None:
    """Raise Refused if the old Java classes fill main: its columns are not known here."""
    if site.settings.loader == "java":
        raise Refused(
            "main is filled by the old Java classes (loader = java), whose columns are not known",
            state="nothing was asked and nothing was changed",
            next_command="set loader = sql to build main by the rules of this job, then the same command",
        )
