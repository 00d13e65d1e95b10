"""A comparison in words, in the order in which one reads it: rows, columns, what they share, samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ciss_luigi.counting import counted
from ciss_luigi.operator.compare import Compared
from ciss_luigi.operator.comparedcolumns import Pair
from ciss_luigi.operator.comparedrows import ColumnDifference, InCommon, Sample
from ciss_luigi.plaintext import printable

WORDS = {
    "only_here": ("row only in {here}", "rows only in {here}"),
    "only_there": ("row only in {there}", "rows only in {there}"),
    "twice_here": ("key more than once in {here}", "keys more than once in {here}"),
    "twice_there": ("key more than once in {there}", "keys more than once in {there}"),
    "differ": ("row that differs", "rows that differ"),
}
KINDS = {"only_here": "only here", "only_there": "only there", "twice": "more than once", "differ": "differs"}


def lines(found: Compared) -> Iterator[str]:
    """The whole answer."""
    yield verdict(found)
    yield from (f"  {text}" for text in row_counts(found))
    yield from (f"  {text}" for text in remarks(found))
    answer = found.answer
    if answer.columns:
        yield "Columns that differ, with the sums of these rows:"
        yield from _table(
            [_column(one) for one in answer.columns], ("column", "rows", "here", "there", "greatest")
        )
    if answer.in_common:
        yield "What these rows have in common:"
        yield from (f"  {in_common(one)}" for one in answer.in_common)
    if answer.samples:
        yield "Samples:"
        yield from (f"  {sample(one)}" for one in answer.samples)
    if not found.equal:
        yield "State: nothing was changed"


def verdict(found: Compared) -> str:
    """One sentence."""
    months = ", ".join(map(str, found.months))
    within = f" within {found.tolerance:f}" if found.tolerance else ""
    if found.equal:
        return f"{months}: {found.here} and {found.there} hold the same rows{within}"
    return f"{months}: {found.here} and {found.there} differ"


def row_counts(found: Compared) -> Iterator[str]:
    """How many rows there are of each kind."""
    for month, (here, there) in found.rows_by_month.items():
        yield f"{month}: {counted(here, 'row')} in {found.here}, {there:,} in {found.there}"
    names = {"here": found.here, "there": found.there}
    for kind, (one, many) in WORDS.items():
        count = found.answer.kinds[kind]
        if count:
            yield counted(count, one, many).format(**names)


def remarks(found: Compared) -> Iterator[str]:
    """What is not a difference, but should be known."""
    for month, date in found.newer.items():
        yield f"{month}: main holds a newer estimate, of {printable(date)}"
    columns = found.columns
    for name, only in ((found.here, columns.only_here), (found.there, columns.only_there)):
        if only:
            yield f"columns only in {name}, not compared: {printable(', '.join(only))}"
    if columns.not_compared:
        yield f"not compared because of their types or names: {_types(columns.not_compared)}"
    if columns.types_differ:
        yield f"types differ: {_types(columns.types_differ)}"


def in_common(one: InCommon) -> str:
    """``98.6 % have currency = GBP``."""
    value = "NULL" if one.value is None else printable(one.value)
    share = f"{one.percent} % ({one.rows:,} of {one.of:,})"
    if one.side == "difference":
        return f"{share} of those that differ in {one.column} differ by {value}"
    if one.side:
        return f"{share} of those that differ in {one.column} have {one.column} = {value} {one.side}"
    return f"{share} have {one.column} = {value}"


def sample(one: Sample) -> str:
    """One row, with only the columns that differ."""
    key = ", ".join(_shown(value) for value in one.key.values())
    if one.columns:
        pairs = (
            f"{name} {_shown(here)} here, {_shown(there)} there"
            for name, (here, there) in one.columns.items()
        )
        return f"({key}): {'; '.join(pairs)}"
    if one.kind in ("only_here", "only_there"):
        return f"({key}): {KINDS[one.kind]}"
    return f"({key}): {counted(one.rows_here, 'row')} here, {one.rows_there:,} there"


def _shown(value: str | None) -> str:
    return "NULL" if value is None else printable(value)


def _column(one: ColumnDifference) -> tuple[str, ...]:
    sums = (one.sum_here, one.sum_there, one.greatest_difference)
    return (one.column, f"{one.rows:,}", *(text or "" for text in sums))


def _table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield f"  {'  '.join(cells)}".rstrip()


def _types(pairs: Sequence[Pair]) -> str:
    return printable(
        ", ".join(f"{pair.name} {pair.here.type} here, {pair.there.type} there" for pair in pairs)
    )
