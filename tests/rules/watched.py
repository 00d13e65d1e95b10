"""An engine that is looked at, and interfered with, statement by statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from ciss_luigi.engines.base import Engine, Row, Session
from tests.helpers import as_sent
from tests.rules.harness import TEMP, Bench

BUILDS = f"INSERT INTO {as_sent(TEMP)} "
"""How the statement begins that builds temp."""

Hook = Callable[[str], None]


@dataclass
class Watch:
    """What the job sends, in order; ``before`` is called with each statement before it is sent."""

    before: Hook = lambda statement: None
    transactions: bool = True
    sent: list[str] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)
    """How many rows each question brought, in order."""

    def engine(self, engine: Engine) -> Engine:
        """The engine, watched."""
        return _WatchedEngine(engine, self)

    def count(self, *words: str) -> int:
        """How many statements held all of these words."""
        return sum(all(word in statement for word in words) for statement in self.sent)

    def see(self, statement: str) -> None:
        """Note a statement that is about to be sent."""
        self.before(statement)
        self.sent.append(statement)


class _WatchedEngine(Engine):
    """Another engine, without transactions if the watch says so: as a Hive is."""

    def __init__(self, inner: Engine, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch
        self.identity = inner.identity
        self.dialect = inner.dialect
        self.capabilities = replace(inner.capabilities, transactions=watch.transactions)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self._inner.session() as session:
            yield _WatchedSession(session, self._watch)

    def is_transient(self, error: BaseException) -> bool:
        return self._inner.is_transient(error)


class _WatchedSession:
    def __init__(self, inner: Session, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def execute(self, statement: str) -> None:
        self._watch.see(statement)
        self._inner.execute(statement)

    def query(self, statement: str) -> list[Row]:
        self._watch.see(statement)
        rows = self._inner.query(statement)
        self._watch.fetched.append(len(rows))
        return rows

    def tables(self, question: str, wanted: Collection[str]) -> frozenset[str]:
        return self._inner.tables(question, wanted)

    def columns(self, question: str) -> list[tuple[str, str]]:
        return self._inner.columns(question)

    def writing(self, target: str) -> AbstractContextManager[None]:
        return self._inner.writing(target)

    def transaction(self) -> AbstractContextManager[None]:
        return self._inner.transaction() if self._watch.transactions else nullcontext()


def interfere(
    bench: Bench, statement: str, *, times: int, words: tuple[str, ...], transactions: bool = True
) -> Watch:
    """Somebody changes something, so many times, right before the job sends a statement with these words."""
    left = iter(range(times))

    def before(sent: str) -> None:
        if all(word in sent for word in words) and next(left, None) is not None:
            bench.query(statement)

    watch = Watch(before, transactions)
    bench.wrap = watch.engine
    return watch
