"""Which files of a folder are loaded, and reading them."""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, BinaryIO, cast

from ciss_luigi.counting import counted
from ciss_luigi.loading.faults import LoadError
from ciss_luigi.plaintext import printable

CSV = ".csv"
GZIPPED_CSV = ".csv.gz"
PARQUET = ".parquet"
SUFFIXES = (CSV, GZIPPED_CSV, PARQUET)

_NAMES_COMPARED = 1000
_NAMES_TOLD = 20
_LIKENESS = 0.85


@dataclass(frozen=True)
class SourceFile:
    """One open file and the table that it replaces."""

    role: str
    table: str
    path: Path
    suffix: str
    handle: BinaryIO

    @property
    def size(self) -> int:
        """Its size on disk, in bytes."""
        return os.fstat(self.handle.fileno()).st_size

    @property
    def literal(self) -> str:
        """The open file as a quoted SQL literal.

        By its descriptor, not its name: DuckDB reads a name with ``[``, ``*`` or ``?`` as a pattern, and
        would read other files; and a file that was replaced in between would be loaded unchecked.
        """
        self.handle.seek(0)
        return f"'/dev/fd/{self.handle.fileno()}'"

    def beginning(self, size: int) -> bytes:
        """The first bytes, as they are on disk."""
        self.handle.seek(0)
        return self.handle.read(size)

    def stream(self) -> IO[bytes]:
        """The content from its start, decompressed; the file stays open."""
        self.handle.seek(0)
        if self.suffix == GZIPPED_CSV:
            return cast("IO[bytes]", gzip.GzipFile(fileobj=self.handle))
        return self.handle

    def fault(
        self,
        problem: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        unit: str = "line",
        odd_row: bool = False,
    ) -> LoadError:
        """The error that names a place in this file."""
        return LoadError(
            problem, file=self.path, line=line, column=column, value=value, unit=unit, odd_row=odd_row
        )


def find(folder: Path, table_names: Mapping[str, str]) -> dict[str, tuple[Path, str]]:
    """The file of each role that has one, with its suffix; raises LoadError for two of one table, or none."""
    present = _names(folder)
    found: dict[str, tuple[Path, str]] = {}
    for role, table in table_names.items():
        suffixes = [suffix for suffix in SUFFIXES if table + suffix in present]
        if len(suffixes) > 1:
            both = " and ".join(table + suffix for suffix in suffixes)
            raise LoadError(
                f"{printable(str(folder))} holds {both}: one table, one file",
                advice="remove one of them",
            )
        if suffixes:
            found[role] = (folder / (table + suffixes[0]), suffixes[0])
    if not found:
        raise _nothing_found(folder, table_names)
    return found


def not_taken(folder: Path, table_names: Mapping[str, str]) -> list[str]:
    """The files that are loaded into no table, each as one sentence for a warning; hidden files are left out.

    Raises LoadError if the folder cannot be read.
    """
    wanted = {table + suffix for table in table_names.values() for suffix in SUFFIXES}
    others = sorted(name for name in _names(folder) - wanted if _is_shown(folder / name))
    hints = _hints(others, wanted)
    sentences = [
        f"{printable(name)} is not loaded: no table has that name{hints.get(name, '')}" for name in others
    ]
    more = len(sentences) - _NAMES_TOLD
    if more <= 0:
        return sentences
    rest = f"{counted(more, 'more file')} {'is' if more == 1 else 'are'} not loaded either"
    return [*sentences[:_NAMES_TOLD], rest]


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".") and not path.is_dir()


def _hints(names: Sequence[str], wanted: Collection[str]) -> dict[str, str]:
    """For names that look like a wanted one, such as a misspelt one or ``.CSV``: ``; did you mean ...?``."""
    lowered = {name.lower(): name for name in wanted}
    found = {}
    for name in names[:_NAMES_COMPARED]:
        if near := get_close_matches(name.lower(), lowered, 1, _LIKENESS):
            found[name] = f"; did you mean {lowered[near[0]]}?"
    return found


@contextmanager
def opened(role: str, table: str, path: Path, suffix: str) -> Iterator[SourceFile]:
    """Open a regular file; raises LoadError for a directory, a pipe or an unreadable file."""
    try:
        # Asked before opening: opening a named pipe would wait for a writer.
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a plain file"
            raise LoadError(f"this is {kind}", file=path, advice="put a file in its place")
        handle = path.open("rb")
    except OSError as error:
        raise LoadError(
            f"cannot be read: {error.strerror or error}", file=path, advice="make it readable"
        ) from error
    with handle:
        yield SourceFile(role, table, path, suffix, handle)


def _names(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    except OSError as error:
        raise LoadError(
            f"the folder {printable(str(folder))} cannot be read: {error.strerror or error}",
            advice="name a folder with the files",
        ) from error


def _nothing_found(folder: Path, table_names: Mapping[str, str]) -> LoadError:
    lines = [f"{printable(str(folder))} holds none of the files looked for:"]
    lines += [f"  - {table}{CSV}, {GZIPPED_CSV} or {PARQUET}" for table in table_names.values()]
    lines += not_taken(folder, table_names)
    return LoadError("\n".join(lines), advice="give the files these names")
