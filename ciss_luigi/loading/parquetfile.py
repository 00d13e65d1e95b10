"""Loading a Parquet file into its table."""

from __future__ import annotations

from dataclasses import dataclass

from ciss_luigi.engines.base import Session
from ciss_luigi.errors import OutOfMemory, StatementFailed
from ciss_luigi.loading.faults import LoadError
from ciss_luigi.loading.files import SourceFile
from ciss_luigi.loading.header import check_names
from ciss_luigi.loading.parquettypes import ColumnType, column_types
from ciss_luigi.loading.targets import Target, identifier

_ROW_NUMBER = "file_row_number"


@dataclass(frozen=True)
class ParquetPlan:
    """A Parquet file whose columns and values are right, ready to be loaded."""

    file: SourceFile
    target: Target
    columns: list[str]

    def load(self, session: Session, *, share: bool) -> int:
        """Replace the table's rows in the caller's transaction; returns their number. Raises LoadError.

        ``share`` means nothing here: any number of threads can read a Parquet file.
        """
        expressions = [f"CAST({identifier(name)} AS {self.target.forms[name].type})" for name in self.columns]
        try:
            return self.target.replace(session, self.columns, expressions, _read(self.file))
        except OutOfMemory as error:
            raise LoadError(error.what, advice=error.remedy) from error
        except StatementFailed as error:
            raise _in_the_engines_words(self.file, error) from error


def plan(session: Session, file: SourceFile, target: Target) -> ParquetPlan:
    """Look at the columns, their types and all values; raises LoadError."""
    try:
        columns = column_types(file.literal)
        names = [column.name for column in columns]
        check_names(file, names, target.forms, None)
        target = target.fitting({column.name: column.exact for column in columns})
        for column in columns:
            _check_column(session, file, target, column)
    except StatementFailed as error:
        raise _in_the_engines_words(file, error) from error
    return ParquetPlan(file, target, names)


def _check_column(session: Session, file: SourceFile, target: Target, column: ColumnType) -> None:
    form, name = target.forms[column.name], identifier(column.name)
    takes = form.takes(name, column.exact) if column.exact else None
    if takes == "true" and form.may_be_empty:  # no value can be wrong, so none is read
        return
    # A column without any value has whatever type its writer chose; that is not a fault.
    wrong = f"NOT coalesce({takes or 'false'}, false)"
    if form.may_be_empty:
        wrong = f"{name} IS NOT NULL AND {wrong}"
    found = session.query(
        f"SELECT {_ROW_NUMBER}, CAST({name} AS VARCHAR) FROM {_read(file, numbered=True)} "
        f"WHERE {wrong} ORDER BY {_ROW_NUMBER} LIMIT 1"
    )
    if not found:
        return
    ((row, value),) = found
    text = "" if value is None else str(value)
    if takes is None and value is not None:
        problem = f"the type is {column.words} and must be {form.wanted}"
    else:
        problem = form.problem(text) or f"does not fit {form.type}"
    # what is not known to be read exactly may have been read as another number
    shown = text if column.exact or "DECIMAL" not in column.words else None
    raise file.fault(
        problem,
        line=int(row) + 1,
        column=column.name,
        value=shown,
        unit="row",
        odd_row=form.odd_row and takes is not None,
    )


def _read(file: SourceFile, *, numbered: bool = False) -> str:
    return (
        f"read_parquet({file.literal}, hive_partitioning = false, union_by_name = false, "
        f"{_ROW_NUMBER} = {numbered})"
    )


def _in_the_engines_words(file: SourceFile, error: StatementFailed) -> LoadError:
    words = str(error.what).replace(file.literal.strip("'"), str(file.path))
    return file.fault(f"cannot be read as Parquet ({words})")
