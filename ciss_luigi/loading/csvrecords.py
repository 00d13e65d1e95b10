"""The records of a CSV one by one, each with the line on which it begins and its unchanged text."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from ciss_luigi.loading.faults import LoadError
from ciss_luigi.loading.files import GZIPPED_CSV, SourceFile

RECORD_BYTES = 2_000_000
"""The longest record, its line ends included; DuckDB's own limit."""

BROKEN = (EOFError, zlib.error, OSError)
"""What reading a damaged file raises; see ``broken``."""

_BOM = "\ufeff"


class Record(NamedTuple):
    """One record; bytes that are not UTF-8 are lone surrogates in its text."""

    line: int
    fields: list[str]
    raw: str
    utf8: bool
    error: str = ""
    """Why the csv module cannot split the text; the fields are missing then."""


def records(file: SourceFile) -> Iterator[Record]:
    """All records, the header first, up to one that cannot be split; a blank line has no fields.

    To be called inside ``wide_fields``. Raises LoadError if the file cannot be read further, or if a record
    is longer than RECORD_BYTES.
    """
    lines = _Lines(file, file.stream())
    reader = csv.reader(iter(lines), strict=True)
    try:
        for fields in reader:
            yield lines.record(fields)
    except csv.Error as error:
        yield lines.record([], str(error))


def broken(file: SourceFile, error: Exception, line: int) -> LoadError:
    """The error for a file that cannot be read further than to a line."""
    if isinstance(error, EOFError):
        return file.fault("the gzip file is torn: its end is missing", line=line)
    if file.suffix == GZIPPED_CSV:
        return file.fault(f"the gzip file is damaged ({error})", line=line)
    return file.fault(f"cannot be read ({error})", line=line)


@contextmanager
def wide_fields() -> Iterator[None]:
    """Let the csv module take long fields, which it refuses by default; the process has one limit for all."""
    before = csv.field_size_limit(RECORD_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class _Lines:
    """The physical lines for the csv module, and what it does not tell of them."""

    def __init__(self, file: SourceFile, stream: IO[bytes]) -> None:
        self._file = file
        self._stream = stream
        self._number = 0
        self._utf8 = True
        self._raw: list[str] = []

    def record(self, fields: list[str], error: str = "") -> Record:
        """The record that the lines since the last one make up."""
        raw = self._raw
        text = raw[0] if len(raw) == 1 else "".join(raw)
        record = Record(self._number - len(raw) + 1, fields, text, self._utf8, error)
        raw.clear()
        self._utf8 = True
        return record

    def __iter__(self) -> Iterator[str]:
        raw, size = self._raw, 0
        while line := self._read():
            self._number += 1
            text = self._decoded(line)
            size = size + len(line) if raw else len(line)  # raw is emptied when a record has ended
            raw.append(text)
            if size > RECORD_BYTES:
                problem = f"this record is longer than {RECORD_BYTES:,} bytes; is a quote never closed?"
                raise self._file.fault(problem, line=self._number - len(raw) + 1, value=raw[0])
            yield text

    def _read(self) -> bytes:
        try:
            # with a limit: a gzip file of one endless line must not fill the memory
            return self._stream.readline(RECORD_BYTES + 1)
        except BROKEN as error:
            raise broken(self._file, error, self._number + 1) from error

    def _decoded(self, line: bytes) -> str:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode("utf-8", "surrogateescape")
            self._utf8 = False
        return text.removeprefix(_BOM) if self._number == 1 else text
