"""What must be right about currencies and rates before anything is built (docs/tables.md, "The rules").

The engine says which rates there are and which cannot be used (``rates.sql``). The rules that need both
months and currencies at once are here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ciss_luigi.billing.rundate import Month, is_month
from ciss_luigi.billing.totals import Key, SourceTotals, SummaryTotals, in_digits
from ciss_luigi.counting import counted
from ciss_luigi.plaintext import printable

USD = "USD"
_ONE = Decimal("1.00000000")
_MONTHS_NAMED = 4
_UNUSABLE = "zero, negative, not a number or beyond DECIMAL(18,8)"


@dataclass(frozen=True)
class Rate:
    """What the rate table says of one currency to USD in one month.

    Rates are dollars for one unit of the currency, with 8 decimals.
    """

    lowest: Decimal | None
    """The lowest usable rate; None if there is none. It differs from ``highest`` if there are two rates."""

    highest: Decimal | None
    unusable: int
    """How many rates cannot be used: zero, negative, not a number, or too large."""

    unusable_example: str | None
    """The text of one of them."""


RateMonths = Mapping[str, Iterable[str]]
"""For each currency, the texts in the month column of its rates to USD; some may not be months."""

Rates = Mapping[tuple[str, str], Rate]
"""The rates to USD by month and currency."""


def is_blank(text: str | None) -> bool:
    """Whether a text is NULL, empty, or only spaces U+0020 (docs/tables.md, "The rules")."""
    return text is None or not text.strip(" ")


def choose_rate(
    rates: Rates, month: Month, currency: str, fallback_months: int
) -> tuple[str, Decimal] | None:
    """The rate that converts a currency to USD, as (its month, rate); None if there is none.

    The rate is dollars for one unit of the currency, with 8 decimals (docs/tables.md, "The rules").
    ``fallback_months``: how many months back a rate may be taken from (``rate_fallback_months``).
    """
    if currency == USD:
        return str(month), _ONE
    for back in range(fallback_months + 1):
        earlier = str(month.minus(back))
        rate = rates.get((earlier, currency))
        # A month with unusable rates only is passed over, and of two different rates one is taken: neither is
        # ever published, because rate_faults fails the run for both.
        if rate is not None and rate.highest is not None:
            return earlier, rate.highest
    return None


@dataclass(frozen=True)
class RateChoice:
    """The rate that counts, its month, and the reason in words; month and rate are None if there is none."""

    month: str | None
    rate: Decimal | None
    why: str
    passed_over: tuple[tuple[str, Decimal | None, str], ...] = ()
    """The rates that do not count: month, rate (None if none can be used), and why, in words."""


def explain_rate(rates: Rates, month: Month, currency: str, fallback_months: int) -> RateChoice:
    """What ``choose_rate`` gives, with the reasons in words; no rate where two rates of the month differ.

    Months without any rate are among those passed over, and so is what cannot be used.
    """
    if currency == USD:
        return RateChoice(str(month), _ONE, "the US dollar is 1, whatever the table says")
    chosen = choose_rate(rates, month, currency, fallback_months)
    passed_over: list[tuple[str, Decimal | None, str]] = []
    for back in range(fallback_months + 1):
        earlier = str(month.minus(back))
        known = rates.get((earlier, currency))
        if chosen is None or earlier > chosen[0]:
            why = _unusable(known) or f"the table has no rate of {currency} to {USD}"
            passed_over.append((earlier, None, why))
        elif known is not None:
            passed_over += _beside(earlier, known, is_older=earlier < chosen[0])
    if chosen is None:
        return RateChoice(None, None, "no rate: a run now would fail and name it", tuple(passed_over))
    rate_month, rate = chosen
    if _contradicts(rates[chosen[0], currency]):
        why = f"two different rates for {rate_month}: none counts, and a run now would fail and name them"
        return RateChoice(None, None, why, tuple(passed_over))
    what = "usable rate" if _unusable(rates.get((str(month), currency))) else "rate"
    return RateChoice(rate_month, rate, _why(rate_month, month, fallback_months, what), tuple(passed_over))


def _why(rate_month: str, month: Month, fallback_months: int, what: str) -> str:
    if rate_month == str(month):
        return "the month's own rate"
    newest = "that of" if fallback_months == 1 else f"the newest of the {fallback_months} months before,"
    return f"{month} has no {what}; {newest} {rate_month} counts (rate_fallback_months = {fallback_months})"


def _beside(month: str, known: Rate, *, is_older: bool) -> Iterator[tuple[str, Decimal | None, str]]:
    """What the table holds for a month beside the rate that counts, or, for an older month, all of it."""
    contradicts = _contradicts(known)
    if is_older and known.highest is not None and not contradicts:
        yield month, known.highest, "older: the newest month counts"
    if contradicts:
        for rate in (known.lowest, known.highest):
            yield month, rate, "the month has another rate that differs"
    if known.unusable:
        yield month, None, _unusable(known)


def _contradicts(rate: Rate) -> bool:
    return rate.lowest != rate.highest


def _unusable(rate: Rate | None) -> str:
    """What is wrong with a month's unusable rate; empty if it has none."""
    if rate is None or not rate.unusable:
        return ""
    return f"{printable(str(rate.unusable_example))} cannot be used: {_UNUSABLE}"


def rate_faults(rates: Rates, months: Iterable[str]) -> list[str]:
    """The unusable and contradictory rates of some months, one line each: with one of them no run goes on."""
    wanted = set(months)
    return [
        text
        for (month, currency), rate in sorted(rates.items())
        if month in wanted
        for text in _rate_faults(month, currency, rate)
    ]


def months_used(months: Iterable[Month], fallback_months: int) -> list[Month]:
    """The months whose rates a build of some months may use, in order: these, and their fallback months."""
    return sorted({month.minus(back) for month in months for back in range(fallback_months + 1)})


def faults(
    sources: Mapping[Key, SourceTotals],
    rates: Rates,
    fallback_months: int,
    held: Callable[[], RateMonths] = dict,
) -> list[str]:
    """Everything that forbids a build (docs/tables.md, "The rules"), one line each; empty if nothing does.

    These are blank currencies, missing, contradictory and unusable rates, and numbers that do not fit their
    columns. ``held`` gives the months of all rates; it is called only if a rate is missing, and then once,
    since it costs a statement.
    """
    held = functools.cache(held)
    found = rate_faults(rates, (month for month, _ in rates))
    for month, currency in sorted(sources, key=lambda key: (key[0], key[1] or "")):
        if currency is None or is_blank(currency):
            found.append(f"{month}: a charge has the blank currency {currency!r}")
        elif choose_rate(rates, Month.parse(month), currency, fallback_months) is None:
            found.append(_missing(month, currency, fallback_months, held().get(currency, ())))
    return found + [text for key, source in sources.items() for text in _unfit(key, source)]


def _missing(month: str, currency: str, fallback_months: int, held: Iterable[str]) -> str:
    """The line for a missing rate: where it was looked for, and the nearest rate there is."""
    looked = [str(Month.parse(month).minus(back)) for back in range(fallback_months + 1)]
    if len(looked) > _MONTHS_NAMED:
        place = f"{month} or the {fallback_months} months before"
    else:
        place = " or ".join(filter(None, [", ".join(looked[:-1]), looked[-1]]))
    known = sorted(one for one in held if is_month(one))
    before = [one for one in known if one < month]
    nearest = (
        f"the newest is {before[-1]}" if before else f"the first is {known[0]}" if known else "there is none"
    )
    return f"no {_named(currency)} rate for {place}; {nearest}"


def _named(currency: str) -> str:
    """A currency; in quotes if it holds anything that is hard to see."""
    return currency if re.fullmatch(r"[A-Za-z0-9]+", currency, re.ASCII) else repr(currency)


def _unfit(key: Key, source: SourceTotals) -> list[str]:
    month, currency = key
    return [
        f"{month} {currency!r}: {counted(count, 'number')} of the {role} table would not fit: "
        "an amount is a DECIMAL(18,4), a count a whole number"
        for role, count in source.unfit.items()
    ]


def _rate_faults(month: str, currency: str, rate: Rate) -> list[str]:
    found = []
    if rate.unusable:
        example = printable(str(rate.unusable_example))
        found.append(f"{month}: the rate {currency!r} -> USD is {example}: {_UNUSABLE}")
    if _contradicts(rate):
        found.append(
            f"{month}: two different rates {currency!r} -> USD, "
            f"{in_digits(rate.lowest)} and {in_digits(rate.highest)}"
        )
    return found


def wrong_rates(
    temp: Mapping[Key, SummaryTotals], rates: Rates, months: Sequence[Month], fallback_months: int
) -> list[str]:
    """Where the rates in temp are not those that the rules choose, one line each; empty if all are."""
    found = []
    built = {str(month): month for month in months}
    for (month, currency), row in temp.items():
        if month not in built:
            continue
        right = choose_rate(rates, built[month], currency or "", fallback_months)
        if right is not None and _differs(row, right):
            found.append(
                f"{month} {currency!r}: converted at {_range(row.rates)} of {_range(row.rate_months)}, "
                f"the rules say {in_digits(right[1])} of {right[0]}"
            )
    return found


def _differs(row: SummaryTotals, right: tuple[str, Decimal]) -> bool:
    return row.rate_months != (right[0], right[0]) or row.rates != (right[1], right[1])


def _range(pair: tuple[Decimal | str | None, Decimal | str | None]) -> str:
    return " to ".join(dict.fromkeys(printable(in_digits(value)) for value in pair))
