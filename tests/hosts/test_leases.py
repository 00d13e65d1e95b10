"""Leases: taken once, renewed, run out, fenced."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from ciss_luigi.errors import ConfigurationError, EngineUnavailable
from ciss_luigi.locking.leasebook import LeaseBook
from ciss_luigi.locking.leases import Lease, LeaseLost, Leases
from ciss_luigi.state.writes import OpenWrites
from tests.hosts.postgres import Postgres

pytestmark = [pytest.mark.server, pytest.mark.slow]


def leases(database: Postgres, term: float = 60.0) -> Leases:
    return Leases(database.url.replace("postgresql://", "postgresql+psycopg://"), "test", term)


def taken(found: Lease | str) -> Lease:
    assert isinstance(found, Lease), found
    return found


def test_a_lease_is_taken_once_and_its_holder_named(database: Postgres) -> None:
    lease = taken(leases(database).take("a date"))

    holder = leases(database).take("a date")

    assert lease.token == 1
    assert str(holder).startswith("pid ")


def test_a_released_lease_is_free_and_its_token_grows(database: Postgres) -> None:
    first = taken(leases(database).take("a date"))
    leases(database).release(first)

    assert taken(leases(database).take("a date")).token == 2


def test_a_lease_that_ran_out_is_lost_to_its_holder(database: Postgres) -> None:
    paused = leases(database, term=0.3)
    late = taken(paused.take("a month"))
    time.sleep(0.4)
    taken(leases(database).take("a month"))

    with pytest.raises(LeaseLost, match="ran out before"):
        paused.check(late)


def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(database: Postgres) -> None:
    paused = leases(database, term=0.2)
    late = taken(paused.take("a month"))
    time.sleep(0.3)

    with pytest.raises(LeaseLost):
        paused.check(late)


def test_a_renewed_lease_outlives_its_term(database: Postgres) -> None:
    short = leases(database, term=3.0)
    lease = taken(short.take("a month"))
    with short.renewing(lease):
        time.sleep(4.0)
        short.check(lease)

        assert isinstance(leases(database).take("a month"), str)


def test_what_the_last_holder_was_writing_is_left_behind(database: Postgres) -> None:
    dying = leases(database)
    dying.note_writing(taken(dying.take("a month")), "hive", "a trace")
    database.query("UPDATE ciss_lease SET expires_at = '-infinity'")

    assert taken(leases(database).take("a month")).left_behind == {"hive": "a trace"}


def test_what_holders_in_a_row_left_on_two_engines_is_found_on_each(
    database: Postgres, tmp_path: Path
) -> None:
    """With ``build_url`` one host may die while Impala builds, and the next while Hive empties temp."""
    for engine in ("impala", "hive"):
        dying = leases(database)
        dying.note_writing(taken(dying.take("a date")), engine, f"a trace on {engine}")
        database.query("UPDATE ciss_lease SET expires_at = '-infinity'")
    book = LeaseBook(leases(database))

    with book.waited("a date"):
        found = {
            engine: book.writes(OpenWrites(tmp_path, engine), engine).find("a date")
            for engine in ("hive", "impala", "another")
        }

    assert found == {"hive": ("a trace on hive",), "impala": ("a trace on impala",), "another": ()}


def test_a_holder_whose_lease_ran_out_records_no_write(database: Postgres) -> None:
    """Whoever takes over has read the record by then, and would not wait for what is sent after that."""
    paused = leases(database, term=0.2)
    late = taken(paused.take("a month"))
    time.sleep(0.3)

    with pytest.raises(LeaseLost):
        paused.note_writing(late, "hive", "a late trace")

    assert taken(leases(database).take("a month")).left_behind == {}


def test_a_holder_whose_lease_passed_on_leaves_its_successors_record_alone(database: Postgres) -> None:
    paused = leases(database, term=0.2)
    late = taken(paused.take("a month"))
    time.sleep(0.3)
    successor = taken(leases(database).take("a month"))
    leases(database).note_writing(successor, "hive", "the successor's trace")

    with pytest.raises(LeaseLost):
        paused.note_writing(late, "hive", "a late trace")
    paused.note_written(late, "hive")

    assert database.query("SELECT writing FROM ciss_lease") == [({"hive": "the successor's trace"},)]


def test_a_write_that_ended_is_no_longer_left_behind(database: Postgres) -> None:
    first = leases(database)
    lease = taken(first.take("a month"))
    first.note_writing(lease, "hive", "a trace")
    first.note_written(lease, "hive")
    first.release(lease)

    assert taken(leases(database).take("a month")).left_behind == {}


def test_a_write_begins_only_under_its_lease(database: Postgres, tmp_path: Path) -> None:
    book = LeaseBook(leases(database))
    writes = book.writes(OpenWrites(tmp_path, "hive"), "hive")

    with book.waited("a month"):
        writes.open("a month", "a trace")
        database.query("UPDATE ciss_lease SET token = token + 1")
        with pytest.raises(LeaseLost):
            writes.open("a month", "another trace")


def test_an_old_record_of_ones_own_does_not_hide_what_another_host_left(
    database: Postgres, tmp_path: Path
) -> None:
    other = leases(database)
    lease = taken(other.take("a month"))
    other.note_writing(lease, "hive", "the other host's trace")
    other.release(lease)
    own = OpenWrites(tmp_path, "hive")
    own.open("a month", "an old trace of this host")
    book = LeaseBook(leases(database))

    with book.waited("a month"):
        found = book.writes(own, "hive").find("a month")

    assert found == ("an old trace of this host", "the other host's trace")


def test_a_process_stopped_amid_a_renewal_keeps_nobody_waiting(database: Postgres) -> None:
    """It holds the row of its lease, as a paused one would."""
    taken(leases(database, term=0.2).take("a month"))
    with psycopg.connect(database.url) as paused:
        paused.execute("SELECT 1 FROM ciss_lease FOR UPDATE")
        time.sleep(0.3)

        with pytest.raises(EngineUnavailable, match="lock timeout"):
            leases(database).take("a month")


def test_waiting_ends_when_the_holder_lets_go(database: Postgres) -> None:
    first = taken(leases(database).take("a month"))
    timer = threading.Timer(0.5, leases(database).release, [first])
    timer.start()

    with leases(database).held("a month") as second:
        assert second.token == first.token + 1


def test_of_many_at_once_one_gets_it(database: Postgres) -> None:
    found: list[Lease | str] = []
    threads = [
        threading.Thread(target=lambda: found.append(leases(database).take("a date"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == len(threads)
    assert sum(isinstance(one, Lease) for one in found) == 1


def test_a_table_of_somebody_elses_needs_no_right_to_make_one(database: Postgres) -> None:
    taken(leases(database).take("a date"))
    database.query("CREATE ROLE renter LOGIN")
    database.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    database.query("GRANT SELECT, INSERT, UPDATE ON ciss_lease TO renter")
    url = database.url.replace("postgresql://postgres@", "postgresql+psycopg://renter@")

    lease = taken(Leases(url, "test").take("a month"))

    assert lease.token == 1


def test_a_table_whose_making_was_undone_is_made_again(database: Postgres) -> None:
    mine = leases(database)
    with pytest.raises(ZeroDivisionError), mine._connection():
        raise ZeroDivisionError  # as a line that is cut before the transaction ends

    assert taken(mine.take("a date")).token == 1


def test_a_psycopg_that_does_not_work_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match="lease_url: psycopg does not work here"):
        Leases("postgresql+psycopg://127.0.0.1/ciss", "test").take("a date")


def test_a_postgresql_that_is_away_is_said_without_the_password() -> None:
    away = Leases("postgresql+psycopg://ciss:s3cret@127.0.0.1:1/ciss", "test")

    with pytest.raises(EngineUnavailable) as raised:
        away.take("a date")

    assert "lease_url" in str(raised.value)
    assert "s3cret" not in str(raised.value)
