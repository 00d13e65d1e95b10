"""Every number that the operator's verbs show, compared between DuckDB, Hive and Spark.

``check``, ``status``, ``verify``, ``explain``, ``compare`` and ``report``.

The data are generated: keys without a mapping, blank keys, rows of no month, mapping rows that no date can be
read from, several currencies.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.billing.rundate import Month
from ciss_luigi.billing.schema import SUMMARY_COLUMNS
from ciss_luigi.operator import report, reportfigures
from tests.engines.backends import DuckFile
from tests.engines.cluster import DUCKDB, HIVE, HIVE_TRANSACTIONAL, SPARK, SPARK_ANSI, Cluster, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import Loaded, MakeCluster
from tests.reference import COLUMNS
from tests.sample import TYPES

pytestmark = [pytest.mark.slow]

DATABASE = "generated"
MOVED = "whether the sources have changed"
ONE, TWO = "2016-11-22", "2016-12-03"
MONTHS = ("2016-10", "2016-11", "2016-12")
KEYS = [
    (org, unit, offer)
    for org in ("A", "a", "B ", "", None)
    for unit in ("u", " ", "\u00e9")
    for offer in ("x", "Y")
]
CURRENCIES = ("USD", "GBP", "EUR")


def rows(table: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Rows of one table as columns; what is not given is NULL."""
    if table == "gbs_curr_avgconv_rate":
        for month in MONTHS:
            for currency, rate in (("GBP", "1.24300000"), ("EUR", "1.10000005")):
                yield {"cal_month": month, "from_curr": currency, "to_curr": "USD", "avg_conv_rate": rate}
        return
    if table == "bl_cust_bu_co_cogrp_mapping":
        for key in dice.sample(KEYS, len(KEYS) // 2):
            for _ in range(dice.randrange(1, 3)):
                start, end = dice.choice(DATES), dice.choice(DATES)
                yield {**keyed(key), "org_name": "n", "contract_offer_group": dice.choice(("g", "", None)),
                       "co_mapping_start_date": start, "co_mapping_end_date": end}  # fmt: skip
        return
    month_column = "invoice_date" if "invoice_date" in COLUMNS[table] else "partition_date"
    amount = "amount" if "amount" in COLUMNS[table] else "charge"
    for number in range(120):
        month = dice.choice((*MONTHS, *MONTHS, "2016-13", "05/11/20"))
        value = f"{dice.randrange(-9_000_000, 9_000_000) / 10_000:.4f}" if number % 9 else None
        row = {**keyed(dice.choice(KEYS)), "currency": dice.choice(CURRENCIES), amount: value}
        row[month_column] = f"{month}-05" if month_column == "invoice_date" else month
        if "billable_subs" in COLUMNS[table]:
            row["billable_subs"] = dice.choice((None, 1, 7))
        yield row


DATES = ("2016-11-01", "2016-12-31", "2016-11-15 10:00:00", "", None, "   ", "31/12/2016", "2016-10-01")


def keyed(key: tuple[str | None, ...]) -> dict[str, Any]:
    return dict(zip(("org_id", "business_unit", "commercial_offer"), key, strict=True))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated tables in a DuckDB file."""
    import duckdb

    path, dice = tmp_path_factory.mktemp("generated") / "generated.duckdb", random.Random(4)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA mnaas")
        for table, columns in COLUMNS.items():
            listed = ", ".join(f"{name} {TYPES.get(name, 'VARCHAR')}" for name in columns)
            connection.execute(f"CREATE TABLE mnaas.{table} ({listed})")
            marks = ", ".join("?" * len(columns))
            values = [[row.get(name) for name in columns] for row in rows(table, dice)]
            connection.executemany(f"INSERT INTO mnaas.{table} VALUES ({marks})", values)
    return path


def told(cluster: Cluster) -> dict[str, Any]:
    """What the verbs say after a run of each date, without what differs by site and run."""
    answers: dict[str, Any] = {}
    for date in (ONE, TWO):
        cluster.merge(date).explained(0)
        checked = json.loads(cluster.ciss("check", "--date", date, "--json").expect(0).text)
        answers[f"check {date}"] = [
            (one["group"], one["text"])
            for one in checked["findings"]
            if one["group"] == "sources" or one["group"].startswith("run of")
        ]
        verified = cluster.ciss("verify", "--date", date).expect(0).text
        answers[f"verify {date}"] = [one for one in verified.splitlines() if "sources have" not in one]
        answers[f"{MOVED} {date}"] = [one for one in verified.splitlines() if "sources have" in one]
        marker = cluster.read_marker(date, "MergeMain")
        answers[f"marker {date}"] = {key: marker[key] for key in ("months", "odd_rows", "empty_sources")}
    status = json.loads(cluster.ciss("status", "--json", "--from", ONE, "--to", TWO).expect(1, "{").text)
    kept = ("date", "state", "months", "superseded", "left_out", "empty_sources", "odd_rows")
    answers["status"] = [[one.get(key) for key in kept] for one in status["dates"]]
    for customer in ("A", "B ", "UNKNOWN"):
        explained = cluster.ciss("explain", "--org", customer, "--date", TWO, "--json").expect(0).text
        answers[f"explain {customer}"] = json.loads(explained)
    answers["compare"] = compared(cluster)
    answers["report"] = [reported(cluster, month) for month in MONTHS[1:]]
    text = json.dumps(answers, default=str)
    text = text.replace(cluster.main_name, "MAIN").replace(cluster.temp_name, "TEMP")
    text = re.sub(rf"\b{cluster.database}\.", "", text)
    return dict(json.loads(re.sub(r"\d{4}-\d\d-\d\d-\d{8}T\d{6}-[0-9a-f]{8}", "RUN", text)))


def compared(cluster: Cluster) -> dict[str, Any]:
    """What ``ciss compare`` says of main and a copy of it with other figures and without some rows."""
    listed = ", ".join(
        "CASE WHEN org_id = 'A' THEN CAST(total_charge_usd + 1 AS DECIMAL(18,4)) ELSE total_charge_usd END "
        "AS total_charge_usd"
        if column == "total_charge_usd"
        else column
        for column in (*(one.name for one in SUMMARY_COLUMNS), "month_year")
    )
    changed = f"{cluster.main_table}_changed"
    cluster.backend.copied(
        changed, f"SELECT {listed} FROM {cluster.main_table} WHERE commercial_offer <> 'Y'"
    )
    document = json.loads(
        cluster.ciss("compare", "--date", TWO, "--with", changed, "--json").expect(1, "{").text
    )
    assert document["in_common"]
    assert document["samples"]
    kept = ("equal", "months", "rows", "columns", "in_common", "samples")
    return {key: document[key] for key in kept}


def reported(cluster: Cluster, month: str) -> list[str]:
    """The figures of a month's report."""
    facts = report.gather(cluster.site(), Month.parse(month))
    currencies = reportfigures.currencies(facts.rows)
    unmapped = sorted(map(str, reportfigures.unmapped(facts.rows)))
    assert facts.rows
    assert unmapped
    return [
        str(reportfigures.total_usd(facts.rows)),
        *map(str, reportfigures.customers(facts)),
        *map(str, sorted(currencies, key=lambda one: one.currency)),
        *map(str, reportfigures.controls(facts, sorted(currencies, key=lambda one: one.currency))),
        *unmapped,
    ]


@pytest.fixture(scope="module")
def by_duckdb(make_cluster: MakeCluster, generated: Path) -> dict[str, Any]:
    """What is told on DuckDB."""
    cluster = make_cluster(DUCKDB)
    assert isinstance(cluster.backend, DuckFile)
    cluster.backend.file.write_bytes(generated.read_bytes())
    return told(cluster)


def test_the_data_have_what_is_to_be_compared(by_duckdb: dict[str, Any]) -> None:
    words = json.dumps(by_duckdb)
    unmapped = re.findall(r"(\d+) of (\d+) keys have no mapping row", words)
    assert unmapped
    assert all(0 < int(some) < int(all_of_them) for some, all_of_them in unmapped)
    for column in ("partition_date", "invoice_date", "co_mapping_start_date or co_mapping_end_date"):
        assert f"an invalid {column}" in words


@pytest.mark.parametrize(
    "where", engine_params(HIVE, HIVE_TRANSACTIONAL, SPARK_ANSI, SPARK, long=[HIVE_TRANSACTIONAL, SPARK])
)
def test_a_server_tells_the_same_numbers_as_duckdb(
    make_cluster: MakeCluster, loaded_on: Loaded, generated: Path, by_duckdb: dict[str, Any], where: Where
) -> None:
    loaded_on(where.fixture, generated, DATABASE)
    cluster = make_cluster(where)
    cluster.database = DATABASE
    cluster.configure(database=DATABASE)

    for what, answer in told(cluster).items():
        if where == HIVE and what.startswith(MOVED):
            (line,) = answer
            assert "Too many counters: 121 max=120; Tez counts at most tez.counters.max" in line
        else:
            assert answer == by_duckdb[what], what
