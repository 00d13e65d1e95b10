"""Rows of two places, compared by the engine: which rows are on one side only, or differ.

Both sides go under one UNION ALL, grouped by every column. So rows that are the same on both sides cancel
out, also if they hold NULLs or occur twice, and no join is needed. ``as_of_date`` and ``run_id`` are not
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.totals import in_digits
from ciss_luigi.counting import counted
from ciss_luigi.engines.base import Row
from ciss_luigi.plaintext import printable
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.names import literals
from ciss_luigi.queries.statements import MONTH, SUMMARY, TEMP_PARTITION, Statements

SAMPLES = 20
"""At most how many keys whose rows differ are shown."""

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
class PlaceRows:
    """The rows of one place as SQL: a query, and what goes before it (``WITH ...``)."""

    select: str
    ctes: str = ""


@dataclass(frozen=True)
class Apart:
    """How many rows of a month are on one side only; a row that differs counts on both sides."""

    only_left: int
    only_right: int


def main(statements: Statements, months: Sequence[Month]) -> PlaceRows:
    """The SQL for main's rows of some months."""
    column = statements.month_column
    selected = ", ".join(f"{column} AS {MONTH}" if name == MONTH else name for name in _COLUMNS)
    return PlaceRows(f"SELECT {selected} FROM {statements.main} WHERE {column} IN ({literals(months)})")


def temp(statements: Statements, months: Sequence[Month]) -> PlaceRows:
    """The SQL for temp's rows of some months, as this run date wrote them."""
    where = f"{TEMP_PARTITION} = '{statements.date}' AND {MONTH} IN ({literals(months)})"
    return PlaceRows(f"SELECT {', '.join(_COLUMNS)} FROM {statements.temp} WHERE {where}")


def sources(statements: Statements, months: Sequence[Month]) -> PlaceRows:
    """The SQL for the rows that a run would build for some months from the sources as they are now."""
    query = statements.build_query(months)
    if not statements.dialect.leading_ctes:
        return PlaceRows(f"SELECT * FROM (\n{query.text}\n) built")
    ctes, select = query.parts()
    return PlaceRows(select, ctes)


def count(statements: Statements, left: PlaceRows, right: PlaceRows) -> str:
    """SQL that counts the rows on one side only, by month; ``read_counts`` reads its answer."""
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


def sample(statements: Statements, left: PlaceRows, right: PlaceRows) -> str:
    """SQL for some of the rows on one side only; ``read_sample`` reads its answer."""
    return tagged(
        f"{left.ctes}{right.ctes}SELECT {', '.join(_COLUMNS)}, left_rows, right_rows\n"
        f"FROM (\n    {_counted(left, right)}\n) counted\n"
        # twice as many rows as keys: a key that differs has a row on each side
        f"WHERE left_rows <> right_rows\nORDER BY {', '.join(KEY)}\nLIMIT {2 * SAMPLES}",
        statements.step,
        str(statements.date),
    )


def read_sample(rows: Iterable[Row], sides: tuple[str, str]) -> list[str]:
    """The answer to ``sample`` in words: a line for each key, with only the columns that differ.

    ``sides`` are the words for left and right, such as ("temp", "main").
    """
    by_key: dict[Row, tuple[list[Row], list[Row]]] = {}
    for row in rows:
        left, right = by_key.setdefault(row[: len(KEY)], ([], []))
        (left if row[-2] > row[-1] else right).append(row[:-2])
    return [f"{_words(key)}: {_difference(left, right, sides)}" for key, (left, right) in by_key.items()][
        :SAMPLES
    ]


def _difference(left: Sequence[Row], right: Sequence[Row], sides: tuple[str, str]) -> str:
    if len(left) != 1 or len(right) != 1:
        here, there = counted(len(left), "row"), counted(len(right), "row")
        return f"{here} only in {sides[0]}, {there} only in {sides[1]}"
    named = zip(_COLUMNS, left[0], right[0], strict=True)
    return "; ".join(
        f"{name} is {_value(one)} in {sides[0]}, {_value(other)} in {sides[1]}"
        for name, one, other in named
        if one != other
    )


def _words(key: Row) -> str:
    return " / ".join("NULL" if part is None else printable(str(part)) for part in key)


def _value(value: object) -> str:
    return repr(printable(value)) if isinstance(value, str) else in_digits(value)  # type: ignore[arg-type]


def _counted(left: PlaceRows, right: PlaceRows) -> str:
    return _COUNTED.format(columns=", ".join(_COLUMNS), left=left.select, right=right.select)
