"""Warehouses to load into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loading.loader import Warehouse, warehouse


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with warehouse(tmp_path_factory.mktemp("loading")) as opened:
        yield opened


@pytest.fixture
def there(shared: Warehouse) -> Iterator[Warehouse]:
    """A filled warehouse that several tests share, and an empty folder."""
    shared.clear()
    yield shared
    shared.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse of the test's own, without any table."""
    with warehouse(tmp_path, filled=False) as opened:
        yield opened
