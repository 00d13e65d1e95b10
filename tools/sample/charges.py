"""The charges of the sample, each with the morning on which it is in the warehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tools.sample.customers import CUSTOMERS, FIRST, Contract, pick

FIRST_DAY, LAST_DAY = dt.date(2016, 8, 1), dt.date(2016, 11, 30)
DAY = dt.timedelta(days=1)
_SERVICES = ("SIM cards delivered", "Installation", "Private network, setup", "Support on site", "Static IP")
_GROWING = f"C-{FIRST + 8}"
LATE = dt.date(2016, 11, 4)
"""The morning on which a partner network's roaming charges for October arrive at last."""


@dataclass(frozen=True)
class Charge:
    """One row of a charge source, as cells of its CSV file."""

    role: str
    arrives: dt.date
    cells: tuple[str, ...]


def charges(known: Sequence[Contract]) -> Iterator[Charge]:
    """All charges of the sample, in the order of their days."""
    chance = Random(4711)  # noqa: S311
    numbers = iter(range(700001, 800000))
    day = FIRST_DAY
    while day <= LAST_DAY:
        for one in known:
            if day.day == 1:
                yield _subscription(one, day)
            yield from _of_a_day(one, day, chance, numbers)
        if day.day == 9:
            yield _nobodys(day, chance)
        day += DAY
    yield from _late(known)


def _money(hundredths: float) -> str:
    return f"{int(hundredths) / 100:.2f}"


def _price(one: Contract) -> int:
    return one.offer.price * (10 if one.currency == "SEK" else 1)


def _subscription(one: Contract, day: dt.date) -> Charge:
    """A month's subscriptions: their number drifts, and one customer's doubles in November."""
    months = day.month - FIRST_DAY.month
    drift = (sum(one.org_id.encode()) % 7 - 2) / 100
    cards = int(one.cards * (1 + drift * months))
    if one.org_id == _GROWING and day.month == LAST_DAY.month:
        cards *= 2
    cells = (f"{day:%Y-%m}", *one.key, f"S{one.org_id[2:]}-{one.offer.price}", one.currency)
    limit = str(one.offer.price * 5)
    return Charge("billable", day, (*cells, str(cards), _money(cards * _price(one)), limit, "MB"))


def _of_a_day(one: Contract, day: dt.date, chance: Random, numbers: Iterator[int]) -> Iterator[Charge]:
    """Usage beyond the limit, services and invoice lines: each now and then, here the next morning."""
    worth = one.cards * _price(one)
    month, heavy = f"{day:%Y-%m}", sum(one.org_name.encode()) % 4 == 0
    if chance.random() < (0.16 if heavy else 0.012):
        amount = _money(worth * (0.004 + 0.02 * chance.random()))
        yield Charge("overage", day + DAY, (month, *one.key, str(day), one.currency, amount))
    if chance.random() < 0.011:
        cells = (month, *one.key, pick(chance, _SERVICES), str(day), one.currency)
        amount = _money(2000 + worth * 0.05 * chance.random())
        yield Charge("service", day + DAY, (*cells, amount))
    if chance.random() < 0.017:
        sign = -1 if chance.random() < 0.12 else 1
        cells = (str(next(numbers)), "1", str(day), *one.key, one.currency)
        amount = _money(sign * worth * (0.01 + 0.1 * chance.random()))
        yield Charge("register", day + DAY, (*cells, amount))


def _nobodys(day: dt.date, chance: Random) -> Charge:
    """A charge that names no customer: UNKNOWN, whatever it is for."""
    amount = _money(9000 + 40000 * chance.random())
    cells = (f"{day:%Y-%m}", "", "Great Britain", "", "Support on site", str(day), "GBP", amount)
    return Charge("service", day + DAY, cells)


def _late(known: Sequence[Contract]) -> Iterator[Charge]:
    """Usage of the last days of October that arrives on 4 November."""
    abroad = [one for one in known if int(one.org_id[2:]) % (CUSTOMERS // 8) == 0]
    for number, one in enumerate(abroad):
        day = dt.date(2016, 10, 25) + DAY * (number % 6)
        amount = _money(one.cards * _price(one) * 0.6)
        yield Charge("overage", LATE, ("2016-10", *one.key, str(day), one.currency, amount))
