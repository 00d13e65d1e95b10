"""The old job's two Java classes, compiled, and the properties that they read."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers import needs

SOURCES = Path(__file__).parent / "java"
NEEDS = {
    "java": "java", "temp_class": "made.temp", "main_class": "made.merge",
    "properties_file": "old.properties", "name": "old_job", "log_file": "old.log",
}  # fmt: skip


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled classes."""
    needs.require([needs.JAVA, needs.JAVAC])
    folder = tmp_path_factory.mktemp("classes")
    files = [str(path) for path in sorted(SOURCES.glob("*.java"))]
    subprocess.run(["javac", "-nowarn", "-d", str(folder), *files], check=True, capture_output=True)
    return folder


@cache
def jdbc() -> str:
    """The class path of a real Hive JDBC driver: Spark's package has one, with all that it needs."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return f"{Path(spec.origin).parent / 'jars'}/*"


def section(classpath: str, **keys: str) -> str:
    """A ``[ciss_java]`` section."""
    lines = {**NEEDS, "classpath": classpath, **keys}
    return "\n".join(["[ciss_java]", *(f"{key} = {value}" for key, value in lines.items())]) + "\n"
