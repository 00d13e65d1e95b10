"""Benches: one of its own per test, or one for all the examples of Hypothesis."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
def filled(swift_folder: Path) -> Iterator[Bench]:
    """The telling rows, and a main that a run made of them the day before."""
    with _restored(swift_folder / "filled", _fill) as bench:
        yield bench


@pytest.fixture
def built(swift_folder: Path) -> Iterator[Bench]:
    """The same, and a temp that is built and not merged."""
    with _restored(swift_folder / "built", _build) as bench:
        yield bench


def _fill(bench: Bench) -> None:
    bench.fill(TELLING)
    bench.run(BEFORE)


def _build(bench: Bench) -> None:
    _fill(bench)
    for step in (Step.TRUNCATE, Step.BUILD):
        bench.perform(DATE, step)


@contextmanager
def _restored(folder: Path, make: Callable[[Bench], None]) -> Iterator[Bench]:
    """A bench as it was first made in this folder: made once, then copied back for each test."""
    saved = folder.with_suffix(".saved")
    if not saved.exists():
        folder.mkdir()
        bench = Bench(folder)
        make(bench)
        bench.warehouse.close()
        shutil.copytree(folder, saved)
    shutil.rmtree(folder)
    shutil.copytree(saved, folder)
    bench = Bench(folder)
    yield bench
    bench.warehouse.close()


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
