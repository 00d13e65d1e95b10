"""Which rows of two tables are only here, only there, doubled or different: against plain Python.

By fingerprints, as DuckDB does it, and by grouping all rows, as every server does it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.duckdb.dialect import DuckDbDialect
from ciss_luigi.operator.compare import Request
from ciss_luigi.operator.comparedcolumns import Columns, resolve
from ciss_luigi.operator.comparedrows import Answer, read
from ciss_luigi.queries import differingrows
from ciss_luigi.queries.columnforms import Form
from ciss_luigi.queries.comparison import Comparison
from ciss_luigi.queries.differingrows import ComparedTable, DifferingRows

MONTH = "2016-11"
COLUMNS = [("org_id", "VARCHAR"), ("name", "VARCHAR"), ("amount", "DECIMAL(18,4)"), ("month_year", "VARCHAR")]
Row = tuple[str | None, str | None, Decimal | None]

amounts = st.sampled_from([None, Decimal("0"), Decimal("1.0000"), Decimal("1.0100"), Decimal("-1")])
rows = st.lists(
    st.tuples(st.sampled_from([None, "", "a", "b"]), st.sampled_from([None, "x", "y"]), amounts), max_size=8
)


class WithoutFingerprints(DuckDbDialect):
    """What every server has: none."""

    def fingerprint(self, expressions: Sequence[str]) -> str:
        """None."""
        return ""


class Session:
    """An open connection, as an engine's session."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str) -> None:
        """Send a statement."""
        self._connection.execute(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Send a question."""
        found: list[tuple[Any, ...]] = self._connection.execute(statement).fetchall()
        return found


def answer(connection: Any, dialect: DuckDbDialect, tolerance: Decimal) -> Answer:
    request = Request("there", key=("org_id",), tolerance=tolerance)
    month = ("month_year", "month_year")
    columns: Columns = resolve(COLUMNS, COLUMNS, month=month, names=("here", "there"), request=request)
    sides = (ComparedTable("here", "month_year", month_is_exact=True), ComparedTable("there", "month_year"))
    one = Form((f"'{MONTH}'",), (f"'{MONTH}'",))
    keys = (one, *(columns.form(dialect, pair) for pair in columns.key))
    values = tuple(columns.form(dialect, pair) for pair in columns.values)
    compared = Comparison(DifferingRows(dialect, *sides, (Month.parse(MONTH),), keys, values, tolerance))
    session: Any = Session(connection)
    compared.prepare(session)
    return read(session, compared, columns, 3)


def expected(here: list[Row], there: list[Row], tolerance: Decimal) -> dict[str, int]:
    """The rule of docs/migration.md, by hand."""
    sides: dict[str | None, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for number, side in enumerate((here, there)):
        for row in side:
            sides[row[0]][number].append(row)
    counts = dict.fromkeys(("only_here", "only_there", "twice_here", "twice_there", "differ"), 0)
    for mine, others in sides.values():
        if Counter(mine) == Counter(others):
            continue
        if len(mine) == len(others) == 1:
            counts["differ"] += not _near(mine[0], others[0], tolerance)
            continue
        counts["only_here"] += 0 if others else len(mine)
        counts["only_there"] += 0 if mine else len(others)
        counts["twice_here"] += len(mine) > 1
        counts["twice_there"] += len(others) > 1
    return counts


def _near(one: Row, other: Row, tolerance: Decimal) -> bool:
    if one[1] != other[1]:
        return False
    mine, theirs = one[2], other[2]
    return mine == theirs or (mine is not None and theirs is not None and abs(mine - theirs) <= tolerance)


@pytest.mark.parametrize("way", ["fingerprints", "fingerprints in one bucket", "no fingerprints"])
def test_every_row_is_of_the_kind_that_the_rule_says(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    if way == "fingerprints in one bucket":
        monkeypatch.setattr(differingrows, "BUCKETS", 1)
    dialect = WithoutFingerprints() if way == "no fingerprints" else DuckDbDialect()
    with duckdb.connect() as connection:
        for name in ("here", "there"):
            listed = ", ".join(f"{column} {kind}" for column, kind in COLUMNS)
            connection.execute(f"CREATE TABLE {name} ({listed})")

        @settings(max_examples=12, deadline=None)
        @given(here=rows, there=rows, tolerance=st.sampled_from([Decimal(0), Decimal("0.01")]))
        def holds(here: list[Row], there: list[Row], tolerance: Decimal) -> None:
            for name, side in (("here", here), ("there", there)):
                connection.execute(f"DELETE FROM {name}")
                for row in side:
                    connection.execute(f"INSERT INTO {name} VALUES (?, ?, ?, '{MONTH}')", row)
            found = answer(connection, dialect, tolerance)
            assert found.kinds == expected(here, there, tolerance)
            if any(found.kinds.values()):
                assert found.samples

        holds()
