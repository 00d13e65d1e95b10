"""The checks made on every row of main, on each engine: small amounts and large, off by their last digit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.queries.statements import Statements
from ciss_luigi.queries.totalsread import read_summary_totals
from ciss_luigi.state.markers import Step
from tests.engines.cluster import DUCKDB, Cluster, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster

MONTH = Month(2016, 11)
LAST_DIGIT = Decimal("0.0001")
CHARGES = (
    "0.0000", "0.0001", "-0.0001", "1234.5678", "-24999.9999",
    "99998.9999", "99999.0000", "-99999.0000", "99999.9999", "24999749999999.9999", "-24999749999999.9999",
)  # fmt: skip
RATES = ("1.00000000", "0.50000000", "0.00000001", "3.99999999", "9.00000000", "12.34567890")
LARGEST = Decimal("99999999999999.9999")


@dataclass(frozen=True)
class Row:
    """A row of main, and how many last digits its total and its dollars are off."""

    charge: Decimal
    rate: Decimal
    others: int
    total_off: int
    usd_off: int

    @property
    def total(self) -> Decimal:
        """What the row says its charges are together."""
        return self.charge * (1 + self.others) + self.total_off * LAST_DIGIT

    @property
    def usd(self) -> Decimal:
        """What the row says they are in dollars."""
        exact = self.total * self.rate
        return exact.quantize(LAST_DIGIT, ROUND_HALF_UP) + self.usd_off * LAST_DIGIT

    @property
    def wrong_usd(self) -> bool:
        """Whether the dollars are more than half a last digit away."""
        return abs(self.total * self.rate - self.usd) > LAST_DIGIT / 2

    def literals(self, currency: str) -> str:
        """The row as main holds it; ``others`` of the other three charges are as large as the first."""
        others = [self.charge if place < self.others else Decimal("0.0000") for place in range(3)]
        texts = ["o", "n", "u", "c", "g", currency]
        numbers = [1, 1, self.charge, *others, self.total]
        return ", ".join(
            [*(f"'{text}'" for text in texts), *(format(number, "f") for number in numbers),
             "'2016-11'", format(self.rate, "f"), format(self.usd, "f"), "'2016-11-22'", "'run'"]
        )  # fmt: skip


def rows() -> Iterator[Row]:
    """Every amount with every rate, right and off by one, as far as they fit their columns."""
    for charge in map(Decimal, CHARGES):
        for place, rate in enumerate(map(Decimal, RATES)):
            for total_off, usd_off in ((0, 0), (1, 0), (0, 1), (0, -1)):
                row = Row(charge, rate, place % 4, total_off, usd_off)
                if abs(row.total) <= LARGEST and abs(row.usd) <= LARGEST:
                    yield row


@pytest.mark.parametrize("where", engine_params())
def test_a_row_off_by_its_last_digit_is_counted(make_cluster: MakeCluster, where: Where) -> None:
    place = make_cluster(where)
    place.ciss("init").expect(0)
    with localcontext(prec=50):
        written = {f"C{number:03}": row for number, row in enumerate(rows())}
        fill_main(place, where, [row.literals(currency) for currency, row in written.items()])
        wrong = {currency: (int(row.total_off != 0), int(row.wrong_usd)) for currency, row in written.items()}

    found = totals_of_main(place)

    assert {currency: one for currency, one in found.items() if one != wrong[currency]} == {}
    assert found.keys() == wrong.keys()
    assert {(1, 0), (0, 1), (0, 0)} <= set(wrong.values())


def fill_main(place: Cluster, where: Where, literals: list[str]) -> None:
    month = f"month_year = '{MONTH}'"
    if where == DUCKDB:
        values = ", ".join(f"({one}, '{MONTH}')" for one in literals)
        place.query(f"INSERT INTO {place.main_table} VALUES {values}")
    else:
        values = ", ".join(f"({one})" for one in literals)
        place.query(f"INSERT INTO {place.main_table} PARTITION ({month}) VALUES {values}")


def totals_of_main(place: Cluster) -> dict[str, tuple[int, int]]:
    """By currency: rows with a wrong sum, rows with wrong dollars."""
    site = place.site()
    engine = site.engine()
    statements = Statements(site.settings, engine.dialect, RunDate.parse("2016-11-22"), Step.MERGE, "run")
    with engine.session() as session:
        found = read_summary_totals(session.query(statements.main_totals([MONTH])))
    return {
        str(currency): (totals.rows_with_wrong_sum, totals.rows_with_wrong_usd)
        for (_, currency), totals in found.items()
    }
