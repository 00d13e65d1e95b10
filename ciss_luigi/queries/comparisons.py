"""Rows of two places side by side, compared by the engine: what stands on one side only, or differs.

Two halves under UNION ALL, grouped by every column: rows that are the same on both sides cancel out, NULLs
and rows that stand twice among them, and nothing is joined. ``as_of_date`` and ``run_id`` are not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.totals import plain
from ciss_luigi.engines.base import Row
from ciss_luigi.plaintext import printable
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import MONTH, SUMMARY, TEMP_PARTITION, Statements

SAMPLES = 20
"""How many rows that differ are shown."""

KEY = (MONTH, "org_id", "business_unit", "commercial_offer", "currency")
_COLUMNS = (*KEY, *(name for name in SUMMARY if name not in (*KEY, "as_of_date", "run_id")))
_COUNTED = """SELECT {columns}, SUM(left_rows) AS left_rows, SUM(right_rows) AS right_rows
    FROM (
        SELECT {columns}, 1 AS left_rows, 0 AS right_rows FROM (
{left}
        ) left_side
        UNION ALL
        SELECT {columns}, 0 AS left_rows, 1 AS right_rows FROM (
{right}
        ) right_side
    ) both_sides
    GROUP BY {columns}"""


@dataclass(frozen=True)
class Side:
    """Rows of one place: a query, and what stands before it (WITH ...)."""

    select: str
    ctes: str = ""


@dataclass(frozen=True)
class Apart:
    """How many rows of a month stand on one side only; a row that differs stands on both."""

    only_left: int
    only_right: int


def main(statements: Statements, months: Sequence[Month]) -> Side:
    """Main's rows of some months."""
    column = statements.month_column
    selected = ", ".join(f"{column} AS {MONTH}" if name == MONTH else name for name in _COLUMNS)
    return Side(f"SELECT {selected} FROM {statements.main} WHERE {column} IN ({_literals(months)})")


def temp(statements: Statements, months: Sequence[Month]) -> Side:
    """Temp's rows of the run date, of some months."""
    where = f"{TEMP_PARTITION} = '{statements.date}' AND {MONTH} IN ({_literals(months)})"
    return Side(f"SELECT {', '.join(_COLUMNS)} FROM {statements.temp} WHERE {where}")


def sources(statements: Statements, months: Sequence[Month]) -> Side:
    """What a run would build of some months out of the sources as they are now."""
    query = statements.build_query(months)
    if not statements.dialect.leading_ctes:
        return Side(f"SELECT * FROM (\n{query.text}\n) built")
    ctes, select = query.parts()
    return Side(select, ctes)


def count(statements: Statements, left: Side, right: Side) -> str:
    """A query for the months with rows on one side only; ``read_counts`` reads its answer."""
    return tagged(
        f"{left.ctes}{right.ctes}SELECT {MONTH},\n"
        "    SUM(CASE WHEN left_rows > right_rows THEN left_rows - right_rows ELSE 0 END) AS only_left,\n"
        "    SUM(CASE WHEN left_rows < right_rows THEN right_rows - left_rows ELSE 0 END) AS only_right\n"
        f"FROM (\n    {_counted(left, right)}\n) counted\n"
        f"WHERE left_rows <> right_rows\nGROUP BY {MONTH}",
        statements.step,
        str(statements.date),
    )


def read_counts(rows: Iterable[Row]) -> dict[str, Apart]:
    """The answer to ``count``, by month."""
    return {str(month): Apart(int(only_left), int(only_right)) for month, only_left, only_right in rows}


def sample(statements: Statements, left: Side, right: Side) -> str:
    """A query for some of the rows on one side only; ``read_sample`` reads its answer."""
    return tagged(
        f"{left.ctes}{right.ctes}SELECT {', '.join(_COLUMNS)}, left_rows, right_rows\n"
        f"FROM (\n    {_counted(left, right)}\n) counted\n"
        f"WHERE left_rows <> right_rows\nORDER BY {', '.join(KEY)}\nLIMIT {2 * SAMPLES}",
        statements.step,
        str(statements.date),
    )


def read_sample(rows: Iterable[Row], sides: tuple[str, str]) -> list[str]:
    """The answer to ``sample`` in words: a line per key, with only the columns that differ."""
    by_key: dict[Row, tuple[list[Row], list[Row]]] = {}
    for row in rows:
        left, right = by_key.setdefault(row[: len(KEY)], ([], []))
        (left if row[-2] > row[-1] else right).append(row[:-2])
    return [f"{_words(key)}: {_difference(left, right, sides)}" for key, (left, right) in by_key.items()][
        :SAMPLES
    ]


def _difference(left: Sequence[Row], right: Sequence[Row], sides: tuple[str, str]) -> str:
    if len(left) != 1 or len(right) != 1:
        return f"{_rows(len(left))} only in {sides[0]}, {_rows(len(right))} only in {sides[1]}"
    named = zip(_COLUMNS, left[0], right[0], strict=True)
    return "; ".join(
        f"{name} is {_value(one)} in {sides[0]}, {_value(other)} in {sides[1]}"
        for name, one, other in named
        if one != other
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _words(key: Row) -> str:
    return " / ".join("NULL" if part is None else printable(str(part)) for part in key)


def _value(value: object) -> str:
    return repr(printable(value)) if isinstance(value, str) else plain(value)  # type: ignore[arg-type]


def _counted(left: Side, right: Side) -> str:
    return _COUNTED.format(columns=", ".join(_COLUMNS), left=left.select, right=right.select)


def _literals(months: Sequence[Month]) -> str:
    return ", ".join(f"'{month}'" for month in months)
