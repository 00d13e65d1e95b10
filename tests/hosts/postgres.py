"""A PostgreSQL of the tests' own, on loopback, gone when they end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import free_port

USER = "postgres"
WITH_PASSWORD = "ciss"
"""A role, once a test has made it, that the server asks for its password."""


def short_term(seconds: float) -> str:
    """A prelude: leases run out after so many seconds."""
    return f"""
from ciss_luigi.locking.leases import Leases
Leases.__init__.__defaults__ = ({seconds},)
"""


@dataclass(frozen=True)
class Postgres:
    """A running server; it can be stopped and started again."""

    programs: Path
    data: Path
    port: int

    @property
    def url(self) -> str:
        """As it stands in ``lease_url``."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data}"
        log = str(self.data / "log")
        self._run("pg_ctl", "start", "-w", "-D", str(self.data), "-o", options, "-l", log)

    def stop(self) -> None:
        """Stop it at once; those who ask are refused."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.data))

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the server."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(statement)
            return list(found.fetchall()) if found.description else []

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.data.parent,
            user=USER if os.geteuid() == 0 else None,
        )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server with an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="ciss-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    server = Postgres(_programs(), folder / "data", free_port())
    try:
        server._run("initdb", "-D", str(server.data), "-U", USER, "-A", "trust", "-N")
        hba = server.data / "pg_hba.conf"
        hba.write_text(f"host all {WITH_PASSWORD} all scram-sha-256\n{hba.read_text()}")
        server.start()
        yield server
        server.stop()
    finally:
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Where initdb is; skips naming what is missing, and fails in CI, where nothing may be."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found or on_path:
        return Path(on_path or found[-1]).parent
    reason = "not installed: initdb (Debian package postgresql)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
