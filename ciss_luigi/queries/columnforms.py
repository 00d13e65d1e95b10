"""SQL expressions that make two columns comparable, whatever their types: equal values give equal results.

Numbers become decimals of one type. Texts stay texts. Everything else is compared by the text that the engine
makes of it.
If a value cannot become a decimal, the number is NULL and a second expression holds its text. So it is equal
only to the same text. The rules are in ``docs/migration.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

_TYPE = re.compile(r"([A-Z]+)(?:\((\d+)(?:, *(\d+))?\))?")
_WHOLE_DIGITS = {
    "TINYINT": 3, "UTINYINT": 3, "SMALLINT": 5, "USMALLINT": 5, "INT": 10, "INTEGER": 10, "UINTEGER": 10,
    "BIGINT": 19, "UBIGINT": 20, "HUGEINT": 39, "UHUGEINT": 39,
}  # fmt: skip
_COMPLEX = ("ARRAY", "MAP", "STRUCT", "UNION", "UNIONTYPE", "LIST", "BLOB", "BINARY")
MOST_DIGITS = 37
"""38 less one: a difference can need one digit more than its numbers, and a decimal has at most 38."""
_DIGITS = 20
"""For a number in a text or a DOUBLE: how many digits before the point are compared."""
_DECIMALS = 8
"""How many digits after the point are compared if neither type says how many it has."""
_LEAST_DECIMALS = 4


class Spelling(Protocol):
    """The SQL that engines spell differently here."""

    def quoted(self, name: str) -> str:
        """A column's name, quoted."""

    def matches(self, text: str, pattern: str) -> str:
        """The SQL condition that a text matches a pattern."""


class Family(Enum):
    """Types that are compared in the same way."""

    TEXT = "text"
    PADDED = "text, padded with spaces"
    EXACT = "exact number"
    FLOATING = "floating number"
    OTHER = "anything that has a text"
    COMPLEX = "not compared"


@dataclass(frozen=True)
class Type:
    """A column's type, as far as it matters for comparing.

    ``digits`` is how many an exact number has before the point, ``decimals`` how many after it.
    """

    family: Family
    digits: int = 0
    decimals: int = 0


def type_of(written: str) -> Type:
    """Read a type as an engine writes it, such as ``decimal(18,4)`` or ``VARCHAR``."""
    text = written.strip().upper()
    match = _TYPE.match(text)
    name = match[1] if match else text
    if text.endswith("]") or name in _COMPLEX:
        return Type(Family.COMPLEX)
    if name in _WHOLE_DIGITS:
        return Type(Family.EXACT, _WHOLE_DIGITS[name])
    if name in ("DECIMAL", "NUMERIC"):
        precision, scale = (int(match[2] or 10), int(match[3] or 0)) if match else (10, 0)
        return Type(Family.EXACT, precision - scale, scale)
    if name in ("DOUBLE", "FLOAT", "REAL"):
        return Type(Family.FLOATING)
    if name in ("CHAR", "CHARACTER", "BPCHAR"):
        return Type(Family.PADDED)
    return Type(Family.TEXT if name in ("STRING", "VARCHAR", "TEXT") else Family.OTHER)


@dataclass(frozen=True)
class Form:
    """How a column is compared: the SQL expressions of both sides, which must be equal pair by pair.

    If a number has two expressions, the second is the text of a value that cannot be read as a number.
    """

    here: tuple[str, ...]
    there: tuple[str, ...]
    decimals: int | None = None
    """How many digits after the point a number has; None for what is not a number."""
    digits: int = 0
    """How many digits before the point a number has."""


def form_of(spelling: Spelling, here: tuple[str, str], there: tuple[str, str]) -> Form | None:
    """How two columns, each given as (name, type), are compared; None for types that cannot be compared."""
    types = type_of(here[1]), type_of(there[1])
    families = {one.family for one in types}
    if Family.COMPLEX in families:
        return None
    numbers = {Family.EXACT, Family.FLOATING}
    names = spelling.quoted(here[0]), spelling.quoted(there[0])
    if families & numbers and not families & {Family.OTHER}:
        return _number(spelling, names, types)
    texts = [
        _text(name, written, one)
        for name, written, one in zip(names, (here[1], there[1]), types, strict=True)
    ]
    return Form((texts[0],), (texts[1],))


def _text(name: str, written: str, kind: Type) -> str:
    if kind.family is Family.TEXT and "(" not in written:
        return name
    return f"RTRIM(CAST({name} AS STRING))" if kind.family is Family.PADDED else f"CAST({name} AS STRING)"


def _number(spelling: Spelling, names: tuple[str, str], types: tuple[Type, Type]) -> Form:
    exact = [one for one in types if one.family is Family.EXACT]
    certain = len(exact) == len(types)
    decimals = max(one.decimals for one in exact) if exact else _DECIMALS
    if not certain:
        text = any(one.family in (Family.TEXT, Family.PADDED) for one in types)
        decimals = max(decimals, _DECIMALS if text else _LEAST_DECIMALS)
    decimals = min(decimals, MOST_DIGITS - 1)  # one digit at least is left before the point
    digits = max(one.digits or _DIGITS for one in types)
    if digits + decimals > MOST_DIGITS:
        certain, digits = False, MOST_DIGITS - decimals
    same = certain and types[0] == types[1]
    sides = []
    for name, one in zip(names, types, strict=True):
        number = name if same else _as_decimal(spelling, name, one, digits, decimals)
        odd = f"CASE WHEN {number} IS NULL THEN CAST({name} AS STRING) END"
        sides.append((number,) if certain else (number, odd))
    return Form(sides[0], sides[1], decimals, digits)


def _as_decimal(spelling: Spelling, name: str, kind: Type, digits: int, decimals: int) -> str:
    """SQL for the number as a decimal; it is NULL for what is not a number or has too many digits."""
    target = f"DECIMAL({digits + decimals},{decimals})"
    if kind.family is Family.EXACT:
        return _exact(name, kind, digits, target)
    if kind.family is Family.FLOATING:
        return _floating(name, digits, target)
    trimmed = f"TRIM({name})"
    plain = f"^[-+]?([0-9]{{1,{digits}}}([.][0-9]{{1,{decimals}}}0*)?|[.][0-9]{{1,{decimals}}}0*)$"
    exponent = "^[-+]?[0-9]{1,17}([.][0-9]+)?[eE][-+]?[0-9]{1,2}$"
    return (
        f"CASE WHEN {spelling.matches(trimmed, plain)} THEN CAST({trimmed} AS {target}) "
        f"WHEN {spelling.matches(trimmed, exponent)} "
        f"THEN {_floating(f'CAST({trimmed} AS DOUBLE)', digits, target)} END"
    )


def _exact(name: str, kind: Type, digits: int, target: str) -> str:
    cast = f"CAST({name} AS {target})"
    if kind.digits <= digits:
        return cast
    # a number too large for the target: without this one engine raises an error, another gives NULL
    limit = f"CAST('{'9' * digits}' AS DECIMAL({digits},0))"
    return f"CASE WHEN {name} BETWEEN -{limit} AND {limit} THEN {cast} END"


def _floating(value: str, digits: int, target: str) -> str:
    limit = f"1E{digits - 1}"
    return (
        f"CASE WHEN {value} BETWEEN CAST('-{limit}' AS DOUBLE) AND CAST('{limit}' AS DOUBLE) "
        f"THEN CAST({value} AS {target}) END"
    )
