"""Where the job is disturbed: a DuckDB file for each trial, or a Hive with tables of each trial's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.command import Place, make_warehouse
from tests.engines.backends import Server
from tests.engines.cluster import Cluster

Rows = list[tuple[Any, ...]]

MAIN = "mnaas.customer_invoice_summary_estimated"


class Ground(Protocol):
    """Where trials take place."""

    longest_range: int
    """How many dates a range has."""

    def place(self, name: str) -> Place:
        """A site of which nothing has run."""

    def rows(self, place: Place) -> Rows:
        """All of its main but the run_id, which differs by design."""


class DuckGround:
    """A DuckDB file for each trial."""

    longest_range = 40

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.duckdb"
        make_warehouse(self._template)

    def place(self, name: str) -> Place:
        """A copy of the sources."""
        return Place(self._folder / name, self._template)

    def rows(self, place: Place) -> Rows:
        """All of main but the run_id."""
        import duckdb

        with duckdb.connect(str(place.warehouse), read_only=True) as connection:
            return connection.execute(f"SELECT * EXCLUDE (run_id) FROM {MAIN} ORDER BY ALL").fetchall()


class HiveGround:
    """A real HiveServer2 with the same sources; each trial has a temp and a main of its own."""

    longest_range = 5

    def __init__(self, folder: Path, url: str, server: Server) -> None:
        self._folder, self._url, self._server = folder, url, server
        self._mains: dict[Path, str] = {}

    def place(self, name: str) -> Place:
        """New tables beside the sources."""
        place = Cluster(self._folder / name, self._url, self._server, "mnaas")
        self._mains[place.folder] = place.main_table
        return place

    def rows(self, place: Place) -> Rows:
        """All of main but the run_id."""
        main = self._mains[place.folder]
        columns = [name for name, *_ in self._server.query(f"DESCRIBE {main}") if name]
        kept = dict.fromkeys(name for name in columns if not name.startswith("#") and name != "run_id")
        return sorted(self._server.query(f"SELECT {', '.join(kept)} FROM {main}"), key=str)


@contextmanager
def hive_ground(folder: Path) -> Iterator[HiveGround]:
    """Start a Hive, and give it the sources that the DuckDB trials have."""
    from tests.servers.hiveserver import hive_server

    with hive_server(folder / "hive") as running:
        server = Server(running)
        scratch = folder / "parquet"
        scratch.mkdir()
        make_warehouse(folder / "template.duckdb")
        server.load(folder / "template.duckdb", "mnaas", scratch)
        yield HiveGround(folder, f"hive://tester@{running.host}:{running.port}/default", server)
