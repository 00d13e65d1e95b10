"""What stands in the place of the embedded warehouse, and what a killed program left in it."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ciss_luigi.engines.base import Progress
from ciss_luigi.engines.duckdb import session as sessions
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from ciss_luigi.errors import EngineUnavailable, OutOfMemory, StatementDeadline
from tests.oddfiles import make_odd

KILLED = """
import duckdb, os, sys
with_index = duckdb.connect(sys.argv[1])
with_index.execute("CREATE TABLE t AS SELECT i FROM range(10) r(i)")
with_index.execute("CHECKPOINT")
with_index.execute("CREATE INDEX one ON t(i)")
with_index.execute("INSERT INTO t VALUES (10)")
os._exit(9)
"""


@pytest.fixture
def left_unfinished(tmp_path: Path) -> Path:
    """A file as a program leaves it that made an index and was killed."""
    file = tmp_path / "w.duckdb"
    assert subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False).returncode == 9
    assert (tmp_path / "w.duckdb.wal").exists()
    return file


def test_a_look_finishes_what_a_killed_program_left(
    left_unfinished: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = DuckDbEngine(left_unfinished)
    for _ in range(2):
        with caplog.at_level(logging.WARNING), engine.reading() as session:
            assert session.query("SELECT COUNT(*) FROM t") == [(11,)]
    assert [record.message for record in caplog.records] == [
        f"{left_unfinished}: a program that was killed left it unfinished; it is opened for writing once."
    ]


def test_a_site_that_only_reads_is_told(left_unfinished: Path) -> None:
    engine = DuckDbEngine(left_unfinished, connect_args={"read_only": True})
    with pytest.raises(EngineUnavailable, match="Failure while replaying WAL"), engine.reading():
        pass


def test_a_sqlite_file_is_called_one_and_the_network_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (a)")
    for opened in (DuckDbEngine(file).session, DuckDbEngine(file).reading):
        with pytest.raises(EngineUnavailable) as raised, opened():
            pass
        assert raised.value.what == f"{file} is a SQLite database, not a database of DuckDB"
        assert raised.value.exit_code == 35


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PAR1" + bytes(99), "a Parquet file"),
        (b"PK\x03\x04" + bytes(99), "a zip or Excel file"),
        (b"\x1f\x8b" + bytes(99), "a gzip file"),
        (b"a,b\n1,2\n", "another kind of file"),
        (b"", "an empty file"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is_and_stays(
    head: bytes, what: str, tmp_path: Path
) -> None:
    file = tmp_path / "w.duckdb"
    file.write_bytes(head)
    for opened in (DuckDbEngine(file).session, DuckDbEngine(file).reading):
        with pytest.raises(EngineUnavailable) as raised, opened():
            pass
        assert raised.value.what == f"{file} is {what}, not a database of DuckDB"
    assert file.read_bytes() == head


@pytest.mark.parametrize("odd", ["pipe", "socket", "folder"])
def test_what_is_no_file_is_not_waited_for(odd: str, tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    make_odd(file, odd)
    for opened in (DuckDbEngine(file).session, DuckDbEngine(file).reading):
        with pytest.raises(EngineUnavailable) as raised, opened():
            pass
        what = "is a folder, not a database of DuckDB" if odd == "folder" else "is not a plain file"
        assert raised.value.what == f"{file} {what}"
        assert raised.value.next_command.startswith("name another file in [ciss] warehouse_url, then: ")


def test_no_extension_is_loaded_unasked(tmp_path: Path) -> None:
    with DuckDbEngine(tmp_path / "w.duckdb").session() as session:
        settings = (
            "current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
        )
        assert session.query(f"SELECT {settings}") == [(False, False)]
    own = {"config": {"autoload_known_extensions": "true", "threads": 1}}
    with DuckDbEngine(tmp_path / "w.duckdb", connect_args=own).session() as session:
        assert session.query(f"SELECT {settings}, current_setting('threads')") == [(False, True, 1)]


def test_too_little_memory_is_told_as_such(tmp_path: Path) -> None:
    engine = DuckDbEngine(tmp_path / "w.duckdb", session_settings={"memory_limit": "10MB"})
    with engine.session() as session, pytest.raises(OutOfMemory) as raised:
        session.query("SELECT string_agg(i::VARCHAR, ',') FROM range(10000000) r(i)")
    assert "Next:  set a larger memory_limit, such as [ciss] session_settings = " in str(raised.value)
    assert os.path.exists(tmp_path / "w.duckdb")


LONG = "SELECT hash(i) % 100, sum(i::DECIMAL(18, 4)) FROM range(3000000) r(i) GROUP BY ALL"


def test_a_long_statement_tells_how_far_it_is_and_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sessions, "_LOOK_SECONDS", 0.005)
    heard: list[Progress] = []
    one = {"config": {"threads": 1}}
    with DuckDbEngine(tmp_path / "w.duckdb", connect_args=one, progress=heard.append).session() as session:
        session.execute("CREATE TABLE r AS SELECT i FROM range(3000000) s(i)")
        for _ in range(50):  # a machine under load may not come to look at each
            heard.clear()
            session.query(LONG.replace("range(3000000) r(i)", "r"))
            if any(told.fraction and told.fraction < 1 for told in heard):
                break
        assert "ciss statement" not in [thread.name for thread in threading.enumerate()]
    fractions = [told.fraction for told in heard if told.fraction is not None]
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert any(0 < fraction < 1 for fraction in fractions)
    assert capfd.readouterr() == ("", "")


def test_a_deadline_holds_also_where_the_progress_cannot_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_LOOK_SECONDS", 0.005)
    asked: list[Progress] = []

    def fail(progress: Progress) -> None:
        asked.append(progress)
        raise OSError("nobody listens")

    # of some statements DuckDB never tells how far they are; and a machine under load may not come to look
    for seconds in (*[0.1] * 10, *[1] * 10):
        engine = DuckDbEngine(tmp_path / "w.duckdb", deadline_seconds=seconds, progress=fail)
        with engine.session() as session:
            with pytest.raises(StatementDeadline):
                session.query(LONG.replace("3000000", "30000000000"))
            assert session.query("SELECT 1") == [(1,)]
        if asked:
            return
    pytest.fail("the progress was never told")
