"""Which columns of two tables are compared, under which names, and which are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from ciss_luigi.errors import BadArgument
from ciss_luigi.queries.columnforms import Family, Form, Spelling, form_of, type_of

NEVER_COMPARED = ("run_id", "as_of_date")
"""These columns say who wrote a row, not what it holds."""

_STATE = "nothing was compared"


class ColumnNames(Protocol):
    """What was typed about columns."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row, by their names in main."""

    @property
    def renamed(self) -> Mapping[str, str]:
        """Names in the other table, by the columns' names in main."""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns not to compare, by main's names."""


@dataclass(frozen=True)
class ComparedColumn:
    """A column of one table and its type as the engine writes it."""

    name: str
    type: str

    @property
    def is_text(self) -> bool:
        """Whether it is a text of any length, which needs no cast."""
        return type_of(self.type).family is Family.TEXT


@dataclass(frozen=True)
class Pair:
    """A column of both tables, which may have two names and two types."""

    here: ComparedColumn
    there: ComparedColumn

    @property
    def name(self) -> str:
        """Its name in main."""
        return self.here.name


@dataclass(frozen=True)
class Columns:
    """What is compared, and what is not; names are lower-case."""

    months: tuple[ComparedColumn, ComparedColumn]
    key: tuple[Pair, ...]
    values: tuple[Pair, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    not_compared: tuple[Pair, ...]
    has_as_of_date: bool

    @property
    def month_and_key(self) -> tuple[Pair, ...]:
        """The columns that identify a row, the month first."""
        return (Pair(*self.months), *self.key)

    @property
    def types_differ(self) -> list[Pair]:
        """The columns whose types are written differently on the two sides."""
        return [pair for pair in (*self.key, *self.values) if _written(pair.here) != _written(pair.there)]

    def form(self, spelling: Spelling, pair: Pair) -> Form:
        """How a column is compared."""
        form = form_of(spelling, (pair.here.name, pair.here.type), (pair.there.name, pair.there.type))
        if form is None:
            raise ValueError(f"{pair.name} cannot be compared")
        return form


def resolve(
    here: Sequence[tuple[str, str]],
    there: Sequence[tuple[str, str]],
    *,
    month: tuple[str, str],
    names: tuple[str, str],
    request: ColumnNames,
) -> Columns:
    """Pair the columns of two tables.

    Raises BadArgument for a name that does not exist, and for one that would have no effect.
    """
    mine, others = (_Table(name, listed) for name, listed in zip(names, (here, there), strict=True))
    months = mine.column(month[0], "[ciss] month_partition"), others.column(month[1], "--other-month")
    renamed = {
        mine.column(new, "--columns").name: others.column(old, "--columns").name
        for new, old in request.renamed.items()
    }
    ignored = {mine.or_other(others, name, "--ignore") for name in request.ignored}
    key = [
        Pair(mine.column(name, "--key"), others.column(renamed.get(name.lower(), name), "--columns"))
        for name in request.key
        if name.lower() != months[0].name
    ]
    _refuse_without_effect(months[0].name, {pair.name for pair in key}, renamed.keys(), ignored)
    taken = {months[0].name, *(pair.name for pair in key), *NEVER_COMPARED, *ignored}
    rest = [column for column in mine.columns if column.name not in taken]
    pairs = [
        Pair(column, others.by_name[old])
        for column in rest
        if (old := renamed.get(column.name, column.name)) in others.by_name
    ]
    comparable = [pair for pair in pairs if not _is_complex(pair)]
    seen = {months[1].name, *NEVER_COMPARED, *ignored, *(pair.there.name for pair in (*key, *pairs))}
    _refuse_complex_key(key)
    return Columns(
        months, tuple(key), tuple(comparable),
        only_here=(
            *(column.name for column in rest if column not in [pair.here for pair in pairs]),
            *_odd_alone(mine, others, ignored),
        ),
        only_there=(
            *(column.name for column in others.columns if column.name not in seen),
            *_odd_alone(others, mine, ignored),
        ),
        not_compared=(
            *(pair for pair in pairs if pair not in comparable),
            *(Pair(one, others.odd[name]) for name, one in mine.odd.items()
              if name in others.odd and name not in ignored),
        ),
        has_as_of_date="as_of_date" in mine.by_name,
    )  # fmt: skip


class _Table:
    """A table's columns by name."""

    def __init__(self, name: str, listed: Iterable[tuple[str, str]]) -> None:
        self.name = name
        columns = [ComparedColumn(one.lower(), kind) for one, kind in listed]
        # a name with a quote in it would end its own quotes
        self.odd = {one.name: one for one in columns if {'"', "`"} & set(one.name)}
        self.columns = [one for one in columns if one.name not in self.odd]
        self.by_name = {column.name: column for column in self.columns}

    def column(self, name: str, option: str) -> ComparedColumn:
        """A column that must be there; raises BadArgument."""
        if name.lower() in self.by_name:
            return self.by_name[name.lower()]
        near = get_close_matches(name.lower(), self.by_name, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise BadArgument(
            f"{self.name} has no column {name} ({option}){meant}",
            state=_STATE,
            next_command=f"name one of its columns with {option}: {', '.join(self.by_name)}",
        )

    def or_other(self, other: _Table, name: str, option: str) -> str:
        """The name of a column that is in this table or the other; raises BadArgument."""
        known = {*other.by_name, *other.odd, *self.odd}
        return name.lower() if name.lower() in known else self.column(name, option).name


def _odd_alone(one: _Table, other: _Table, ignored: Set[str]) -> list[str]:
    """The columns with a quote in their names that the other table does not have."""
    return [name for name in one.odd if name not in other.odd and name not in ignored]


def _refuse_without_effect(month: str, key: Set[str], renamed: Set[str], ignored: Set[str]) -> None:
    """Refuse what somebody typed in vain: they would believe that it holds."""
    wrong = [
        (key & ignored, "is in the key, by which rows find each other: --ignore cannot leave it out",
         "leave it out of --ignore, or name other columns with --key"),
        (key & {*NEVER_COMPARED}, "says who wrote a row, so no row would find another: it is no key",
         "name other columns with --key"),
        (renamed & {month}, "is main's month column: --columns is for the others",
         "name the other table's month column with --other-month"),
        (renamed & ({*NEVER_COMPARED} | ignored), "is not compared, so another name for it changes nothing",
         "leave it out of --columns"),
    ]  # fmt: skip
    for names, what, following in wrong:
        if names:
            raise BadArgument(f"{min(names)} {what}", state=_STATE, next_command=following)


def _is_complex(pair: Pair) -> bool:
    return Family.COMPLEX in (type_of(pair.here.type).family, type_of(pair.there.type).family)


def _refuse_complex_key(key: Iterable[Pair]) -> None:
    wrong = [pair.name for pair in key if _is_complex(pair)]
    if wrong:
        raise BadArgument(
            f"{', '.join(wrong)} cannot be compared, so it cannot be part of the key",
            state=_STATE,
            next_command="name other columns with --key",
        )


def _written(column: ComparedColumn) -> str:
    text = column.type.upper().replace(" ", "")
    return "STRING" if text in ("VARCHAR", "TEXT") else text
