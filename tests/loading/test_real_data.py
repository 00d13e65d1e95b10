"""The real tables, and what a load leaves alone."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from ciss_luigi.loading import csvrecords, load_folder
from tests.loading.loader import DATABASE, NAMES, Warehouse, rates

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.skipif(not REAL.is_dir(), reason="no real data: ../shared/data is not beside the project")
def test_real_data(fresh: Warehouse) -> None:
    loaded = load_folder(fresh.session, DATABASE, NAMES, REAL)
    expected = {}
    for role, name in NAMES.items():
        with gzip.open(REAL / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            expected[role] = sum(1 for _ in csv.DictReader(file))
    assert {table.role: table.rows for table in loaded} == expected
    assert expected["billable"] == 28_020


def test_the_field_limit_of_the_process_stays(there: Warehouse) -> None:
    before = csv.field_size_limit()
    there.put("rate", rates(f"a,{'b' * 200_000},c,x"))
    assert there.refused().value == "x"
    assert csv.field_size_limit() == before < csvrecords.RECORD_BYTES


def test_importing_needs_no_driver() -> None:
    code = "import ciss_luigi.loading, sys; sys.exit('duckdb' in sys.modules or 'sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
