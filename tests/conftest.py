"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Luigid, Place, luigid, make_warehouse

if Path(__file__).with_name("servers").joinpath("fixtures.py").exists():
    pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with four months of a few source rows; to be copied, not used."""
    path = tmp_path_factory.mktemp("template") / "warehouse.duckdb"
    make_warehouse(path)
    return path


@pytest.fixture
def place(tmp_path: Path, small_warehouse: Path) -> Iterator[Place]:
    """A site with four months of a few source rows, not run yet."""
    place = Place(tmp_path / "site", small_warehouse)
    yield place
    place.end()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Luigid]:
    """A luigid of the test's own."""
    with luigid(tmp_path / "luigid") as running:
        yield running
