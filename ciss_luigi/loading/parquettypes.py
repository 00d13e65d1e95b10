"""Which types of a Parquet file come through exactly.

DuckDB reads some columns as a wrong type and then gives wrong numbers: a decimal of more than 38 digits
becomes a DOUBLE of other numbers. So the types that the file itself names are checked, and only those that
are known to be read exactly are accepted; a test compares each with pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ciss_luigi.engines.duckdb.verdicts import first_words
from ciss_luigi.errors import StatementFailed

_WHOLE = {
    ("INT32", None): "INTEGER", ("INT64", None): "BIGINT",
    ("INT32", "INT_8"): "TINYINT", ("INT32", "INT_16"): "SMALLINT",
    ("INT32", "INT_32"): "INTEGER", ("INT64", "INT_64"): "BIGINT",
    ("INT32", "UINT_8"): "UTINYINT", ("INT32", "UINT_16"): "USMALLINT",
    ("INT32", "UINT_32"): "UINTEGER", ("INT64", "UINT_64"): "UBIGINT",
}  # fmt: skip
_DECIMAL_DIGITS = {"INT32": 9, "INT64": 18, "FIXED_LEN_BYTE_ARRAY": 38}
_DECIMAL_BYTES = 16
_COLUMNS = (
    "name, type, type_length, repetition_type, num_children, converted_type, scale, precision, logical_type, "
    "duckdb_type"
)


@dataclass(frozen=True)
class ColumnType:
    """The type of one column: as SQL if it is read exactly, and in words."""

    name: str
    exact: str
    """Empty if it is not known to be read exactly."""

    words: str


@dataclass(frozen=True)
class _Element:
    """One line of a file's schema."""

    name: str
    type: str | None
    type_length: int
    repetition: str
    children: int
    converted: str | None
    scale: int | None
    precision: int | None
    logical: str | None
    duckdb: str | None

    @property
    def exact(self) -> str:
        """The SQL type, if all that the file says about the column fits together; else empty."""
        found = ""
        if self.children or self.repetition == "REPEATED":
            return found
        if self.type == "BYTE_ARRAY" and self.converted == "UTF8":
            found = "VARCHAR"
        elif self.type == "DOUBLE" and not (self.converted or self.logical):
            found = "DOUBLE"
        elif self.converted == "DECIMAL":
            found = self._decimal
        elif self.converted or not self.logical:  # a logical type alone may make the integer mean a time
            found = _WHOLE.get((self.type or "", self.converted), "")
        return found if found == self.duckdb else ""

    @property
    def _decimal(self) -> str:
        precision, scale = self.precision or 0, self.scale or 0
        fits = 0 <= scale <= precision <= _DECIMAL_DIGITS.get(self.type or "", 0) and precision
        return f"DECIMAL({precision},{scale})" if fits and self.type_length <= _DECIMAL_BYTES else ""

    @property
    def words(self) -> str:
        """The type as its writer would call it."""
        if self.children:
            return "nested"
        if self.converted == "DECIMAL":
            return f"DECIMAL({self.precision},{self.scale})"
        own = (self.logical or "").partition("(")[0].removesuffix("Type")
        return self.exact or self.converted or own.upper() or self.type or "unknown"


def column_types(file: str) -> list[ColumnType]:
    """The columns of a file, given as a quoted literal, in order; raises StatementFailed.

    A DuckDB of its own is asked: an impossible type is a fatal error, which would end the session of the
    warehouse.
    """
    import duckdb

    try:
        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM parquet_schema({file})").fetchall()
    except duckdb.Error as error:
        raise StatementFailed(f"DuckDB: {first_words(error)}") from error
    return [ColumnType(one.name, one.exact, one.words) for one in _top([_element(row) for row in rows])]


def _element(row: tuple[Any, ...]) -> _Element:
    name, kind, length, repetition, children, *others = row
    return _Element(str(name), kind, int(length or 0), str(repetition), int(children or 0), *others)


def _top(elements: Sequence[_Element]) -> Iterator[_Element]:
    """The children of the root, which comes first; their own children follow each, and are skipped."""
    left = 0
    for element in elements[1:]:
        if not left:
            yield element
            left = 1
        left += element.children - 1
