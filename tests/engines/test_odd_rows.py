"""Rows that no estimate holds, on each engine: the same are counted, and the same mapping rows are used."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests import reference
from tests.engines.cluster import COLUMNS, DUCKDB, HIVE, IMPALA, SPARK, SPARK_ANSI, Cluster, Where, months_of
from tests.engines.conftest import engine_params
from tests.engines.sites import Loaded, MakeCluster
from tests.reference import Cell, Tables, is_month
from tests.rules.telling import mapping
from tests.sample import TYPES
from tests.strategies import charge, rate

DATE = "2017-01-03"
MONTH = "2017-01"
PARTITIONS = ("2016-13", "2017-01-01", "2017-1", "x", "0000-00", "20170-1")
DATES: tuple[Cell, ...] = (
    None, "", "  ", "2017-01-15", "2017-01-15 23:59", "2017-01-15x", "15/01/2017", "2017-1-15", "20170115",
    " 2017-01-15", "2016-12-31", "2017-02-01", "0001-01-01", "9999-12-31", "0000-00-00", "2017-01", "open",
    "2017-01-\u0661\u0661", "\u00e92017-01-15", "2017\u201301\u201315",
)  # fmt: skip
INVOICE_DATES: tuple[Cell, ...] = (
    *DATES, "2017-00-01", "2017-13-01", "2017-12", "201701-", "2017-0a-01", "\U0001f642017-01", "2017-01'\\",
)  # fmt: skip


def made() -> Tables:
    """A mapping row of a key of its own for every pair of dates; a register line for every date."""
    pairs = list(itertools.product(DATES, DATES))
    keys = [(f"org {number}", "unit", "offer") for number, _ in enumerate(pairs)]
    return Tables(
        billable=[charge("billable", MONTH, key, "USD", "1.5", count="1") for key in keys]
        + [charge("billable", text, keys[0], "GBP", "2.25", count="1") for text in PARTITIONS],
        overage=[charge("overage", "2017-01 ", keys[0], None, "0.0001")],
        register=[charge("register", None, keys[0], "USD", "10.01", date=text) for text in INVOICE_DATES],
        rate=[rate(text, "GBP", "1.5") for text in ("2016-13", "x", "2017-01")],
        mapping=[
            mapping(key, f"group {number}", "name", start, end)
            for number, (key, (start, end)) in enumerate(zip(keys, pairs, strict=True))
        ],
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables in a DuckDB file."""
    import duckdb

    file = tmp_path_factory.mktemp("odd") / "odd.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA mnaas")
        for role, table in reference.TABLE_OF.items():
            names = reference.COLUMNS[table]
            listed = ", ".join(f"{name} {TYPES.get(name, 'VARCHAR')}" for name in names)
            connection.execute(f"CREATE TABLE mnaas.{table} ({listed})")
            rows = [[row[name] for name in names] for row in made().of(role)]
            marks = ", ".join("?" * len(names))
            if rows:
                connection.executemany(f"INSERT INTO mnaas.{table} VALUES ({marks})", rows)
    return file


@pytest.fixture(scope="module", params=engine_params(DUCKDB, HIVE, SPARK_ANSI, SPARK, IMPALA, long=(SPARK,)))
def ran(
    request: pytest.FixtureRequest, make_cluster: MakeCluster, loaded_on: Loaded, warehouse: Path
) -> Cluster:
    """A site on these tables after one run."""
    where: Where = request.param
    cluster = make_cluster(where)
    if where == DUCKDB:
        Path(cluster.url.removeprefix("duckdb:///")).write_bytes(warehouse.read_bytes())
    else:
        loaded_on(where.fixture, warehouse, "oddrows")
        cluster.database = "oddrows"
    cluster.configure(database=cluster.database, required_sources="billable")
    cluster.merge(DATE).explained(0, "rows have an invalid invoice_date")
    return cluster


def test_the_rows_that_no_month_holds_are_counted_and_summed(ran: Cluster) -> None:
    told: list[dict[str, Any]] = ran.read_marker(DATE, "MergeMain")["odd_rows"]
    expected = reference.odd_rows(made())
    assert set(expected) == {"billable", "overage", "register", "rate", "mapping"}
    assert {one["source"]: (one["rows"], one["amounts"]) for one in told} == {
        role: (odd.rows, {currency: f"{amount:f}" for currency, amount in odd.amounts.items()})
        for role, odd in expected.items()
    }
    assert [one["example"] for one in told if is_month(one["example"])] == []


def test_the_mapping_rows_that_are_used_are_those_of_the_reference(ran: Cluster) -> None:
    rows = [row.texts() for row in reference.build(made(), [MONTH], 1)]
    expected = sorted((row["month_year"], *(row[name] for name in COLUMNS)) for row in rows)
    assert ran.rows(*months_of(DATE)) == expected
    unmapped = sum(row["contract_offer_group"] == "UNMAPPED" for row in rows)
    assert 0 < unmapped < len(rows) == len(DATES) ** 2


def test_the_check_before_the_run_says_the_same(ran: Cluster) -> None:
    answer = ran.ciss("check", "--date", DATE)
    told = ran.read_marker(DATE, "MergeMain")["odd_rows"]
    assert len(told) == len(reference.odd_rows(made()))
    for one in told:
        assert f"{one['table']}: {one['rows']} row" in answer.text
