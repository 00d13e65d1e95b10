"""What a column can hold: how its values are written, checked and read, in SQL and in Python alike.

The SQL checks a whole file at the engine's speed, but only says that something is wrong; the Python says
what. Both must accept exactly the same values.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ciss_luigi.loading.numberwords import no_number

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]+")
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
_EXACT = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d+,\d+\)")
_FLOATING = "DOUBLE"
_MOST_DIGITS = 40  # more than any column holds; int() refuses very long texts with an error of its own


@dataclass(frozen=True)
class CellForm(ABC):
    """The form of one column's values; ``type`` is its SQL type."""

    type: str

    any_text: ClassVar[bool] = False
    """Whether every text that a file can hold is right."""

    may_be_empty: ClassVar[bool] = True
    """Whether an empty field, which is NULL, is right."""

    odd_row: ClassVar[bool] = False
    """Whether a wrong value makes an odd row, which may be loaded as it is."""

    @abstractmethod
    def problem(self, text: str) -> str | None:
        """What is wrong with the text of a CSV field, and what to write; None if nothing is.

        Called for an empty text only if that is wrong here.
        """

    @abstractmethod
    def matches(self, column: str) -> str:
        """SQL: whether the text of a CSV field, not empty, is right in all that the cast does not check."""

    @abstractmethod
    def takes(self, column: str, source_type: str) -> str | None:
        """SQL: whether a value of a typed file fits; None if the type cannot be used."""

    @property
    @abstractmethod
    def wanted(self) -> str:
        """The types of a typed file that may fit, in words."""


class TextForm(CellForm):
    """Any text, kept as it is."""

    any_text: ClassVar[bool] = True
    wanted = "text"

    def problem(self, text: str) -> str | None:
        """Nothing is ever wrong."""
        return None

    def matches(self, column: str) -> str:
        """Any text that is not empty."""
        return f"{column} <> ''"

    def takes(self, column: str, source_type: str) -> str | None:
        """Text only: a date or a number can be written in several ways."""
        return "true" if source_type == "VARCHAR" else None


class Whole(CellForm):
    """A whole number that fits the type."""

    wanted = "a whole number or DECIMAL"

    def problem(self, text: str) -> str | None:
        """The form first, then the range."""
        if not _WHOLE.fullmatch(text):
            return no_number(text, "-12") if not _NUMBER.fullmatch(text) else "not a whole number"
        digits = text.lstrip("-").lstrip("0") or "0"
        limit = 2 ** (_BITS[self.type] - 1)
        value = int(digits[:_MOST_DIGITS]) * (-1 if text.startswith("-") else 1)
        return None if -limit <= value < limit else f"too large for {self.type}"

    def matches(self, column: str) -> str:
        """The form; the cast knows the range."""
        return f"regexp_full_match({column}, '-?[0-9]+')"

    def takes(self, column: str, source_type: str) -> str | None:
        """Exact numbers without decimals, in range."""
        if not _EXACT.fullmatch(source_type):
            return None
        form = f"regexp_full_match(CAST({column} AS VARCHAR), '-?[0-9]+([.]0*)?')"
        return f"({form} AND TRY_CAST({column} AS {self.type}) IS NOT NULL)"


@dataclass(frozen=True)
class Exact(CellForm):
    """A decimal number with at most the column's digits before and after the point."""

    wanted = "DECIMAL or a whole number"
    before: int
    after: int

    def problem(self, text: str) -> str | None:
        """The form, then the decimals, then the size."""
        if not _NUMBER.fullmatch(text):
            return no_number(text)
        whole, _, decimals = text.lstrip("-").partition(".")
        if len(decimals) > self.after:
            return f"{len(decimals)} decimals, and the column has {self.after}"
        return f"too large for {self.type}" if len(whole.lstrip("0")) > self.before else None

    def matches(self, column: str) -> str:
        """Form, decimals and size at once: a cast would round and accept exponents and spaces."""
        decimals = rf"([.][0-9]{{1,{self.after}}})?" if self.after else ""
        return f"regexp_full_match({column}, '{self._whole}{decimals}')"

    def takes(self, column: str, source_type: str) -> str | None:
        """Exact numbers whose further decimals are zeros."""
        if not _EXACT.fullmatch(source_type):
            return None
        # DuckDB writes a DECIMAL(8,8) without a digit before the point
        pattern = rf"-?0*[0-9]{{0,{self.before}}}([.][0-9]{{0,{self.after}}}0*)?"
        return f"regexp_full_match(CAST({column} AS VARCHAR), '{pattern}')"

    @property
    def _whole(self) -> str:
        return f"-?0*[0-9]{{1,{self.before}}}" if self.before else "-?0+"


class Floating(CellForm):
    """A binary number, written as decimals are, with any number of them."""

    wanted = "DOUBLE, DECIMAL or a whole number"

    def problem(self, text: str) -> str | None:
        """The form, then the size."""
        if not _NUMBER.fullmatch(text):
            return no_number(text)
        return None if math.isfinite(float(text)) else f"too large for {self.type}"

    def matches(self, column: str) -> str:
        """The form, and that it does not become infinite."""
        form = f"regexp_full_match({column}, '-?[0-9]+([.][0-9]+)?')"
        return f"({form} AND isfinite(TRY_CAST({column} AS {self.type})))"

    def takes(self, column: str, source_type: str) -> str | None:
        """A number as wide as the column, or an exact one; a FLOAT has lost digits already."""
        if source_type == _FLOATING:
            return f"isfinite({column})"
        return "true" if _EXACT.fullmatch(source_type) else None


def form_of(sql_type: str) -> CellForm | None:
    """The form of a column's type; None for a type that no source column should have."""
    kind = {"STRING": "VARCHAR"}.get(sql_type, sql_type)
    if decimal := re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", kind):
        width, scale = int(decimal[1]), int(decimal[2])
        return Exact(kind, width - scale, scale)
    if kind in _BITS:
        return Whole(kind)
    if kind == _FLOATING:
        return Floating(kind)
    return TextForm(kind) if kind == "VARCHAR" else None
