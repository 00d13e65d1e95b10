"""SQL for the rows of two tables that are not the same on both sides.

They are called differing rows here. (The odd rows of docs/tables.md are something else: billing/oddrows.py.)

One UNION ALL holds both tables. It is grouped by the whole row, to match equal rows, then by key, to match
the rest. GROUP BY treats two NULLs as equal; no join does so on all engines. If the engine has fingerprints
(``Dialect.fingerprint``), only the keys whose fingerprints differ are grouped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, localcontext
from functools import cached_property

from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.base import Dialect
from ciss_luigi.queries.columnforms import MOST_DIGITS, Form

FINGERPRINTS, DIFFERING_KEYS, DIFFERING_ROWS = "ciss_compare_prints", "ciss_compare_keys", "ciss_compare_rows"
BUCKETS = 65_536
_UNLIKE = (
    "SUM(mine) * 2 <> COUNT(*) "
    "OR SUM(CASE WHEN mine = 1 THEN CAST(r AS HUGEINT) ELSE -CAST(r AS HUGEINT) END) <> 0"
)
"""The condition that a group of fingerprints is not the same on both sides.

HUGEINT (128 bits), because sums of 64 bits overflow. Only DuckDB has it, and only DuckDB has fingerprints.
"""

ONLY_HERE, ONLY_THERE, TWICE, DIFFER = "only_here", "only_there", "twice", "differ"
ALIKE = "alike"
"""Rows that differ by no more than the tolerance."""


@dataclass(frozen=True)
class ComparedTable:
    """One of the two tables: its name with its schema, quoted, and its month column."""

    table: str
    month: str
    month_is_text: bool = True
    month_is_exact: bool = False
    """Whether the column is known to hold months only; if not, a day may follow the month."""

    @property
    def month_text(self) -> str:
        """SQL for the month column as a text."""
        return self.month if self.month_is_text else f"CAST({self.month} AS STRING)"

    def where(self, months: Sequence[Month]) -> str:
        """The SQL condition for the rows of some months."""
        if self.month_is_exact:
            literals = listed([f"'{month}'" for month in months])
            return f"{self.month_text} IN ({literals})"
        ranges = (
            f"({self.month_text} >= '{month}' AND {self.month_text} < '{month.minus(-1)}')"
            for month in months
        )
        return f"({' OR '.join(ranges)})"


@dataclass(frozen=True)
class DifferingRows:
    """What is compared: the two tables, some months, and the forms of the key's columns and of the others.

    ``tolerance``: numbers that differ by no more than this count as equal.
    """

    dialect: Dialect
    here: ComparedTable
    there: ComparedTable
    months: tuple[Month, ...]
    keys: tuple[Form, ...]
    values: tuple[Form, ...]
    tolerance: Decimal = Decimal()

    @property
    def narrows(self) -> bool:
        """Whether the engine has fingerprints; then most rows need no grouping."""
        return bool(self.dialect.fingerprint(["1"]))

    def _expressions(self, side: str) -> tuple[list[str], list[str]]:
        """The key's expressions and the values' of one side."""
        keys = [one for form in self.keys for one in getattr(form, side)]
        return keys, [one for form in self.values for one in getattr(form, side)]

    @cached_property
    def names(self) -> tuple[list[str], list[str]]:
        """The names of the expressions in the query: those of the key, and those of the values."""
        keys = [alias for index, form in enumerate(self.keys) for alias in aliases("k", index, form)]
        return keys, [alias for index, form in enumerate(self.values) for alias in aliases("v", index, form)]

    def fingerprints(self) -> str:
        """SQL for the fingerprints of each row's key and of the whole row, of both sides."""
        return "\nUNION ALL\n".join(
            f"SELECT k, {self._whole()} AS r, {mine} AS mine FROM (\n{rows}\n) x"
            for mine, rows in ((1, self._side("here")), (0, self._side("there")))
        )

    def differing_keys(self) -> str:
        """SQL for the fingerprints of the keys whose rows are not the same on both sides.

        Most keys fall into buckets that are the same on both sides; these are not grouped key by key.
        """
        bucket = f"k % {BUCKETS}"
        buckets = f"SELECT {bucket} FROM {FINGERPRINTS} GROUP BY {bucket} HAVING {_UNLIKE}"
        return f"SELECT k FROM {FINGERPRINTS}\nWHERE {bucket} IN ({buckets})\nGROUP BY k\nHAVING {_UNLIKE}"

    def rows(self) -> str:
        """SQL for the keys whose rows are not the same on both sides, with their kind and what differs."""
        keys, values = self.names
        pairs = [f"{side}_{name}" for name in values for side in ("h", "t")]
        flags = [
            f"CASE WHEN {self._same(i, form)} THEN 0 ELSE 1 END AS d{i}" for i, form in enumerate(self.values)
        ]
        counts = ["n_here", "n_there"]
        by_key = self._by_key()
        flagged = f"SELECT {listed([*keys, *counts, *pairs, *flags])}\nFROM (\n{by_key}\n) paired\n"
        flagged += "WHERE more_here > 0 OR more_there > 0"
        differs = " + ".join(f"d{index}" for index in range(len(self.values))) or "0"
        kind = (
            f"CASE WHEN n_there = 0 THEN '{ONLY_HERE}' WHEN n_here = 0 THEN '{ONLY_THERE}' "
            f"WHEN n_here > 1 OR n_there > 1 THEN '{TWICE}' WHEN {differs} > 0 THEN '{DIFFER}' "
            f"ELSE '{ALIKE}' END AS kind"
        )
        return f"SELECT {kind}, flagged.*\nFROM (\n{flagged}\n) flagged"

    def _by_key(self) -> str:
        keys, values = self.names
        sides = [
            f"MAX(CASE WHEN n_{word} > 0 THEN {name} END) AS {word[0]}_{name}"
            for name in values
            for word in ("here", "there")
        ]
        counts = [
            "SUM(n_here) AS n_here", "SUM(n_there) AS n_there",
            "SUM(CASE WHEN n_here > n_there THEN n_here - n_there ELSE 0 END) AS more_here",
            "SUM(CASE WHEN n_there > n_here THEN n_there - n_here ELSE 0 END) AS more_there",
        ]  # fmt: skip
        wanted = listed([*keys, *counts, *sides])
        return f"SELECT {wanted}\nFROM (\n{self._by_row()}\n) alike\nGROUP BY {listed(keys)}"

    def _by_row(self) -> str:
        keys, values = self.names
        names = listed([*keys, *values])
        narrow = f"WHERE k IN (SELECT k FROM {DIFFERING_KEYS})\n" if self.narrows else ""
        counts = "SUM(mine) AS n_here, SUM(1 - mine) AS n_there"
        return f"SELECT {names}, {counts}\nFROM (\n{self._united()}\n) united\n{narrow}GROUP BY {names}"

    def _united(self) -> str:
        return "\nUNION ALL\n".join(
            f"SELECT x.*, {mine} AS mine FROM (\n{rows}\n) x"
            for mine, rows in ((1, self._side("here")), (0, self._side("there")))
        )

    def _side(self, name: str) -> str:
        """SQL for the rows of one side: every expression, after the key's fingerprint if there are any."""
        side = self.here if name == "here" else self.there
        keys, values = self._expressions(name)
        aliases = [*self.names[0], *self.names[1]]
        columns = [f"{text} AS {alias}" for text, alias in zip([*keys, *values], aliases, strict=True)]
        if self.narrows:
            columns.insert(0, f"{self.dialect.fingerprint(keys)} AS k")
        return f"SELECT {listed(columns)}\nFROM {side.table}\nWHERE {side.where(self.months)}"

    def _whole(self) -> str:
        """The fingerprint of a whole row.

        The key is part of it: else two keys of one bucket could swap their values, and nobody would see it.
        """
        return self.dialect.fingerprint(["k", *self.names[1]])

    def _same(self, index: int, form: Form) -> str:
        """The SQL condition that a column's two values are equal; numbers, within the tolerance."""
        conditions = [_equal(f"h_{alias}", f"t_{alias}") for alias in aliases("v", index, form)]
        if form.decimals is not None and self.tolerance:
            conditions[0] = f"(ABS({difference(index)}) <= {_limit(self.tolerance, form)} OR {conditions[0]})"
        return " AND ".join(conditions)


def aliases(letter: str, index: int, form: Form) -> list[str]:
    """The names of a column's expressions: its value and, if it has two, the text of what is not a number.

    ``letter`` is k for a column of the key, v for another one; ``index`` is its position.
    """
    return [f"{letter}{index}", f"{letter}{index}x"][: len(form.here)]


def difference(index: int) -> str:
    """SQL for the difference of a number column's two values, here minus there."""
    return f"(h_v{index} - t_v{index})"


def _limit(tolerance: Decimal, form: Form) -> str:
    """SQL for the tolerance in the column's own type, cut to its decimals: no difference has more of them."""
    unit = Decimal(1).scaleb(-(form.decimals or 0))
    with localcontext(prec=2 * MOST_DIGITS):
        most = Decimal(10) ** form.digits - unit
        fitting = min(tolerance, most).quantize(unit, ROUND_FLOOR)
    return f"CAST('{fitting:f}' AS DECIMAL({form.digits + (form.decimals or 0)},{form.decimals}))"


def _equal(one: str, other: str) -> str:
    return f"({one} = {other} OR ({one} IS NULL AND {other} IS NULL))"


def listed(parts: Sequence[str]) -> str:
    """Expressions with commas between them."""
    return ", ".join(parts)
