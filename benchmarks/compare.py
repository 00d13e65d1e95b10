"""What ``ciss compare`` costs beside one full scan of both tables, in the embedded warehouse."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import Cost
from benchmarks.results import Answer, ratio
from benchmarks.scratch import Scratch
from benchmarks.warehouse import DATABASE
from ciss_luigi.billing import schema
from ciss_luigi.queries.statements import MONTH

LIMIT = 3.0
MONTH_COMPARED = "2016-11"
_HUNDREDTH = 100
_LIMITED_FROM = 10_000_000
_MAIN = f"{DATABASE}.customer_invoice_summary_estimated"
_OTHERS = {"alike": 0, "a few thousand rows differ": 4_000, "one row in a hundred differs": _HUNDREDTH}
"""Other tables: of how many rows one differs, or how many do if there are more than a hundred."""


def measure(scratch: Scratch, rows: int, rounds: int) -> list[Answer]:
    """Make a main table of so many rows and some copies of it; compare each, and scan both, in turn."""
    scratch.ask(f"CREATE SCHEMA {DATABASE}", f"CREATE TABLE {_MAIN} AS {_main(rows)}", "SELECT 1")
    answers = []
    for number, (what, share) in enumerate(_OTHERS.items()):
        other = f"{DATABASE}.other{number}"
        scratch.ask(f"CREATE TABLE {other} AS {_other(rows, share)}", "SELECT 1")
        contestants: list[Callable[[], Cost]] = [
            partial(_compare, scratch, other, exit_code=1 if share else 0),
            partial(scratch.bare, [_scan(_MAIN), _scan(other)], "driver"),
        ]
        ours, theirs = processes.in_turn(contestants, rounds)
        # of fewer rows most of the time is the start of the command, which no limit is about
        limit = LIMIT if share != _HUNDREDTH and rows >= _LIMITED_FROM else None
        answers.append(
            ratio(f"ciss compare / scan of both, {rows:,} rows a side, {what}", ours, theirs, limit)
        )
        scratch.ask(f"DROP TABLE {other}", "SELECT 1")
    return answers


def _main(rows: int) -> str:
    values = {
        "org_id": "'ORG-' || i % 40000",
        "org_name": "'Organisation ' || i % 40000",
        "business_unit": "CASE WHEN i % 50 <> 7 THEN 'Unit ' || i % 50 END",
        "commercial_offer": "'Offer ' || i // 40000",
        "contract_offer_group": "'Group ' || i % 300",
        "currency": "(['GBP', 'USD', 'EUR'])[1 + i % 3]",
        "billable_subs": "i % 1000",
        "source_rows": "i % 7",
        "rate_month": f"'{MONTH_COMPARED}'",
        "conversion_rate": "1.25",
        "as_of_date": "'2016-11-22'",
        "run_id": "'benchmark'",
    }
    columns = [
        f"CAST({values.get(column.name, 'i * 7919 % 1000000 / 100.0')} AS {column.type}) AS {column.name}"
        for column in schema.SUMMARY_COLUMNS
    ]
    return f"SELECT {', '.join(columns)}, '{MONTH_COMPARED}' AS {MONTH} FROM range({rows}) numbers(i)"


def _other(rows: int, share: int) -> str:
    every = share if share <= _HUNDREDTH else max(rows // share, 1)
    changed = f"CASE WHEN row_number() OVER () % {every} = 0 THEN 1 ELSE 0 END" if share else "0"
    amount = f"CAST(overage_charge + {changed} AS DECIMAL(18,4)) AS overage_charge"
    return f"SELECT * REPLACE ({amount}) FROM {_MAIN}"


def _scan(table: str) -> str:
    """One full scan: every value of every compared column is looked at."""
    columns = [
        column.name for column in schema.SUMMARY_COLUMNS if column.name not in ("as_of_date", "run_id")
    ]
    return f"SELECT {', '.join(f'MAX({name})' for name in (*columns, MONTH))} FROM {table}"


def _compare(scratch: Scratch, other: str, *, exit_code: int) -> Cost:
    """The literal command; a shell turns the exit code that is right into 0."""
    ciss = shlex.quote(str(Path(sys.executable).with_name("ciss")))
    command = f"{ciss} compare --months {MONTH_COMPARED} --with {other}; test $? = {exit_code}"
    return processes.run(["/bin/sh", "-c", command], scratch.folder)
