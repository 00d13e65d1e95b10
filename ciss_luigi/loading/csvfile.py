"""Loading a CSV file into its table: the engine reads it, and two other readers check it."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass

from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Session
from ciss_luigi.errors import OutOfMemory, StatementDeadline, StatementFailed
from ciss_luigi.loading import csvexact, filekinds
from ciss_luigi.loading.csvrecords import BROKEN, RECORD_BYTES
from ciss_luigi.loading.csvscan import Scan, scan
from ciss_luigi.loading.faults import LoadError
from ciss_luigi.loading.files import GZIPPED_CSV, SourceFile
from ciss_luigi.loading.forms import CellForm
from ciss_luigi.loading.header import check_names
from ciss_luigi.loading.targets import Target, identifier

# One of DuckDB's read buffers; below it there is nothing to share between threads.
_WORTH_SHARING_BYTES = 16_000_000


class ReadAlone(Exception):
    """The files must be read by one thread; the transaction is lost, but the files may be fine.

    Several of DuckDB's threads cannot read line ends inside quotes where missing fields are padded.
    """


@dataclass(frozen=True)
class CsvPlan:
    """A CSV whose header and bytes are right, ready to be loaded."""

    file: SourceFile
    target: Target
    columns: list[str]
    scanned: Scan

    def load(self, session: Session, *, share: bool) -> int:
        """Replace the table's rows inside the caller's transaction; returns the number of rows.

        Raises LoadError, or ReadAlone if ``share`` let several threads read and they could not.
        """
        share = share and self.file.size > _WORTH_SHARING_BYTES
        forms = self.target.forms
        padding = f"__{secrets.token_hex(8)}"
        expressions = [_value(identifier(name), forms[name]) for name in self.columns]
        source = f"{self._read(padding, share=share)} WHERE {_no_more_fields(padding)}"
        try:
            rows = self.target.replace(session, self.columns, expressions, source)
        except StatementDeadline:  # slow, and no fault of the file: the exact reader would take even longer
            raise
        except StatementFailed as error:
            if share:
                raise ReadAlone from error
            if isinstance(error, OutOfMemory):  # the file is right
                raise LoadError(error.what, advice=error.remedy) from error
            csvexact.check(self.file, self.columns, forms)
            raise _in_the_engines_words(self.file, error) from error
        self._watch(rows)
        return rows

    def _read(self, padding: str, *, share: bool) -> str:
        """The SQL table function that gives every field as text and guesses nothing.

        Without padding DuckDB silently drops empty fields after the last column. With it, a field that is
        not there is NULL; one that is there never is, because no file can hold the random null text.
        """
        names = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in [*self.columns, padding])
        compression = "gzip" if self.file.suffix == GZIPPED_CSV else "none"
        return (
            f"read_csv({self.file.literal}, auto_detect = false, header = true, columns = {{{names}}}, "
            f"delim = ',', quote = '\"', escape = '\"', strict_mode = true, null_padding = true, "
            f"nullstr = '{secrets.token_hex(16)}', encoding = 'utf-8', compression = '{compression}', "
            f"max_line_size = {RECORD_BYTES}, hive_partitioning = false, parallel = {share})"
        )

    def _watch(self, rows: int) -> None:
        """Check the number of rows: as many as lines, if each is a record; else the exact reader counts."""
        if self.scanned.plain and rows == self.scanned.lines - 1:
            return
        # The engine has checked the values already.
        records = csvexact.check(self.file, self.columns, {})
        if records != rows:
            raise self.file.fault(
                f"holds {counted(records, 'record')}, and DuckDB read {counted(rows, 'row')} of it"
            )


def plan(file: SourceFile, target: Target) -> CsvPlan:
    """Look at the header and at all bytes; raises LoadError."""
    _refuse_other_kinds(file)
    columns = csvexact.header(file)
    check_names(file, columns, target.forms, 1)
    return CsvPlan(file, target, columns, scan(file))


def _refuse_other_kinds(file: SourceFile) -> None:
    """Refuse a spreadsheet or an archive by its name, also inside a gzip file."""
    zipped = file.suffix == GZIPPED_CSV
    problem = filekinds.no_gzip(file.beginning(filekinds.LONGEST)) if zipped else ""
    with suppress(*BROKEN):  # a damaged file is told as such, with its line
        problem = problem or filekinds.kind_of(file.stream().read(filekinds.LONGEST))
    if problem:
        raise file.fault(problem)


def _value(column: str, form: CellForm) -> str:
    # the words of error() are shown to nobody: the exact reader finds line, column and value
    empty = f"WHEN {column} = '' THEN NULL " if form.may_be_empty else ""
    return (
        f"CASE WHEN {form.matches(column)} THEN CAST({column} AS {form.type}) {empty}ELSE error('value') END"
    )


def _no_more_fields(padding: str) -> str:
    return f"CASE WHEN {identifier(padding)} IS NULL THEN true ELSE error('fields') END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _in_the_engines_words(file: SourceFile, error: StatementFailed) -> LoadError:
    return file.fault(str(error.what).replace(file.literal.strip("'"), str(file.path)))
