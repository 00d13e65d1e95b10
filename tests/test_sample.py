"""The packaged sample: as its README tells it, and as its generator writes it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tests.reference import COLUMNS, Row, all_charges, build, read_tables
from tests.sample import PACKAGED
from tools.sample import __main__ as generator
from tools.sample.charges import LATE
from tools.sample.customers import WITHOUT_GROUP, WITHOUT_ROW
from tools.sample.nights import NIGHTS

MONTHS = ["2016-08", "2016-09", "2016-10", "2016-11"]
README = (PACKAGED / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """What main holds after a run of every month."""
    return build(read_tables(PACKAGED), MONTHS, 1)


@pytest.mark.parametrize("table", COLUMNS)
def test_each_file_is_what_its_generator_writes_and_its_readme_counts(table: str, tmp_path: Path) -> None:
    generator.write(tmp_path)
    text = (PACKAGED / f"{table}.csv").read_bytes()
    assert text == (tmp_path / f"{table}.csv").read_bytes()
    counted = re.search(rf"`{table}\.csv` \| (\d+) \|", README)
    assert counted is not None
    assert int(counted[1]) == text.count(b"\n") - 1


def test_it_is_small_and_generated() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.glob("*.csv")) < 200_000
    owners = {one.key.org_id for one in all_charges(read_tables(PACKAGED))}
    assert len(owners) > 10
    assert all(re.fullmatch(r"C-1\d{3}|UNKNOWN", owner) for owner in owners)


def test_it_shows_what_the_readme_says(rows: list[Row]) -> None:
    charged = {row.org_id for row in rows} - {"UNKNOWN"}
    contracts = {(row.org_id, row.business_unit, row.commercial_offer) for row in rows} - {
        ("UNKNOWN", "Great Britain", "UNKNOWN")
    }
    assert f"{len(charged)} customers with {len(contracts)} contracts" in README
    assert {row.month_year for row in rows} == set(MONTHS)
    assert {row.currency for row in rows} == {"EUR", "GBP", "SEK", "USD"}
    assert {row.rate_month for row in rows if row.currency == "SEK" and row.month_year == "2016-11"} == {
        "2016-10"
    }
    unmapped = {row.org_id for row in rows if row.contract_offer_group == "UNMAPPED"}
    assert unmapped == {WITHOUT_ROW, WITHOUT_GROUP, "UNKNOWN"}
    assert all(f"`{one}`" in README for one in unmapped)
    assert any(row.total_charge < 0 or row.register_charge < 0 for row in rows), "no credit"


def test_the_first_customer_is_the_one_to_explain(rows: list[Row]) -> None:
    first = min(row.org_id for row in rows)
    assert first == "C-1001"
    assert {row.currency for row in rows if row.org_id == first} == {"SEK"}
    table = [row for row in read_tables(PACKAGED).mapping if row["org_id"] == first]
    assert len([row for row in table if row["commercial_offer"] == "Fleet tracking 50 MB"]) == 5


def test_a_late_charge_moves_the_estimate_of_october(tmp_path: Path) -> None:
    def october(night: str) -> Decimal:
        generator.write(tmp_path, LATE.fromisoformat(night))
        return sum((row.total_charge_usd for row in build(read_tables(tmp_path), ["2016-10"], 1)), Decimal(0))

    before, after = (october(night) for night in (NIGHTS[3], str(LATE)))
    assert str(LATE) in NIGHTS
    assert Decimal("1.005") * before < after < Decimal("1.10") * before
