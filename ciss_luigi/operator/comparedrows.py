"""How the answers of a comparison are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ciss_luigi.engines.base import Row, Session
from ciss_luigi.operator.comparedcolumns import Columns
from ciss_luigi.queries.comparison import Comparison
from ciss_luigi.queries.differingrows import ALIKE, DIFFER, ONLY_HERE, ONLY_THERE, TWICE

KINDS = (ONLY_HERE, ONLY_THERE, "twice_here", "twice_there", DIFFER)
_FIRST = 6
"""How many columns of an answer are about the kind of rows; those about compared columns follow."""
_LEAST_ROWS = 2
"""How many rows must differ before it is said what they share."""


@dataclass(frozen=True)
class ColumnDifference:
    """A column that differs: in how many rows and, of a number, both sums over these rows."""

    column: str
    rows: int
    sum_here: str | None = None
    sum_there: str | None = None
    greatest_difference: str | None = None


@dataclass(frozen=True)
class InCommon:
    """A value that at least half of the differing rows share.

    ``side`` is empty for a column of the key; else ``here``, ``there`` or ``difference``, and the rows are
    those in which the column differs.
    """

    column: str
    side: str
    value: str | None
    rows: int
    of: int

    @property
    def percent(self) -> str:
        """The share, with one decimal, rounded down: 100.0 means all."""
        tenths = self.rows * 1000 // self.of
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True)
class Sample:
    """A row that is not the same on both sides, with only the columns that differ."""

    kind: str
    rows_here: int
    rows_there: int
    key: Mapping[str, str | None]
    columns: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Answer:
    """What the engine found."""

    kinds: Mapping[str, int]
    columns: tuple[ColumnDifference, ...] = ()
    in_common: tuple[InCommon, ...] = ()
    samples: tuple[Sample, ...] = ()


def read(session: Session, comparison: Comparison, columns: Columns, samples: int) -> Answer:
    """Ask for kinds and columns; if anything differs, also for what the rows share, and for samples."""
    rows = session.query(comparison.classes())
    kinds = _kinds(rows)
    if not any(kinds.values()):
        return Answer(kinds)
    in_common = [_in_common(row, comparison, columns) for row in session.query(comparison.in_common())]
    shown = session.query(comparison.samples(samples)) if samples else []
    return Answer(
        kinds,
        tuple(_columns(rows, comparison, columns)),
        tuple(
            sorted(filter(None, in_common), key=lambda one: (bool(one.side), -one.rows / one.of, one.column))
        ),
        tuple(_sample(row, comparison, columns) for row in shown),
    )


def _kinds(rows: Sequence[Row]) -> dict[str, int]:
    counts = dict.fromkeys(KINDS, 0)
    for kind, keys, here, there, twice_here, twice_there, *_ in rows:
        if kind == ALIKE:
            continue
        if kind == TWICE or kind in (ONLY_HERE, ONLY_THERE):
            counts["twice_here"] += int(twice_here)
            counts["twice_there"] += int(twice_there)
        if kind == DIFFER:
            counts[DIFFER] += int(keys)
        elif kind != TWICE:
            counts[kind] += int(here) + int(there)
    return counts


def _columns(rows: Sequence[Row], comparison: Comparison, columns: Columns) -> list[ColumnDifference]:
    found = []
    for row in (row for row in rows if row[0] == DIFFER):
        place = _FIRST
        for pair, _ in zip(columns.values, comparison.differing.values, strict=True):
            count, *sums = row[place : place + 4]
            place += 4
            if count:
                found.append(ColumnDifference(pair.name, int(count), *map(_text, sums)))
    return sorted(found, key=lambda one: -one.rows)


def _in_common(row: Row, comparison: Comparison, columns: Columns) -> InCommon | None:
    facet, value, count, total = row
    role, index, side = comparison.facets[int(facet)]
    of_all = role == "key" and index == 0 and len(comparison.differing.months) == 1
    if of_all or int(total) < _LEAST_ROWS:
        return None
    named = (columns.month_and_key if role == "key" else columns.values)[index]
    return InCommon(named.name, side, value, int(count), int(total))


def _sample(row: Row, comparison: Comparison, columns: Columns) -> Sample:
    values = list(row)
    kind, here, there = values[:3]
    place = 3
    key: dict[str, str | None] = {}
    for pair, form in zip(columns.month_and_key, comparison.differing.keys, strict=True):
        key[pair.name] = _first(values[place : place + len(form.here)])
        place += len(form.here)
    flags = values[place : place + len(comparison.differing.values)]
    place += len(comparison.differing.values)
    differing: dict[str, tuple[str | None, str | None]] = {}
    for pair, form, flag in zip(columns.values, comparison.differing.values, flags, strict=True):
        width = len(form.here)
        mine, other = (_first(values[start : start + width]) for start in (place, place + width))
        place += 2 * width
        if flag and kind == DIFFER:
            differing[pair.name] = (mine, other)
    return Sample(str(kind), int(here), int(there), key, differing)


def _first(values: Sequence[Any]) -> str | None:
    return next((_text(value) for value in values if value is not None), None)


def _text(value: object) -> str | None:
    if value is None:
        return None
    return format(value, "f") if isinstance(value, Decimal) else str(value)
