"""One PostgreSQL for all tests of this folder, emptied for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def running_postgres() -> Iterator[Postgres]:
    """The server."""
    with postgres() as server:
        yield server


@pytest.fixture
def database(running_postgres: Postgres) -> Postgres:
    """The server without any lease."""
    running_postgres.query("DROP TABLE IF EXISTS ciss_lease")
    return running_postgres
