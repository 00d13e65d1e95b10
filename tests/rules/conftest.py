"""Benches: one of its own per test, or one for all the examples of Hypothesis."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi.state.markers import Step
from tests.rules.harness import Bench
from tests.rules.telling import BEFORE, DATE, TELLING

_MEMORY = Path("/dev/shm")


@pytest.fixture
def bench(swift_folder: Path) -> Iterator[Bench]:
    """An empty warehouse of the test's own."""
    with tempfile.TemporaryDirectory(dir=swift_folder) as folder:
        made = Bench(Path(folder))
        yield made
        made.warehouse.close()


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """The telling rows, and a main that a run made of them the day before."""
    bench.fill(TELLING)
    bench.run(BEFORE)
    return bench


@pytest.fixture
def built(filled: Bench) -> Bench:
    """The same, and a temp that is built and not merged."""
    for step in (Step.TRUNCATE, Step.BUILD):
        filled.perform(DATE, step)
    return filled


@pytest.fixture(scope="session")
def shared_bench(swift_folder: Path) -> Iterator[Bench]:
    """A warehouse for examples that replace everything in it."""
    folder = swift_folder / "shared"
    folder.mkdir()
    made = Bench(folder)
    yield made
    made.warehouse.close()


@pytest.fixture(scope="session")
def swift_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: a run waits a dozen times until the disk has what it wrote."""
    if not _MEMORY.is_dir():
        yield tmp_path_factory.mktemp("rules")
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="ciss-rules-") as folder:
        yield Path(folder)
