"""Leases: taken once, renewed, run out, fenced."""

from __future__ import annotations

import threading
import time

import pytest

from ciss_luigi.errors import EngineUnavailable
from ciss_luigi.leases import Lease, LeaseLost, Leases
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
    short = leases(database, term=0.4)
    lease = taken(short.take("a month"))
    with short.renewing(lease):
        time.sleep(1.0)
        short.check(lease)

        assert isinstance(leases(database).take("a month"), str)


def test_what_the_last_holder_was_writing_is_left_behind(database: Postgres) -> None:
    dying = leases(database, term=0.2)
    dying.note_writing(taken(dying.take("a month")), "a trace")
    time.sleep(0.3)

    assert taken(leases(database).take("a month")).left_behind == "a trace"


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


def test_a_postgresql_that_is_away_is_said_without_the_password() -> None:
    away = Leases("postgresql+psycopg://ciss:s3cret@127.0.0.1:1/ciss", "test")

    with pytest.raises(EngineUnavailable) as raised:
        away.take("a date")

    assert "lease_url" in str(raised.value)
    assert "s3cret" not in str(raised.value)
