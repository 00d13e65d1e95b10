"""What every test may ask for."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ciss_luigi import plaintext
from ciss_luigi.telemetry import context
from tests.command import Luigid, Place, luigid, make_warehouse
from tests.sample import Make, make_sample, make_site
from tests.servers import needs

pytest_plugins = ["tests.servers.fixtures", "tests.engines.sites"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The version in whose manners the Impala front answers, where a test does not name one."""
    parser.addoption(
        "--impala", default="2.12", choices=("2.12", "3.4", "4.0", "4.5"), help="Impala front's version"
    )


def pytest_configure() -> None:
    """A shell that starts the tests in the background has them ignore Ctrl-C; what they start must not."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _nothing_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test took for a secret, or put into each line of a log, is nothing to the next."""
    monkeypatch.setattr(plaintext, "_secrets", set())
    monkeypatch.setattr(context._Current, "fields", {})


_SERVERS = {
    "hive": "hive",
    "hive_transactional": "hive_transactional",
    "impala": "hive",
    "impala_front": "hive",
    "impala_front_3_4": "hive",
    "impala_front_4_0": "hive",
    "impala_front_4_5": "hive",
    "impala_transactional_3_4": "hive_transactional",
    "impala_transactional_4_5": "hive_transactional",
    "spark_ansi": "spark",
    "spark_plain": "spark",
}
_IMPALA = {"impala", "impala_front"}
"""The fixtures whose version is that of ``--impala``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one server run in one worker, so that it is started once; those of Impala get its marker."""
    for item in items:
        if item.get_closest_marker("whole") and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.core)
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.slow)  # or -m "not slow" would run the long forms
        asked = {*getattr(item, "fixturenames", ())}
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        asked |= {getattr(value, "fixture", value) for value in parameters.values() if _is_name(value)}
        groups = sorted({_SERVERS[name] for name in asked & _SERVERS.keys()})
        if groups:
            item.add_marker(pytest.mark.xdist_group("-".join(groups)))
        named = any(map(_is_name, parameters.values()))
        if asked & _IMPALA or (not named and _makes_impala(item)):
            item.add_marker(pytest.mark.impala)


def _makes_impala(item: pytest.Item) -> bool:
    """Whether a test whose parameters name no engine may make a site on the front: its module imports it."""
    return _is_name(getattr(getattr(item, "module", None), "IMPALA", None))


def _is_name(value: object) -> bool:
    return isinstance(getattr(value, "fixture", value), str)


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's sample in a DuckDB file, to be copied."""
    return make_sample(tmp_path_factory.mktemp("sample") / "sample.duckdb")


@pytest.fixture
def make(tmp_path: Path, sample_file: Path) -> Make:
    """A site on a copy of the sample, with keys of ``[ciss]`` of its own."""
    return partial(make_site, tmp_path, sample_file)


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


@pytest.fixture(scope="session")
def mounts() -> None:
    """Folders can be mounted for one command alone."""
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
        needs.give_up("unshare -m is not permitted here")


@pytest.fixture(scope="session")
def setpriv() -> None:
    """Root can be made to meet the refusals that others meet."""
    if shutil.which("setpriv") is None:
        needs.give_up("not installed: setpriv (Debian package util-linux)")
