"""The invented customers of the sample: who they are, what they have, and what the mapping says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

T = TypeVar("T")
CUSTOMERS = 120
FIRST = 1001
_TRADES = {
    "GBP": ("Logistics", "Foods", "Water", "Buses", "Parcels", "Clinics", "Security", "Vending", "Lifts"),
    "EUR": ("Transporte", "Energie", "Wasser", "Frigo", "Taxi", "Santé", "Paquets", "Ascenseurs"),
    "SEK": ("Frakt", "Elnät", "Vatten", "Larm", "Skog", "Hiss"),
    "USD": ("Freight", "Irrigation", "Alarm", "Trucking", "Medical"),
}
_HEADS = ("Alder", "Brack", "Cald", "Dunn", "Elm", "Fenn", "Garth", "Holm", "Ivel", "Kest", "Lark", "Marl")
_TAILS = {
    "GBP": ("moor", "ford", "wick", "ley", "combe", "by"),
    "EUR": ("brück", "feld", "mont", "ville", "au"),
    "SEK": ("vik", "sjö", "näs", "ås"),
    "USD": (" Creek", " Ridge", " Mesa", " Falls"),
}
_FORMS = {"GBP": "Ltd", "EUR": "GmbH", "SEK": "AB", "USD": "Inc."}
_BRANCHES = {
    "GBP": ("Great Britain", "Ireland"),
    "EUR": ("Deutschland", "France"),
    "SEK": ("Sverige",),
    "USD": ("United States",),
}


@dataclass(frozen=True)
class Offer:
    """A tariff: the group it belongs to, its monthly price and its usual number of SIM cards."""

    name: str
    group: str
    price: int
    cards: int


OFFERS = (
    Offer("Fleet tracking 50 MB", "Fleet", 240, 900),
    Offer("Meter reading 5 MB", "Metering", 65, 6000),
    Offer("Connected car 2 GB", "Connected car", 890, 700),
    Offer("Card terminal 20 MB", "Payment", 180, 1100),
    Offer("Alarm line", "Security", 310, 500),
    Offer("Lift telephone", "Security", 420, 260),
)
"""Prices are in hundredths of the customer's currency; a krona is worth a tenth, so it gets a nought."""


@dataclass(frozen=True)
class Contract:
    """One customer's contract for one offer, in one currency."""

    org_id: str
    org_name: str
    business_unit: str
    offer: Offer
    currency: str
    cards: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What charges and mapping know it by."""
        return self.org_id, self.business_unit, self.offer.name


def pick(chance: Random, choices: Sequence[T]) -> T:
    """One of several; ``Random.random`` alone gives the same on every Python."""
    return choices[int(chance.random() * len(choices))]


def contracts() -> list[Contract]:
    """Some 170 contracts of 120 customers; the first customer pays in Swedish kronor."""
    chance = Random(20161122)  # noqa: S311
    return [one for number in range(FIRST, FIRST + CUSTOMERS) for one in _customer(number, chance)]


def _customer(number: int, chance: Random) -> Iterator[Contract]:
    currencies = ("GBP",) * 9 + ("EUR",) * 7 + ("SEK",) * 3 + ("USD",)
    currency = "SEK" if number == FIRST else pick(chance, currencies)
    words = (pick(chance, _HEADS) + pick(chance, _TAILS[currency]), pick(chance, _TRADES[currency]))
    name = " ".join((*words, _FORMS[currency]))
    size = 0.15 + 3 * chance.random() ** 3
    offers = (OFFERS[0], OFFERS[4]) if number == FIRST else _offers(chance)
    for offer in offers:
        cards = max(3, int(offer.cards * size * (0.6 + 0.8 * chance.random())))
        yield Contract(f"C-{number}", name, pick(chance, _BRANCHES[currency]), offer, currency, cards)


def _offers(chance: Random) -> tuple[Offer, ...]:
    first = pick(chance, OFFERS)
    second = pick(chance, OFFERS)
    return (first, second) if second != first and chance.random() < 0.5 else (first,)


MappingRow = tuple[str, str, str, str, str, str, str]
WITHOUT_ROW = "C-1017"
WITHOUT_GROUP = "C-1043"
"""The customers that come out as UNMAPPED: one has no mapping row, the other's has no group."""


def mapping(known: Sequence[Contract]) -> Iterator[MappingRow]:
    """The mapping: a row per contract; a few have more, of which the job must choose one."""
    for index, one in enumerate(known):
        if one.org_id == WITHOUT_ROW:
            continue
        group = "" if one.org_id == WITHOUT_GROUP else one.offer.group

        def row(group: str, start: str, end: str, one: Contract = one) -> MappingRow:
            return one.org_id, one.org_name, one.business_unit, one.offer.name, group, start, end

        yield from _history(row, group, index)


def _history(row: Callable[[str, str, str], MappingRow], group: str, index: int) -> Iterator[MappingRow]:
    """The first contract has every case: ended before, overlapping, not begun, and the wrong way round."""
    if index == 0:
        yield row("Trial", "2015-03-01", "2016-09-30")
        yield row("Fleet Nordic", "2016-10-01", "2016-11-14")
        yield row(group, "2016-11-15", "")
        yield row("Fleet Plus", "2017-01-01", "")
        yield row("Fleet Plus", "2016-12-31", "2016-01-01")
    elif index % 23 == 5:
        yield row("Trial", "2015-01-01", "2016-08-31")
        yield row(group, "2016-09-01", "")
    else:
        yield row(group, "2015-01-01" if index % 3 else "", "")
