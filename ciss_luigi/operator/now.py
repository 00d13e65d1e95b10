"""What the engines hold now: asked over sessions that cannot write, each question once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from ciss_luigi.engines.base import Engine, Identity, Session
from ciss_luigi.queries.named import Statement

T = TypeVar("T")
Ask = Callable[[Session, Statement], T]


class Now:
    """The engines as they are; each is opened when it is asked for the first time."""

    def __init__(self, sessions: ExitStack) -> None:
        self._sessions = sessions
        self._open: dict[Identity, Session] = {}
        self._heard: dict[str, Any] = {}

    def once(self, engine: Engine, question: Statement, ask: Ask[T]) -> T:
        """The answer to a question. It is asked once for all steps and engines, which share their tables."""
        if question.body not in self._heard:
            self._heard[question.body] = ask(self._session(engine), question)
        answer: T = self._heard[question.body]
        return answer

    def _session(self, engine: Engine) -> Session:
        if engine.identity not in self._open:
            self._open[engine.identity] = self._sessions.enter_context(engine.reading())
        return self._open[engine.identity]


@contextmanager
def opened() -> Iterator[Now]:
    """The engines as they are now; sessions are closed at the end of the block."""
    with ExitStack() as sessions:
        yield Now(sessions)
