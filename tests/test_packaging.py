"""What is built and handed out, and the README's words typed in an empty directory, on each Python here."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")


def pythons() -> dict[str, str]:
    """The supported Pythons on this machine; the one that runs the tests for certain."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {version: python for version in PYTHONS for python in _candidates(version) if _answers(python)}
    return {**found, own: sys.executable}


def _candidates(version: str) -> Iterator[str]:
    """By name, and where pyenv keeps those that it gives no name."""
    yield f"python{version}"
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, root.glob(f"versions/{version}.*/bin/python{version}"))


def _answers(python: str) -> bool:
    """Whether it runs: a launcher may know a name without having the Python."""
    try:
        return subprocess.run([python, "--version"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that a clone has, and nothing that an earlier build or run has left."""
    folder = tmp_path_factory.mktemp("packaging") / "clone"
    left = ("*.egg-info", "__pycache__", "build", "dist", "var", ".*")
    shutil.copytree(TOP, folder, ignore=shutil.ignore_patterns(*left))
    return folder


@pytest.fixture(scope="module")
def built(clone: Path) -> Path:
    """The folder with the sdist, and with the wheel that was made from it."""
    command = [sys.executable, "-m", "build", "--outdir", str(clone.parent / "dist"), str(clone)]
    subprocess.run(command, check=True, capture_output=True)
    return clone.parent / "dist"


def package_files() -> set[str]:
    """The package's own files in the tree."""
    files = (file for file in (TOP / "ciss_luigi").rglob("*") if file.is_file())
    return {str(file.relative_to(TOP)) for file in files if "__pycache__" not in file.parts}


def test_the_wheel_holds_the_package_with_sql_sample_and_types_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == package_files()
    assert {"ciss_luigi/sql/build.sql", "ciss_luigi/py.typed"} <= names
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_the_sdist_holds_what_a_stranger_needs_to_test_it(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    outside = {"LICENSE", "NOTICE", "README.md", "Makefile", "luigi.cfg", "docs/protocol.md"}
    assert package_files() | outside <= names
    assert {
        str(file.relative_to(TOP)) for part in ("tests", "tools") for file in (TOP / part).rglob("*.py")
    } <= names


def by_hand() -> str:
    """The README's commands for an empty directory."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^By hand, in any empty directory:\n\n((?:    .*\n)+)", text, re.MULTILINE)
    assert found is not None
    return re.sub(r"^    ", "", found[1], flags=re.MULTILINE)


def typed(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as a stranger runs it, outside of the tests' virtual environment."""
    own = ("PYTHON", "VIRTUAL", "LUIGI", "MAKE")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return subprocess.run(
        command, cwd=folder, env=outside, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("version", "python"),
    [
        pytest.param(*one, id=one[0], marks=pytest.mark.long if one[0] in PYTHONS[1:-1] else ())
        for one in pythons().items()
    ],
)
def test_the_readme_leads_from_an_empty_directory_to_a_month_in_main(
    version: str, python: str, clone: Path, tmp_path: Path
) -> None:
    words = by_hand().replace("/path/to/the/clone", str(clone)).replace("python3 ", f"{python} ")
    said = typed(["bash", "-euc", words], tmp_path)
    assert said.returncode == 0, said.stdout
    assert "OK: main's totals match the run's record" in said.stdout
    installed = tmp_path / "venv" / "lib" / f"python{version}" / "site-packages"
    assert (installed / "luigi").is_dir()
    assert not list(installed.glob("requests")), "nothing here may need requests"
    assert not list(installed.glob("thrift*")), "the embedded user installs no Thrift"


def oldest() -> list[str]:
    """What setup.cfg asks of a user's Python, at the oldest version that it allows."""
    parser = configparser.ConfigParser()
    parser.read(TOP / "setup.cfg")
    listed = parser["options"]["install_requires"]
    listed += "".join(parser["options.extras_require"][extra] for extra in ("hive", "impala", "lease"))
    return [line.replace(">=", "==").partition(",")[0] for line in listed.split("\n") if line]


@pytest.mark.long
def test_the_oldest_versions_allowed_do_the_job(clone: Path, tmp_path: Path) -> None:
    asked = shlex.join([f"{clone}[hive,impala,lease]", *oldest()])
    words = by_hand().replace("/path/to/the/clone", asked).replace("python3 ", f"{sys.executable} ")
    said = typed(["bash", "-euc", words], tmp_path)
    assert said.returncode == 0, said.stdout
    assert "OK: main's totals match the run's record" in said.stdout
    modules = ", ".join(
        f"ciss_luigi.{name}"
        for name in ("cli", "locking.leases", "engines.hive.connect", "engines.impala.connect")
    )
    for command in (["-c", f"import {modules}"], ["-m", "ciss_luigi", "check"]):
        checked = typed(["venv/bin/python", *command], tmp_path)
        assert checked.returncode == 0, checked.stdout


def test_make_run_sets_up_a_clone_and_runs_the_job_and_again_finds_it_done(
    clone: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder)
    for done in ("3 ran successfully", "1 complete ones were encountered"):
        said = typed(["make", "run", f"PYTHON={sys.executable}"], folder)
        assert said.returncode == 0, said.stdout
        assert done in said.stdout
        assert "OK: main's totals match the run's record" in said.stdout
