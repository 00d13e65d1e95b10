"""The packaged sample, loaded and run once; each test has a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers import run, typed

NIGHT = "2016-11-22"


@pytest.fixture(scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    (folder / "luigi.cfg").write_text("[ciss]\n")
    typed(folder, "load", "--sample").expect(0)
    run(folder, NIGHT)
    return folder


@pytest.fixture
def sample(_sample: Path, tmp_path: Path) -> Path:
    """A folder in which the sample is loaded and its night is merged."""
    shutil.copytree(_sample, tmp_path / "site")
    markers = tmp_path / "site" / "var" / "markers"
    for marker in markers.rglob("*.json"):
        marker.write_text(marker.read_text().replace(str(_sample), str(tmp_path / "site")))
    return tmp_path / "site"
