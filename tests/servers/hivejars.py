"""What a HiveServer2 needs before it can start: its jars, and a metastore that has the schema.

Made once for each recipe and kept in a cache; Maven keeps the jars themselves in its own repository.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.needs import JAVA, MAVEN, program
from tests.servers.process import clean_environment

RECIPE = Path(__file__).parent / "hive"
DOWNLOAD = "about 390 MB of jars from Maven's registry, unless it has them already"

_SCHEMA = "hive-schema-4.0.0.derby.sql"
_SLIM_CLASS = "org/apache/hadoop/hive/ql/exec/tez/DagUtils"
_STAMP = "prepared"


class PreparationFailed(RuntimeError):
    """Maven or Derby refused; the text holds the end of what it printed."""


def default_cache() -> Path:
    """Give the folder that is shared by all checkouts on this machine."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ciss-luigi-tests"


def prepare(cache: Path) -> Path:
    """Make the folder that servers start from, unless it is there; callers at the same time wait."""
    cache.mkdir(parents=True, exist_ok=True)
    ready = _folder(cache)
    with _locked(cache / "hive.lock"):
        if not is_prepared(cache):
            building = ready.with_suffix(".building")
            for old in (building, ready):
                shutil.rmtree(old, ignore_errors=True)
            building.mkdir()
            _build(building)
            (building / _STAMP).write_text(_recipe_hash() + "\n")
            building.rename(ready)
    return ready


def is_prepared(cache: Path) -> bool:
    """Say whether `prepare` would find everything: the stamp of this recipe, and every jar."""
    ready = _folder(cache)
    stamp = ready / _STAMP
    if not stamp.exists() or stamp.read_text().strip() != _recipe_hash():
        return False
    return all(Path(jar).exists() for jar in classpath(ready))


def classpath(ready: Path) -> list[str]:
    """Give the jars in their order, the slim one first."""
    return [str(ready / "dagutils.jar"), *(ready / "classpath.txt").read_text().split(os.pathsep)]


def metastore(ready: Path) -> Path:
    """Give the empty Derby database that each server takes a copy of."""
    return ready / "metastore_db"


def _recipe_hash() -> str:
    parts = (RECIPE / "pom.xml", Path(__file__))
    return hashlib.sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()


def _folder(cache: Path) -> Path:
    """Keep recipes apart, so that two checkouts do not rebuild each other's all the time."""
    return cache / f"hive-{_recipe_hash()[:12]}"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(folder: Path) -> None:
    resolved = _resolve(folder)
    jars = [path for path in resolved if path.endswith(".jar")]
    (folder / "classpath.txt").write_text(os.pathsep.join(jars))
    archive = next(path for path in resolved if path.endswith(".tar.gz"))
    _make_metastore(folder, jars, _unpack_schema(Path(archive), folder))
    _make_slim_jar(next(jar for jar in jars if "/hive-exec-" in jar), folder / "dagutils.jar")


def _resolve(folder: Path) -> list[str]:
    """Ask Maven for the files: from its own repository if it has them all, else from the network.

    Twice over the network: one connection lost among a thousand files is no reason to fail.
    """
    shutil.copy(RECIPE / "pom.xml", folder)
    listing = folder / "resolved.txt"
    goal = ["dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={listing}"]
    command = [program(MAVEN), "-B", "-q", "-f", str(folder / "pom.xml"), *goal]
    for attempt in ([*command, "-o"], command):
        if _run(attempt, folder).returncode == 0:
            break
    else:
        _check(_run(command, folder), "Maven could not resolve Hive's jars")
    return listing.read_text().strip().split(os.pathsep)


def _unpack_schema(archive: Path, folder: Path) -> Path:
    """Take the metastore's schema from Hive's own archive; the jars do not hold it."""
    with tarfile.open(archive) as files:
        member = next(one for one in files if one.name.endswith(f"/upgrade/derby/{_SCHEMA}"))
        script = files.extractfile(member)
        if script is None:
            raise PreparationFailed(f"{archive} holds no {_SCHEMA}")
        (folder / _SCHEMA).write_bytes(script.read())
    return folder / _SCHEMA


def _make_metastore(folder: Path, jars: Sequence[str], script: Path) -> None:
    """Run the schema once; with a schema that the server makes by itself, tables are missing."""
    command = [program(JAVA), "-Xmx256m", "-cp", os.pathsep.join(jars)]
    command += [f"-Dderby.stream.error.file={folder}/derby.log"]
    command += [f"-Dij.database=jdbc:derby:{folder}/metastore_db;create=true"]
    done = _run([*command, "org.apache.derby.tools.ij", str(script)], folder)
    _check(done, "Derby refused the metastore's schema")
    if any(line.startswith("ERROR") for line in done.stdout.splitlines()):
        raise PreparationFailed(f"Derby refused the metastore's schema:\n{done.stdout[-3000:]}")


def _make_slim_jar(hive_exec: str, slim: Path) -> None:
    """Put one class into a jar of its own.

    Tez ships the jar that this class came from to each container. In local mode that is a copy of
    80 MB for every task; from this jar it is a few kB.
    """
    with zipfile.ZipFile(hive_exec) as source, zipfile.ZipFile(slim, "w") as target:
        for name in source.namelist():
            if name.startswith(_SLIM_CLASS) and name.endswith(".class"):
                target.writestr(name, source.read(name))


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=1800,
    )


def _check(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode != 0:
        raise PreparationFailed(f"{what}:\n{done.stdout[-3000:]}")
