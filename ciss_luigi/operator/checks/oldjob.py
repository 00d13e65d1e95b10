"""Checks for a site of the old job: its status file, its Java classes, its tables."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

from ciss_luigi.config.legacy import JAVA, LEGACY, Java, Legacy
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Row, Session
from ciss_luigi.errors import StatementFailed
from ciss_luigi.migration.statusfile import StatusFile
from ciss_luigi.operator.checks.findings import CONFIGURATION, Group
from ciss_luigi.plainfile import OddFile
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import Statements


def check_files(group: Group, settings: Settings) -> None:
    """Look at the status file and, with ``loader = java``, at the program and its classes."""
    legacy: Legacy = settings.others[LEGACY]
    if legacy.status_file is not None:
        _check_status_file(group, legacy.status_file)
    if settings.loader == "java":
        _check_java(group, settings.others[JAVA])


def _check_status_file(group: Group, path: Path) -> None:
    real = Path(os.path.realpath(path))
    remedy = "give the job's user that right"
    try:
        StatusFile(real).read()
        why = ""
    except (OddFile, IsADirectoryError):
        why, remedy = "cannot be read: is not a plain file", "name the old job's status file, a plain file"
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
    if not why and not real.parent.is_dir():
        group.warn(f"[ciss_legacy] status_file: there is no folder {real.parent}", "make it")
        return
    if not why and not os.access(real.parent, os.W_OK | os.X_OK):
        why = f"cannot be replaced: {real.parent} cannot be written"
    if not why and os.path.exists(real) and os.geteuid() not in (0, real.stat().st_uid):
        why = "belongs to another user, and could not stay so"
    if why:
        group.warn(f"[ciss_legacy] status_file: {path} {why}", remedy)
    else:
        group.ok(f"{path} can be written")


def _check_java(group: Group, java: Java) -> None:
    if shutil.which(java.java) is None:
        group.fault(
            f"[ciss_java] java: there is no program {java.java}", "name it with its path", code=CONFIGURATION
        )
    properties = java.properties_file
    if properties is not None and not (properties.is_file() and os.access(properties, os.R_OK)):
        text = f"[ciss_java] properties_file: {properties} cannot be read"
        group.fault(text, "name the file that the classes read", code=CONFIGURATION)
    if not os.path.isdir(java.working_dir):
        text = f"[ciss_java] working_dir: there is no folder {java.working_dir}"
        group.fault(text, "name the folder in which the classes ran", code=CONFIGURATION)
    if java.log_file is not None and not _can_write(java.log_file):
        text = f"[ciss_java] log_file: {java.log_file} cannot be written"
        group.fault(text, "name a file that the job's user may write", code=CONFIGURATION)
    for key, name in (("temp_class", java.temp_class), ("main_class", java.main_class)):
        if is_on(java.classpath, name):
            group.ok(f"{name} is on the class path")
        else:
            text = f"[ciss_java] {key}: {name} is nowhere on the class path"
            group.fault(text, "name its jar in [ciss_java] classpath", code=CONFIGURATION)


def _can_write(path: Path) -> bool:
    """Whether a file can be written, or made if it does not exist."""
    if path.exists():
        return path.is_file() and os.access(path, os.W_OK)
    return os.access(path.parent, os.W_OK | os.X_OK)


def is_on(classpath: str, name: str) -> bool:
    """Whether a class is in one of the folders and jars of a class path."""
    file = f"{name.replace('.', '/')}.class"
    for part in classpath.split(":"):
        path = Path(part)
        # as Java reads a class path: folder/* are the jars of the folder, named .jar or .JAR
        jars = (
            sorted([*path.parent.glob("*.jar"), *path.parent.glob("*.JAR")]) if path.name == "*" else [path]
        )
        if os.path.isfile(path / file) or any(_holds(jar, file) for jar in jars):
            return True
    return False


def _holds(jar: Path, file: str) -> bool:
    try:
        with zipfile.ZipFile(jar) as opened:
            opened.getinfo(file)
    except (OSError, KeyError, zipfile.BadZipFile):
        return False
    return True


def check_tables(group: Group, session: Session, statements: Statements, there: frozenset[str]) -> bool:
    """Whether the tables that the Java classes write exist, and main has its month column."""
    settings = statements.settings
    missing = [
        name
        for name, table in ((settings.main, settings.main_table), (settings.temp, settings.temp_table))
        if table.lower() not in there
    ]
    for name in missing:
        group.fault(f"there is no table {name}, which the Java classes write", "name the old job's own table")
    if missing:
        return False
    columns = dict(session.columns(statements.list_columns(settings.main_table)))
    if settings.month_partition.lower() not in columns:
        text = f"{settings.main} has no column {settings.month_partition} (month_partition)"
        group.fault(text, f"set [ciss] month_partition to one of {', '.join(columns)}")
        return False
    group.ok(f"{settings.main} and {settings.temp} are the Java classes' own: only their rows are counted")
    return True


_TELL_THE_FORMAT = ("provider", "table_type", "storage_handler")
"""Spark's name, and the two of Hive and Impala; elsewhere the word may be part of a path or of a comment."""


def _says_iceberg(row: Row) -> bool:
    """Whether a row of DESCRIBE FORMATTED is about the table's format, and says that it is Iceberg."""
    cells = [text for cell in row if (text := str(cell or "").strip().lower())]
    return len(cells) > 1 and cells[0] in _TELL_THE_FORMAT and "iceberg" in cells[1]


def check_iceberg(group: Group, session: Session, statements: Statements) -> None:
    """Say so if main is an Iceberg table: some servers refuse to overwrite one partition of it."""
    if not statements.dialect.positional:
        return
    settings = statements.settings
    table = statements.dialect.table(settings.database, settings.main_table)
    try:
        rows = session.query(tagged(f"DESCRIBE FORMATTED {table}", "check"))
    except StatementFailed:
        return
    if any(map(_says_iceberg, rows)):
        group.warn(
            f"{settings.main} is an Iceberg table: some servers refuse INSERT OVERWRITE ... PARTITION there",
            "if MergeMain fails for it, give [ciss] main_table a new name: the first run makes it as Parquet",
        )
