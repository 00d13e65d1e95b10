"""``ciss check`` in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ciss_luigi import site
from ciss_luigi.cli.group import ciss as ciss_group
from tests.check.looking import Ciss


@pytest.fixture
def ciss(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ciss]:
    """``ciss check`` in the folder of the site."""
    monkeypatch.chdir(tmp_path)
    site.current.cache_clear()
    yield lambda *arguments: CliRunner().invoke(ciss_group, ["check", *arguments])
    site.current.cache_clear()
