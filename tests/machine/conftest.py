"""What a run that nobody disturbs makes of the date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import Place
from tests.helpers import run
from tests.machine.around import DATE


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, small_warehouse: Path) -> list[tuple[Any, ...]]:
    """Main, run_id apart, after a run of the date that nobody disturbed."""
    place = Place(tmp_path_factory.mktemp("undisturbed") / "site", small_warehouse)
    run(place.folder, DATE)
    return place.main()
