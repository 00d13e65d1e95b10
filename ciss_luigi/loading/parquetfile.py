"""A Parquet file into its table."""

from __future__ import annotations

from dataclasses import dataclass

from ciss_luigi.engines.base import Session
from ciss_luigi.errors import StatementFailed
from ciss_luigi.loading.faults import LoadError
from ciss_luigi.loading.files import SourceFile
from ciss_luigi.loading.header import check_names
from ciss_luigi.loading.targets import Target, identifier

_ROW_NUMBER = "file_row_number"


@dataclass(frozen=True)
class ParquetPlan:
    """A Parquet file whose columns and values are right, ready to be loaded."""

    file: SourceFile
    target: Target
    columns: list[str]

    def load(self, session: Session, *, share: bool) -> int:
        """Replace the table's rows inside the caller's transaction; the number of rows. Raises LoadError."""
        expressions = [f"CAST({identifier(name)} AS {self.target.forms[name].type})" for name in self.columns]
        try:
            return self.target.replace(session, self.columns, expressions, _read(self.file))
        except StatementFailed as error:
            raise _in_the_engines_words(self.file, error) from error


def plan(session: Session, file: SourceFile, target: Target) -> ParquetPlan:
    """Look at the columns, their types and all numbers; raises LoadError."""
    try:
        described = session.query(f"DESCRIBE SELECT * FROM {_read(file)}")
        types = {str(name): str(kind) for name, kind, *_ in described}
        check_names(file, list(types), target.forms, None)
        target = target.fitting(types)
        for name, kind in types.items():
            _check_column(session, file, target, name, kind)
    except StatementFailed as error:
        raise _in_the_engines_words(file, error) from error
    return ParquetPlan(file, target, list(types))


def _check_column(session: Session, file: SourceFile, target: Target, name: str, kind: str) -> None:
    form, column = target.forms[name], identifier(name)
    takes = form.takes(column, kind)
    if takes == "true":
        return
    # A column without any value has whatever type its writer chose; that is no fault.
    wrong = f"{column} IS NOT NULL AND NOT coalesce({takes or 'false'}, false)"
    found = session.query(
        f"SELECT {_ROW_NUMBER}, CAST({column} AS VARCHAR) FROM {_read(file, numbered=True)} "
        f"WHERE {wrong} ORDER BY {_ROW_NUMBER} LIMIT 1"
    )
    if not found:
        return
    ((row, value),) = found
    problem = f"this does not fit {form.type}" if takes else f"the type is {kind} and must be {form.wanted}"
    raise file.fault(problem, line=int(row) + 1, column=name, value=str(value), unit="row")


def _read(file: SourceFile, *, numbered: bool = False) -> str:
    return (
        f"read_parquet({file.literal}, hive_partitioning = false, union_by_name = false, "
        f"{_ROW_NUMBER} = {numbered})"
    )


def _in_the_engines_words(file: SourceFile, error: StatementFailed) -> LoadError:
    words = str(error.what).replace(file.literal.strip("'"), str(file.path))
    return file.fault(f"cannot be read as Parquet ({words})")
