"""What a session does about an Impala's old picture, statement by statement.

The client is made up: it answers by the words of Impala's source. Whole runs on the front are in
``engines/test_impala.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ciss_luigi.engines.base import Row
from ciss_luigi.engines.hiveserver2.client import OperationState, Policy, Status
from ciss_luigi.engines.hiveserver2.session import HiveServer2Session
from ciss_luigi.engines.impala.driver import ImpalaDriver
from ciss_luigi.errors import NotThisWay, StatementFailed
from ciss_luigi.state.writes import OpenWrites

POLICY = Policy(60, retries=1, retry_wait_seconds=0, orphan_wait_seconds=0, sleep=lambda seconds: None)
LIST = "/* tag */\nSHOW TABLES IN `mnaas`"
Answer = Callable[[str], list[Row]]


class Impala:
    """A client, and the statements that it was given; ``answer`` gives rows or raises RuntimeError."""

    def __init__(self, answer: Answer) -> None:
        self.sent: list[str] = []
        self._answer = answer
        self._rows: list[Row] = []

    def start(self, statement: str) -> None:
        self.sent.append(statement.removeprefix("/* tag */\n"))
        self._rows = self._answer(self.sent[-1])

    def status(self) -> Status:
        return Status(OperationState.DONE)

    def rows(self) -> list[Row]:
        return self._rows

    def trace(self) -> str:
        return "session"

    def end(self, trace: str) -> bool:
        return False

    def close(self) -> None: ...

    def abandon(self) -> None: ...


class Driver(ImpalaDriver):
    """Impala's driver on the made-up client."""

    def __init__(self, client: Impala) -> None:
        super().__init__(lambda: (None, None))
        self._made_up = client

    def connect(self) -> Impala:
        return self._made_up


@contextmanager
def session(answer: Answer, tmp_path: Path) -> Iterator[tuple[HiveServer2Session, Impala]]:
    client = Impala(answer)
    yield HiveServer2Session(Driver(client), {}, POLICY, OpenWrites(tmp_path, "impala x")), client


def test_what_is_not_listed_is_looked_for_once_in_a_session(tmp_path: Path) -> None:
    known = {"main"}

    def answer(statement: str) -> list[Row]:
        if statement.startswith("INVALIDATE METADATA"):
            known.add("temp")
        return [(name,) for name in sorted(known)]

    with session(answer, tmp_path) as (one, client):
        wanted = ("`mnaas`.`main`", "`mnaas`.`temp`", "`mnaas`.`late`")
        assert one.tables(LIST, wanted) == {"main", "temp"}
        assert one.tables(LIST, wanted) == {"main", "temp"}

    renewals = [text for text in client.sent if not text.startswith("SHOW")]
    assert renewals == ["INVALIDATE METADATA `mnaas`.`temp`", "INVALIDATE METADATA `mnaas`.`late`"]


def test_without_the_right_to_look_again_the_picture_is_taken_as_it_is(tmp_path: Path) -> None:
    def answer(statement: str) -> list[Row]:
        if statement.startswith("INVALIDATE METADATA"):
            raise RuntimeError(
                "AuthorizationException: User 'u' does not have privileges to access: mnaas.temp"
            )
        return [("main",)]

    with session(answer, tmp_path) as (one, _):
        assert one.tables(LIST, ("`mnaas`.`temp`",)) == {"main"}


def test_each_of_several_unknown_tables_of_one_statement_is_shown(tmp_path: Path) -> None:
    known: set[str] = set()

    def answer(statement: str) -> list[Row]:
        if statement.startswith("INVALIDATE METADATA"):
            known.add(statement.rsplit(maxsplit=1)[-1].replace("`", ""))
            return []
        for name in ("mnaas.a", "mnaas.b"):
            if name not in known:
                raise RuntimeError(f"AnalysisException: Could not resolve table reference: '{name}'")
        return [(1,)]

    with session(answer, tmp_path) as (one, client):
        assert one.query("/* tag */\nSELECT 1 FROM `mnaas`.`a` JOIN `mnaas`.`b`") == [(1,)]
    assert [text for text in client.sent if "INVALIDATE" in text] == [
        "INVALIDATE METADATA `mnaas`.`a`", "INVALIDATE METADATA `mnaas`.`b`"
    ]  # fmt: skip


def test_a_table_that_is_nowhere_is_asked_for_once_more_and_then_an_error(tmp_path: Path) -> None:
    def answer(statement: str) -> list[Row]:
        if statement.startswith("DESCRIBE"):
            raise RuntimeError("AnalysisException: Could not resolve path: 'mnaas.gone'")
        return []

    with session(answer, tmp_path) as (one, client), pytest.raises(StatementFailed, match="gone"):
        one.columns("/* tag */\nDESCRIBE `mnaas`.`gone`")
    assert client.sent.count("INVALIDATE METADATA `mnaas`.`gone`") == 1


@pytest.mark.parametrize(
    "words",
    [
        "AnalysisException: Refreshing a partition is not allowed on transactional tables. "
        "Try to refresh the whole table instead.",
        "AnalysisException: Refreshing partitions is not allowed on transactional tables. "
        "Try to refresh the whole table instead.",
        "AnalysisException: ALTER TABLE not supported on transactional (ACID) table: mnaas.temp",
    ],
)
def test_what_is_done_in_another_way_only_is_sent_once_and_said_so(tmp_path: Path, words: str) -> None:
    def answer(statement: str) -> list[Row]:
        raise RuntimeError(words)

    with session(answer, tmp_path) as (one, client), pytest.raises(NotThisWay):
        one.execute("/* tag */\nREFRESH `mnaas`.`temp` PARTITION (`run_date` = 'x')")
    assert len(client.sent) == 1
