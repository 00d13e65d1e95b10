"""What a statement whose client is gone may still write: it is on record, and ended before anybody goes on.

The server here is a list in memory. A real one cannot be told to lose a line, or to finish an orphan, at the
one moment between two calls that counts.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from TCLIService import ttypes

from ciss_luigi.engines.base import Engine, Identity, Row
from ciss_luigi.engines.hive.dialect import HiveDialect
from ciss_luigi.engines.hiveserver2 import orphans, thrift
from ciss_luigi.engines.hiveserver2.client import OperationState, Policy, Status
from ciss_luigi.engines.hiveserver2.engine import ServerEngine
from ciss_luigi.engines.hiveserver2.line import NoConnection
from ciss_luigi.engines.hiveserver2.orphans import end_or_wait
from ciss_luigi.engines.hiveserver2.session import HiveServer2Session
from ciss_luigi.engines.hiveserver2.verdicts import Verdict
from ciss_luigi.engines.impala.driver import ImpylaClient
from ciss_luigi.errors import EngineUnavailable, StatementFailed
from ciss_luigi.locking.leases import LeaseLost
from ciss_luigi.state.writes import OpenWrites
from tests.rules.harness import MAIN, Bench
from tests.rules.stories import sources

TARGET = "main 2016-11"


@dataclass
class Server:
    """Sessions by number; a statement sent over a line in ``cuts`` is under way when the line breaks."""

    cuts: set[int] = field(default_factory=set)
    absent: list[bool] = field(default_factory=list)
    """Of the next connections, whether nothing listens (True), or what listens is not a server (False)."""
    ends: list[bool | None] = field(default_factory=list)
    """What the next requests to end a session are answered; None when that takes for ever."""
    log: list[str] = field(default_factory=list)
    seen: Callable[[], None] = lambda: None
    sessions: int = 0
    abandoned: list[int] = field(default_factory=list)


class Client:
    """One session."""

    def __init__(self, server: Server) -> None:
        server.sessions += 1
        self._server = server
        self._number = server.sessions
        self._operation = ""

    def start(self, statement: str) -> None:
        self._server.seen()
        self._server.log.append(f"{statement} by session {self._number}")
        if self._number in self._server.cuts:
            raise ConnectionError("the line is cut")
        self._operation = f", {statement}"

    def status(self) -> Status:
        return Status(OperationState.DONE)

    def rows(self) -> list[Row]:
        return []

    def trace(self) -> str:
        return f"session {self._number}{self._operation}"

    def end(self, trace: str) -> bool:
        self._server.log.append(f"end of {trace}")
        answer = self._server.ends.pop(0) if self._server.ends else False
        if answer is None:
            raise ConnectionError("the server says nothing")
        return answer

    def close(self) -> None:
        """Nothing is kept."""

    def abandon(self) -> None:
        self._server.abandoned.append(self._number)


class Driver:
    """Connects to the server in memory; each error is a lost line."""

    name = "Hive"

    def __init__(self, server: Server) -> None:
        self._server = server

    def connect(self) -> Client:
        if self._server.absent:
            raise NoConnection("there is no server", may_pass=self._server.absent.pop(0))
        return Client(self._server)

    def settings(self, client: object, settings: Mapping[str, Any]) -> None:
        """There are none."""

    def verdict(self, error: BaseException) -> Verdict:
        return Verdict.LOST

    def words(self, error: BaseException) -> str:
        return str(error)

    def refresh(self, statement: str, words: str) -> list[str]:
        return []

    def find_again(self, tables: Sequence[str]) -> list[str]:
        return []


POLICY = Policy(60, retries=3, retry_wait_seconds=0, orphan_wait_seconds=0, sleep=lambda seconds: None)


@pytest.fixture
def writes(tmp_path: Path) -> OpenWrites:
    return OpenWrites(tmp_path, "hive")


def engine(server: Server, writes: OpenWrites) -> ServerEngine:
    identity = Identity("hive", "in memory")
    return ServerEngine(identity, HiveDialect(), Driver(server), {}, policy=POLICY, writes=writes)


def test_the_record_names_the_session_that_a_statement_is_sent_again_over(writes: OpenWrites) -> None:
    recorded = []
    server = Server(cuts={1}, seen=lambda: recorded.append(writes.find(TARGET)))
    session = HiveServer2Session(Driver(server), {}, POLICY, writes)

    with session.writing(TARGET):
        session.execute("INSERT")

    assert [line for line in server.log if "INSERT" in line] == ["INSERT by session 1", "INSERT by session 2"]
    assert recorded == [("session 1",), ("session 2",)]
    assert server.abandoned == [1]
    assert writes.find(TARGET) == ()


def test_a_session_that_is_left_behind_is_not_closed_over_its_lost_line() -> None:
    """As impyla's cursors close theirs when they are collected, wherever that happens to be."""
    from impala.hiveserver2 import HiveServer2Cursor

    said: list[str] = []
    cursor = HiveServer2Cursor.__new__(HiveServer2Cursor)
    cursor._closed = False
    cursor.close_operation = lambda: said.append("close the operation")
    cursor.session = SimpleNamespace(close=lambda: said.append("close the session"))
    client = ImpylaClient(None, cursor)

    client.abandon()
    del client, cursor
    gc.collect()

    assert said == []


def test_a_statement_that_is_not_on_record_is_not_sent_again(tmp_path: Path) -> None:
    """The lease runs out while the line is being mended: the record is refused."""

    class Refusing(OpenWrites):
        def open(self, target: str, trace: str) -> None:
            if trace != "session 1":
                raise LeaseLost("ran out")
            super().open(target, trace)

    server = Server(cuts={1})
    session = HiveServer2Session(Driver(server), {}, POLICY, Refusing(tmp_path, "hive"))

    with pytest.raises(LeaseLost), session.writing(TARGET):
        session.execute("INSERT")

    assert [line for line in server.log if "INSERT" in line] == ["INSERT by session 1"]


def test_the_record_names_the_operation_once_it_is_under_way(writes: OpenWrites) -> None:
    session = HiveServer2Session(Driver(Server()), {}, POLICY, writes)
    with session.writing(TARGET):
        session.query("SELECT")
        session.execute("INSERT")
        assert writes.find(TARGET) == ("session 1, INSERT",)


class RefusingOperations(OpenWrites):
    """Takes the record of a session, and fails at that of its operation."""

    def __init__(self, folder: Path, error: Exception) -> None:
        super().__init__(folder, "hive")
        self._error = error

    def open(self, target: str, trace: str) -> None:
        if "INSERT" in trace:
            raise self._error
        super().open(target, trace)


def test_a_record_of_the_operation_that_fails_leaves_that_of_the_session(tmp_path: Path) -> None:
    writes = RefusingOperations(tmp_path, OSError(28, "No space left on device"))
    session = HiveServer2Session(Driver(Server()), {}, POLICY, writes)
    with session.writing(TARGET):
        session.execute("INSERT")
        assert writes.find(TARGET) == ("session 1",)


def test_a_statement_over_the_servers_own_time_limit_is_not_sent_again(
    writes: OpenWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its words would call for: this driver takes every error for a lost line."""
    server = Server()
    monkeypatch.setattr(Client, "status", lambda client: Status(OperationState.OVERDUE, "it timed out"))
    session = HiveServer2Session(Driver(server), {}, POLICY, writes)

    with pytest.raises(StatementFailed, match="it timed out"):
        session.execute("INSERT")

    assert server.log == ["INSERT by session 1"]


def test_a_lease_that_is_lost_when_the_operation_is_recorded_ends_it(tmp_path: Path) -> None:
    server, writes = Server(), RefusingOperations(tmp_path, LeaseLost("ran out"))
    session = HiveServer2Session(Driver(server), {}, POLICY, writes)
    with pytest.raises(LeaseLost), session.writing(TARGET):
        session.execute("INSERT")
    assert server.log == ["INSERT by session 1", "end of session 1, INSERT"]


def test_what_a_killed_run_left_is_ended_once_and_before_anything_is_sent(writes: OpenWrites) -> None:
    server = Server()
    writes.open(TARGET, "a killed run's")
    hive = engine(server, writes)

    hive.settle(TARGET)
    with hive.session() as session, session.writing(TARGET):
        session.execute("INSERT")

    assert [line.partition(" by ")[0] for line in server.log] == ["end of a killed run's", "INSERT"]


def test_an_orphan_is_waited_for_until_the_server_knows_it_no_more() -> None:
    server = Server(ends=[True, None, True, False, True])

    end_or_wait(Driver(server), replace(POLICY, orphan_wait_seconds=60), "the orphan")

    assert server.log == ["end of the orphan"] * 4
    assert server.ends == [True]


def test_a_cancel_that_blocks_for_ever_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = threading.Event()
    monkeypatch.setattr(orphans, "_CANCEL_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(Client, "end", lambda client, trace: not blocked.wait())
    try:
        assert orphans.end_once(Driver(Server()), "the orphan") is None
    finally:
        blocked.set()


def test_an_orphan_that_does_not_end_is_waited_for_no_longer_than_the_site_wants() -> None:
    server = Server(ends=[True] * 5)
    waits: list[float] = []

    end_or_wait(Driver(server), replace(POLICY, sleep=waits.append), "the orphan")

    assert server.log == ["end of the orphan"]
    assert waits == []


def test_a_record_that_cannot_be_made_out_is_waited_out(tmp_path: Path, writes: OpenWrites) -> None:
    writes.open(TARGET, "a trace")
    (record,) = tmp_path.iterdir()

    record.write_text("half a rec")
    assert writes.find(TARGET) == ("unknown",)
    with pytest.raises(ValueError, match="hex"):
        thrift.end(None, ttypes, "unknown")

    record.unlink()
    record.mkdir()
    with pytest.raises(OSError, match="is not a plain file"):
        writes.find(TARGET)


# --- opening a session --------------------------------------------------------------------------------


def test_a_server_that_is_being_restarted_is_asked_again(writes: OpenWrites) -> None:
    waits: list[float] = []
    policy = replace(POLICY, retry_wait_seconds=1, sleep=waits.append)
    session = HiveServer2Session(Driver(Server(absent=[True, True])), {}, policy, writes)

    session.open()

    first, second = waits
    assert 1 <= first <= 2 <= second <= 3


def test_no_wait_between_two_tries_is_longer_than_ten_minutes(writes: OpenWrites) -> None:
    waits: list[float] = []
    policy = replace(POLICY, retries=100, retry_wait_seconds=5, sleep=waits.append)
    session = HiveServer2Session(Driver(Server(absent=[True] * 100)), {}, policy, writes)

    session.open()

    assert waits == sorted(waits)
    assert waits[-1] == 600


@pytest.mark.parametrize(("absent", "tries"), [([True] * 9, 4), ([False] * 9, 1)])
def test_a_server_that_stays_away_or_is_none_is_given_up(
    writes: OpenWrites, absent: list[bool], tries: int
) -> None:
    session = HiveServer2Session(Driver(Server(absent=absent)), {}, POLICY, writes)

    with pytest.raises(EngineUnavailable, match="there is no server"):
        session.open()

    assert len(absent) == 9 - tries


# --- an older date beside the orphan of a newer one ---------------------------------------------------


class _LateEngine(Engine):
    """DuckDB as if it had no transactions, and an orphan that lands in main when it is waited for."""

    def __init__(self, inner: Engine, land: Callable[[], None]) -> None:
        self._inner = inner
        self._land = land
        self.identity, self.dialect = inner.identity, inner.dialect
        self.capabilities = replace(inner.capabilities, transactions=False)

    def settle(self, target: str) -> None:
        if target == f"{MAIN} 2016-12":
            self._land()

    @contextmanager
    def session(self) -> Iterator[Any]:
        with self._inner.session() as session:
            yield _LateSession(session, self.settle)

    def is_transient(self, error: BaseException) -> bool:
        return False


class _LateSession:
    def __init__(self, inner: Any, settle: Callable[[str], None]) -> None:
        self._inner = inner
        self._settle = settle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def writing(self, target: str) -> AbstractContextManager[None]:
        self._settle(target)
        return nullcontext()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.warehouse.close()


def test_what_a_killed_run_of_a_newer_date_still_writes_is_seen_by_an_older_date(bench: Bench) -> None:
    """Its rows come while the older date waits for them: after that wait it looks, not before."""
    december = "month_year = '2016-12'"
    bench.fill(sources(1))
    bench.run("2017-01-03")
    bench.query(f"CREATE TABLE mnaas.late AS SELECT * FROM {MAIN} WHERE {december}")
    bench.query(f"DELETE FROM {MAIN} WHERE {december}")
    orphan = iter([f"INSERT INTO {MAIN} SELECT * FROM mnaas.late"])

    def land() -> None:
        for statement in orphan:
            bench.query(statement)

    bench.wrap = lambda inner: _LateEngine(inner, land)

    bench.run("2016-12-20")

    dates = bench.query(f"SELECT DISTINCT as_of_date FROM {MAIN} WHERE {december}")
    assert dates == [("2017-01-03",)]
