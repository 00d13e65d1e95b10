"""The whole load: all files of a folder or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ciss_luigi.engines.base import Session
from ciss_luigi.errors import StatementFailed
from ciss_luigi.loading import csvfile, parquetfile
from ciss_luigi.loading.csvfile import CsvPlan, ReadAlone
from ciss_luigi.loading.faults import LoadError
from ciss_luigi.loading.files import PARQUET, SourceFile, find, opened
from ciss_luigi.loading.parquetfile import ParquetPlan
from ciss_luigi.loading.targets import Target, identifier, target


class FileFate(Enum):
    """What a load did with a table."""

    LOADED = "loaded"
    MADE = "made"
    KEPT = "kept"


@dataclass(frozen=True)
class LoadedTable:
    """One table after the load and its rows: those of ``file``, none, or as many as before."""

    role: str
    table: str
    rows: int
    file: Path | None
    fate: FileFate


@dataclass(frozen=True)
class LoadProgress:
    """How far a load is, told before and after each file; ``rows`` is None before it.

    Bytes are those of the files on disk: of all files done and in all, and of this file.
    """

    table: str
    file: Path
    rows: int | None
    bytes_done: int
    bytes_total: int
    bytes_file: int


Plan = CsvPlan | ParquetPlan


def ignore(progress: LoadProgress) -> None:
    """Tell nobody."""


def load_folder(
    session: Session,
    database: str,
    table_names: Mapping[str, str],
    folder: Path,
    *,
    odd_rows: bool = False,
    progress: Callable[[LoadProgress], None] = ignore,
) -> list[LoadedTable]:
    """Replace every source table that has a file in the folder, in one transaction.

    ``table_names`` maps each role of ``schema.SOURCES`` to the name of its table. Tables without a file stay
    as they are; absent ones are made, empty. With ``odd_rows`` rows that no estimate can hold are loaded as
    they are. Returns all tables, in the order of ``table_names``. Raises LoadError, and then nothing has
    changed.
    """
    files = find(folder, table_names)
    try:
        with _no_file_cache(session), ExitStack() as stack:
            targets = {
                role: target(session, database, role, table, odd_rows=odd_rows)
                for role, table in table_names.items()
            }
            sources = [
                stack.enter_context(opened(role, table_names[role], *found)) for role, found in files.items()
            ]
            plans = [_plan(session, source, targets[source.role]) for source in sources]
            # a file may decide how its absent table is made
            targets |= {plan.file.role: plan.target for plan in plans}
            rows = _load(session, database, list(targets.values()), plans, progress)
            kept = {role: one.rows(session) for role, one in targets.items() if role not in rows}
    except StatementFailed as error:
        raise LoadError(error.what, advice="see what the engine says") from error
    return [
        LoadedTable(
            role,
            table,
            rows.get(role, kept.get(role, 0)),
            files[role][0] if role in files else None,
            _fate(targets[role], in_file=role in files),
        )
        for role, table in table_names.items()
    ]


def _fate(table: Target, *, in_file: bool) -> FileFate:
    if in_file:
        return FileFate.LOADED
    return FileFate.KEPT if table.exists else FileFate.MADE


@contextmanager
def _no_file_cache(session: Session) -> Iterator[None]:
    """Let every file be read again.

    DuckDB caches parts of files by name, and notices a change only by a file's time. But here the files of
    two loads have the same names (see ``SourceFile.literal``), so it mixed two of them.
    """
    setting = "enable_external_file_cache"
    ((before,),) = session.query(f"SELECT current_setting('{setting}')")
    session.execute(f"SET {setting} = false")
    try:
        yield
    finally:
        # If the connection takes no more statements, the first error must still be seen.
        with suppress(StatementFailed):
            session.execute(f"SET {setting} = {before}")


def _plan(session: Session, file: SourceFile, target: Target) -> Plan:
    if file.suffix == PARQUET:
        return parquetfile.plan(session, file, target)
    return csvfile.plan(file, target)


def _load(
    session: Session,
    database: str,
    targets: Sequence[Target],
    plans: Sequence[Plan],
    progress: Callable[[LoadProgress], None],
) -> dict[str, int]:
    """One transaction; a second one if several threads could not read a file, which one thread can."""
    for share in (True, False):
        try:
            with session.transaction():
                session.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(database)}")
                for each in targets:
                    each.make(session)
                return _load_files(session, plans, progress, share=share)
        except ReadAlone:
            continue
    raise AssertionError("ReadAlone is raised only where files are shared")


def _load_files(
    session: Session, plans: Sequence[Plan], progress: Callable[[LoadProgress], None], *, share: bool
) -> dict[str, int]:
    total = sum(plan.file.size for plan in plans)
    done = 0
    rows: dict[str, int] = {}
    for plan in plans:
        file = plan.file
        progress(LoadProgress(file.table, file.path, None, done, total, file.size))
        rows[file.role] = plan.load(session, share=share)
        done += file.size
        progress(LoadProgress(file.table, file.path, rows[file.role], done, total, file.size))
    return rows
