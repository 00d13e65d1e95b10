"""``ciss compare`` on every engine: the same answer, whatever types the other table has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.command import Finished
from tests.engines.cluster import DUCKDB, HIVE, IMPALA, SPARK, SPARK_ANSI, Cluster
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster

MONTH = "2016-11"
NEW = (
    ("org_id", "STRING"), ("org_name", "STRING"), ("business_unit", "STRING"), ("commercial_offer", "STRING"),
    ("currency", "STRING"), ("billable_subs", "BIGINT"), ("overage_charge", "DECIMAL(18,4)"),
    ("total_charge_usd", "DECIMAL(18,4)"), ("conversion_rate", "DECIMAL(18,8)"), ("run_id", "STRING"),
    ("month_year", "STRING"),
)  # fmt: skip
OLD = (
    ("org", "VARCHAR(40)"), ("org_name", "STRING"), ("business_unit", "STRING"),
    ("commercial_offer", "STRING"), ("currency", "STRING"), ("billable_subs", "INT"),
    ("overage_charge", "STRING"), ("total_charge_usd", "DOUBLE"), ("conversion_rate", "DECIMAL(10,2)"),
    ("remark", "STRING"), ("bill_month", "STRING"),
)  # fmt: skip
ENGINES = (DUCKDB, HIVE, IMPALA, SPARK_ANSI, SPARK)

Line = Sequence[str | None]


def row(org: str, unit: str | None = "BU", **changed: str | None) -> dict[str, str | None]:
    """A row of the new table, by column."""
    made: dict[str, str | None] = {
        "org_id": org, "org_name": "Org", "business_unit": unit, "commercial_offer": "Offer",
        "currency": "GBP", "billable_subs": "3", "overage_charge": "12.5000", "total_charge_usd": "100.2500",
        "conversion_rate": "1.25000000", "run_id": "new", "month_year": MONTH,
    }  # fmt: skip
    return made | changed


def old(new: dict[str, str | None], **changed: str | None) -> dict[str, str | None]:
    """The same row as the old job writes it."""
    made = {name: value for name, value in new.items() if name not in ("org_id", "run_id", "month_year")}
    return made | {"org": new["org_id"], "remark": "", "bill_month": f"{MONTH}-01"} | changed


def select(columns: Sequence[tuple[str, str]], rows: Sequence[dict[str, str | None]]) -> str:
    """A query that gives rows of a table."""
    lines = []
    for values in rows:
        cells = []
        for name, kind in columns:
            value = values[name]
            literal = "NULL" if value is None else f"'{value}'"
            cells.append(f"CAST({literal} AS {kind}) AS {name}")
        lines.append(f"SELECT {', '.join(cells)}")
    return "\nUNION ALL ".join(lines)


def two_tables(
    cluster: Cluster,
    here: Sequence[dict[str, str | None]],
    there: Sequence[dict[str, str | None]],
    columns: Sequence[tuple[str, str]] = OLD,
) -> None:
    cluster.backend.copied(cluster.main_table, select(NEW, here))
    cluster.backend.copied(f"{cluster.main_table}_old", select(columns, there))


def compared(cluster: Cluster, *options: str, with_: str = "") -> Finished:
    table = with_ or f"{cluster.main_name}_old"
    return cluster.ciss("compare", "--months", MONTH, "--with", table, *options)


def answer(cluster: Cluster, *options: str, code: int = 1, with_: str = "") -> dict[str, Any]:
    done = compared(cluster, "--json", *options, with_=with_)
    assert done.code == code, done.text
    document: dict[str, Any] = json.loads(done.text)
    return document


WAY = ("--columns", "org_id=org", "--other-month", "bill_month")


def unlike_tables() -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
    """The rows of the new table and of the old one: each kind of difference, and rows that are equal."""
    same, empty = row("same"), row("empty", None, overage_charge=None, org_name=None)
    far, near, word = row("far"), row("near"), row("word")
    here = [same, empty, far, near, word, row("here"), row("twice"), row("both"), row("both")]
    there = [
        old(same, overage_charge=" 12.50 "), old(empty), old(far, overage_charge="2.5"),
        old(near, total_charge_usd="100.2504"), old(word, overage_charge="n/a"),
        old(row("there")), old(row("twice")), old(row("twice"), overage_charge="1.25E1"),
        old(row("both")), old(row("both")),
    ]  # fmt: skip
    return here, there


def every_difference_is_counted(found: dict[str, Any]) -> None:
    assert found["rows"] == {
        "here": 9, "there": 10, "only_here": 1, "only_there": 1, "twice_here": 0, "twice_there": 1,
        "differ": 3,
    }  # fmt: skip
    columns = {one.pop("column"): one for one in found["columns"]}
    assert columns == {
        "overage_charge": {
            "rows": 2, "sum_here": "25.00000000", "sum_there": "2.50000000",
            "greatest_difference": "10.00000000",
        },
        "total_charge_usd": {
            "rows": 1, "sum_here": "100.2500", "sum_there": "100.2504", "greatest_difference": "0.0004",
        },
    }  # fmt: skip
    assert {
        "column": "currency",
        "side": None,
        "value": "GBP",
        "rows": 6,
        "of": 6,
        "percent": "100.0",
    } in found["in_common"]


def every_difference_has_its_sample(found: dict[str, Any]) -> None:
    samples = {one["key"]["org_id"]: one for one in found["samples"]}
    assert set(samples) == {"far", "near", "word", "here", "there", "twice"}
    assert samples["word"]["columns"] == {"overage_charge": {"here": "12.50000000", "there": "n/a"}}
    assert samples["near"]["columns"] == {"total_charge_usd": {"here": "100.2500", "there": "100.2504"}}
    assert samples["twice"]["kind"] == "twice"
    assert (samples["twice"]["rows_here"], samples["twice"]["rows_there"]) == (1, 2)


@pytest.mark.parametrize("where", engine_params(*ENGINES, long=(SPARK,)))
def test_every_difference_is_found_whatever_the_types(where: Any, make_cluster: MakeCluster) -> None:
    cluster = make_cluster(where)
    two_tables(cluster, *unlike_tables())

    found = answer(cluster, *WAY)
    every_difference_is_counted(found)
    every_difference_has_its_sample(found)
    assert found["only_in_schema"] == {"here": [], "there": ["remark"]}

    tolerant = answer(cluster, *WAY, "--tolerance", "0.0005", "--ignore", "overage_charge")
    assert tolerant["rows"]["differ"] == 0
    assert tolerant["rows"]["twice_there"] == 1


@pytest.mark.parametrize("where", engine_params(*ENGINES, long=(SPARK,)))
def test_the_same_rows_are_equal_whatever_the_types(where: Any, make_cluster: MakeCluster) -> None:
    cluster = make_cluster(where)
    here = [row("one"), row("one", None), row("two", total_charge_usd=None, billable_subs=None), row("Ünï €")]
    two_tables(cluster, here, [old(one) for one in reversed(here)])
    assert compared(cluster, *WAY).expect(0).text.startswith(f"{MONTH}: {cluster.main_table} and ")
    assert answer(cluster, *WAY, code=0)["equal"] is True
    own = answer(cluster, code=0, with_=cluster.main_table)
    assert own["rows"] == {
        "here": 4, "there": 4, "only_here": 0, "only_there": 0, "twice_here": 0, "twice_there": 0,
        "differ": 0,
    }  # fmt: skip
