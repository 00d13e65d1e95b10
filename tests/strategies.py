"""Hypothesis strategies for whole sets of source tables, over all rules of the money.

``valid_tables`` makes sets of which a run must succeed; ``tables`` now and then spoils one of them. Keys,
dates and rates come from small palettes, so that they meet: a mapping row that no charge ever asks for
tests nothing. An amount always fits its own column; whether a sum does is the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st

from tests.reference import CHARGE_ROLES, Cell, SourceRow, SourceTable, Tables, earlier, last_day

Draw = st.DrawFn
Draft = dict[str, list[SourceRow]]

BLANKS: tuple[Cell, ...] = (None, "", " ", "   ")
# Each of these is a key of its own: white space that is no blank, look-alikes, quoting and escapes.
ODD_TEXTS = (
    "UNKNOWN", "UNKNOWN ", "unknown", "UNMAPPED", "A", "a", "A ", " A", "\u00a0", "\u2003", "\u3000", "\t",
    "\n", "a\nb", "a\r\nb", "\x00", "a\x00", "\x7f", "O'Neil", "''", '"quoted"', "back\\slash", "\\", "\\'",
    "100%", "%s", "%(name)s", ":name", "::", "?", "$1", "${HOME}", "{x}", "a,b", "a;b", "-- a", "/* a */",
    "NULL", "\\N", "0", "\u00c4", "A\u0308", "\u00df", "\U0001f642", "\uffff", "\ue000", "\ufeff",
)  # fmt: skip
CURRENCIES = ("GBP", "EUR", "gbp", "GBP ", "USD ", "usd", "\u00a3", "%:'\"\\", "\u00a0", "UNKNOWN")
NO_MONTHS: tuple[Cell, ...] = (None, "", "2016-13", "2016-00", "2016-1", "16-11", "05/11/2016", "x")

MONEY_UNITS = 10**18 - 1  # of 0.0001, in DECIMAL(18,4)
RATE_UNITS = 10**18 - 1  # of 0.00000001, in DECIMAL(18,8)
BIGGEST = 2**63 - 1
SMALLEST = -(2**63)
# Not in any palette: only the rows that mean to reach a limit share these keys.
LIMIT_KEYS = ("limit 1", "limit 2")


class Palette(NamedTuple):
    """What one set of tables draws its rows from."""

    months: tuple[str, ...]
    fallback_months: int
    doubles: bool
    keys: tuple[tuple[Cell, ...], ...]
    currencies: tuple[str, ...]

    def reach(self, month: str) -> set[str]:
        """The months that a rate of this month may come from."""
        return {earlier(month, back) for back in range(self.fallback_months + 1)}

    @property
    def usable(self) -> tuple[str, ...]:
        """The months whose rates the run could use."""
        return tuple(sorted(set().union(*map(self.reach, self.months))))


def texts() -> st.SearchStrategy[Cell]:
    """Text as a key, a name or a group may be: blank, odd, or anything that UTF-8 can say."""
    anything = st.text(st.characters(codec="utf-8"), max_size=4)
    return st.one_of(
        st.sampled_from(BLANKS), st.sampled_from(ODD_TEXTS), st.sampled_from(ODD_TEXTS), anything
    )


def money(units: int) -> str:
    """So many ten-thousandths as the text of a DECIMAL(18,4)."""
    return f"{Decimal(units).scaleb(-4):f}"


def rate_text(units: int) -> str:
    """So many hundred-millionths as the text of a DECIMAL(18,8)."""
    return f"{Decimal(units).scaleb(-8):f}"


def amounts() -> st.SearchStrategy[Cell]:
    """NULL, credits, half cents, four decimals; so small that no few of them reach a limit."""
    return st.one_of(
        st.none(),
        st.integers(-30, 30).map(money),
        st.integers(-2_000_000, 2_000_000).map(money),
        st.integers(-(10**13), 10**13).map(money),
        st.sampled_from(("0", "-0.0000", "12.5", "-12.50", "0.005", "-0.0050", "19.99", "7")),
    )


def counts() -> st.SearchStrategy[Cell]:
    """NULL, none, some, and corrections below zero."""
    return st.one_of(
        st.none(), st.sampled_from(("0", "1", "-1", str(10**18))), st.integers(-99, 999).map(str)
    )


def good_rates(doubles: bool = False) -> st.SearchStrategy[str]:
    """Rates that put products on and beside the half of the fourth decimal, and any below 200.

    As doubles, also such as have more decimals than count, with a 5 in the ninth.
    """
    telling = (
        "0.50000000",
        "1.50000000",
        "0.00005000",
        "2.50000000",
        "0.12500000",
        "0.00000001",
        "1.23456789",
    )
    if doubles:
        odd = st.sampled_from(
            ("335.397005355", "5e-09", "1.000000001", "1.0", "0.1", "0.5", "1.5", "0.000012345")
        )
        return st.one_of(odd, st.floats(5e-9, 200, allow_nan=False).map(repr))
    halving = st.sampled_from(telling)
    return st.one_of(halving, halving, st.integers(1, 200 * 10**8).map(rate_text))


def bad_rates(doubles: bool = False) -> st.SearchStrategy[str]:
    """Rates that are zero or below; as doubles, also such as are no number, or too large or small."""
    if doubles:
        return st.sampled_from(
            ("nan", "inf", "-inf", "0.0", "-0.0", "-1.5", "4.9e-09", "1e-300", "1e10", "1e+300")
        )
    return st.sampled_from((0, -1, -(10**8), -RATE_UNITS)).map(rate_text)


def any_rates(doubles: bool = False) -> st.SearchStrategy[Cell]:
    """What may stand where no run looks."""
    return st.one_of(st.none(), bad_rates(doubles), good_rates(doubles), st.just(rate_text(RATE_UNITS)))


# ------------------------------------------------------------------------------------- valid sets


@st.composite
def valid_tables(
    draw: Draw, months: Sequence[str], fallback_months: int = 1, doubles: bool = False
) -> Tables:
    """Six tables of which these months can be built, whatever else stands in them.

    ``doubles`` writes the rates as a DOUBLE column has them, not as DECIMAL(18,8).
    """
    return _tables(_valid(draw, draw(_palettes(months, fallback_months, doubles))))


@st.composite
def _palettes(draw: Draw, months: Sequence[str], fallback_months: int, doubles: bool) -> Palette:
    key = st.tuples(texts(), texts(), texts())
    keys = draw(st.lists(key, min_size=1, max_size=3))
    parts = [st.sampled_from([key[place] for key in keys]) for place in range(3)]
    keys += draw(st.lists(st.tuples(*parts), max_size=2))
    currencies = draw(st.lists(st.sampled_from(CURRENCIES), max_size=3, unique=True))
    return Palette(tuple(months), fallback_months, doubles, tuple(keys), ("USD", *currencies))


def _valid(draw: Draw, palette: Palette) -> Draft:
    draft: Draft = {role: draw(st.lists(_charges(role, palette), max_size=5)) for role in CHARGE_ROLES}
    draft["rate"] = draw(_rates(palette)) + draw(st.lists(_idle_rates(palette), max_size=4))
    draft["mapping"] = draw(st.lists(_mappings(palette), max_size=8))
    if draw(st.integers(0, 3)) == 0:
        _reach_limits(draw, draft, palette)
    return {role: draw(st.permutations(rows)) for role, rows in draft.items()}


def _tables(draft: Draft) -> Tables:
    return Tables(**{role: list(rows) for role, rows in draft.items()})


@st.composite
def _charges(draw: Draw, role: str, palette: Palette) -> SourceRow:
    """A row of a built month in four of five; the others must not matter, so their currency is anything."""
    month: Cell = draw(st.sampled_from(palette.months))
    currency: Cell = draw(st.sampled_from(palette.currencies))
    if draw(st.integers(0, 4)) == 0:
        month = draw(st.sampled_from(_other_months(role, palette)))
        currency = draw(st.sampled_from((*BLANKS, *CURRENCIES, "USD", "ZZZ")))
    key = draw(st.sampled_from(palette.keys))
    return charge(
        role, month, key, currency, draw(amounts()), count=draw(counts()), date=draw(_dates_in(role, month))
    )


def _other_months(role: str, palette: Palette) -> tuple[Cell, ...]:
    """Months beside those built, and what is not a month.

    A partition is compared whole; a register's date is not, so there the month with a space is a month built.
    """
    first = palette.months[0]
    around = (earlier(first, 1), earlier(first, 2), "2009-01", "9999-12")
    longer = () if role == "register" else (f"{first} ", f"{first}-01")
    return tuple(month for month in (*around, *longer, *NO_MONTHS) if month not in palette.months)


def _dates_in(role: str, month: Cell) -> st.SearchStrategy[Cell]:
    """Dates whose first 7 characters are the month; elsewhere a date is only a text that stands there."""
    if role != "register":
        return st.one_of(st.none(), st.sampled_from(("2016-11-05", "05/11/2016", "it's")))
    if month is None or month in NO_MONTHS:
        return st.just(month)
    return st.sampled_from(("-01", "-15", "-31", "", "-", "-05 23:59", "x")).map(
        lambda rest: f"{month}{rest}"
    )


def charge(
    role: str,
    month: Cell,
    key: Sequence[Cell],
    currency: Cell,
    amount: Cell,
    *,
    count: Cell = None,
    date: Cell = None,
) -> SourceRow:
    """One row of a charge source, with odd text in the columns that no rule reads."""
    org_id, business_unit, commercial_offer = key
    row = {"org_id": org_id, "business_unit": business_unit, "commercial_offer": commercial_offer}
    row |= {"currency": currency}
    if role == "register":
        when = date if date is not None else month
        return row | {"invoice_no": "C1%", "line_no": None, "invoice_date": when, "amount": amount}
    row |= {"partition_date": month, "charge": amount}
    if role == "billable":
        unread = {"subscription_id": "s'1", "usage_limit": "", "limit_unit": None}
        return row | unread | {"billable_subs": count}
    if role == "service":
        return row | {"service_name": 'n"1', "service_date": date}
    return row | {"usage_date": date}


def rate(month: str, currency: Cell, value: Cell, to: Cell = "USD") -> SourceRow:
    """One row of the rate table."""
    return {"cal_month": month, "from_curr": currency, "to_curr": to, "avg_conv_rate": value}


@st.composite
def _rates(draw: Draw, palette: Palette) -> list[SourceRow]:
    """For every currency one rate, or the same twice, in reach of every month; NULLs beside them."""
    rows: list[SourceRow] = []
    for currency in palette.currencies[1:]:
        has = {month for month in palette.usable if draw(st.booleans())}
        has |= {month for month in palette.months if not has & palette.reach(month)}
        for month in palette.usable:
            if month in has:
                value = draw(good_rates(palette.doubles))
                rows += [rate(month, currency, value)] * draw(st.sampled_from((1, 1, 1, 2, 3)))
            if draw(st.integers(0, 3)) == 0:
                rows.append(rate(month, currency, None))
    return rows


@st.composite
def _idle_rates(draw: Draw, palette: Palette) -> SourceRow:
    """A rate that no run may use: of USD itself, of no currency, to another one, of a month out of reach."""
    value = draw(any_rates(palette.doubles))
    usable = draw(st.sampled_from(palette.usable))
    currency = draw(st.sampled_from((*palette.currencies, *CURRENCIES)))
    out_of_reach = draw(st.sampled_from((earlier(palette.usable[0], 1), "2009-01", "9999-12", f"{usable} ")))
    idle = (
        rate(usable, "USD", value),
        rate(usable, draw(st.sampled_from(BLANKS)), "1.50000000"),
        *(rate(usable, currency, value, to=to) for to in ("GBP", "usd", "USD ", "", None)),
        rate(out_of_reach, currency, value),
        rate(out_of_reach, None, value),
    )
    return draw(st.sampled_from(idle))


@st.composite
def _mappings(draw: Draw, palette: Palette) -> SourceRow:
    """A mapping row of a key in use, mostly, with dates on, just inside and just outside the months."""
    org_id, business_unit, commercial_offer = draw(
        st.one_of(
            st.sampled_from(palette.keys), st.sampled_from(palette.keys), st.tuples(texts(), texts(), texts())
        )
    )
    telling = st.sampled_from(_telling_dates(palette))
    wide = draw(st.booleans())
    start = st.sampled_from((*BLANKS, "0001-01-01", "2000-01-01")) if wide else telling
    end = st.sampled_from((*BLANKS, "9999-12-31", "9999-12-30", "open")) if wide else telling
    # Few groups and names, so that rows tie on everything before them.
    few = st.sampled_from((*BLANKS, "A", "a", "Z", "\ue000", "\U0001f642", "it's 100%\n"))
    return {
        "org_id": org_id,
        "org_name": draw(st.one_of(few, few, texts())),
        "business_unit": business_unit,
        "commercial_offer": commercial_offer,
        "contract_offer_group": draw(st.one_of(few, few, texts())),
        "co_mapping_start_date": draw(start),
        "co_mapping_end_date": draw(end),
    }


def _telling_dates(palette: Palette) -> tuple[Cell, ...]:
    """Dates around the edges of the months, and texts that compare with them as text only."""
    dates: list[Cell] = [*BLANKS, *BLANKS, "9999-12-31", "0001-01-01", "2000-01-01", "open", "-"]
    for month in palette.months:
        dates += [f"{month}-01", f"{month}-15", last_day(month), last_day(earlier(month, 1))]
        dates += [f"{month}-00", f"{month}-32", f"{month}-01 ", f"{month}-15 23:59", month]
        year, number = month.split("-")
        dates += [
            f"01/{number}/{year}",
            f"{year}{number}01",
            f"{month}-1",
            f" {month}-01",
            f"{month}\u0660-01",
        ]
    return tuple(dates)


def _reach_limits(draw: Draw, draft: Draft, palette: Palette) -> None:
    """Sums that fit to the last digit: some at the limit, some that pass beyond it and come back.

    Two keys at the limit in one month: each row fits, and their control total is more than a BIGINT holds.
    """
    month, role = draw(st.sampled_from(palette.months)), draw(st.sampled_from(CHARGE_ROLES))
    sign, back = draw(st.permutations(("", "-")))
    most, least = money(MONEY_UNITS), money(1)
    count, step = draw(st.sampled_from(((BIGGEST, 1), (SMALLEST, -1))))
    for limit in draw(st.sampled_from((LIMIT_KEYS, LIMIT_KEYS[:1]))):
        key, beyond = (limit, None, ""), draw(st.booleans())
        amounts = (sign + most, sign + least, back + least) if beyond else (sign + most,)
        counts = (count, step, -step) if beyond else (count,)
        draft[role] += [charge(role, month, key, "USD", amount, count="0") for amount in amounts]
        draft["billable"] += [charge("billable", month, key, "USD", None, count=str(part)) for part in counts]


# ----------------------------------------------------------------------------------- spoiled sets

Spoiler = Callable[[Draw, Draft, Palette], None]


@st.composite
def tables(draw: Draw, months: Sequence[str], fallback_months: int = 1, doubles: bool = False) -> Tables:
    """Six tables, mostly valid; else with one or two things in them that a run must refuse."""
    palette = draw(_palettes(months, fallback_months, doubles))
    draft = _valid(draw, palette)
    if draw(st.integers(0, 2)) == 0:
        for spoiler in draw(st.lists(st.sampled_from(SPOILERS), min_size=1, max_size=2)):
            spoiler(draw, draft, palette)
    made = _tables(draft)
    emptied = draw(st.sampled_from((*([()] * 12), ("mapping",), ("rate",), CHARGE_ROLES)))
    nothing: SourceTable = ()
    return replace(made, **dict.fromkeys(emptied, nothing))


def _add_charge(draw: Draw, draft: Draft, palette: Palette, currency: Cell) -> None:
    role, month = draw(st.sampled_from(CHARGE_ROLES)), draw(st.sampled_from(palette.months))
    key = draw(st.sampled_from(palette.keys))
    draft[role] = [*draft[role], charge(role, month, key, currency, draw(amounts()), count=draw(counts()))]


def _blank_currency(draw: Draw, draft: Draft, palette: Palette) -> None:
    _add_charge(draw, draft, palette, draw(st.sampled_from(BLANKS)))


def _no_rate(draw: Draw, draft: Draft, palette: Palette) -> None:
    """A currency of which no rate is there, or only a NULL."""
    _add_charge(draw, draft, palette, "ZZZ")
    if draw(st.booleans()):
        draft["rate"] = [*draft["rate"], rate(draw(st.sampled_from(palette.usable)), "ZZZ", None)]


def _lost_rates(draw: Draw, draft: Draft, palette: Palette) -> None:
    """One month's rates go: a fault, unless another month is in reach or nobody needs them."""
    month = draw(st.sampled_from(palette.usable))
    draft["rate"] = [row for row in draft["rate"] if row["cal_month"] != month]


def _bad_rate(draw: Draw, draft: Draft, palette: Palette) -> None:
    """A rate that is none, which the run could use, be it only in a fallback month."""
    _add_rate(draw, draft, palette, draw(bad_rates(palette.doubles)))


def _second_rate(draw: Draw, draft: Draft, palette: Palette) -> None:
    """Two rates that differ by the last digit only, or a third beside those that are there."""
    first = draw(good_rates(palette.doubles))
    second = f"{Decimal(first) + Decimal('0.00000001'):f}"
    _add_rate(draw, draft, palette, first, second)


def _add_rate(draw: Draw, draft: Draft, palette: Palette, *values: str) -> None:
    month, currency = (
        draw(st.sampled_from(palette.usable)),
        draw(st.sampled_from((*palette.currencies[1:], "ZZZ"))),
    )
    draft["rate"] = [*draft["rate"], *(rate(month, currency, value) for value in values)]


def _too_much(draw: Draw, draft: Draft, palette: Palette, roles: Sequence[str], sign: str) -> None:
    """Two amounts that fit, in a sum that does not: of one charge, or only of the total."""
    month = draw(st.sampled_from(palette.months))
    least = draw(st.sampled_from((1, MONEY_UNITS)))
    for role, units in zip(roles, (MONEY_UNITS, least), strict=True):
        row = charge(role, month, ("too much", "", None), "USD", sign + money(units))
        draft[role] = [*draft[role], row]


def _too_much_in_usd(draw: Draw, draft: Draft, palette: Palette) -> None:
    """A total that fits, whose conversion does not where the rate is above 1."""
    month, currency = draw(st.sampled_from(palette.months)), draw(st.sampled_from(palette.currencies))
    row = charge("overage", month, ("too much", "", None), currency, money(MONEY_UNITS))
    draft["overage"] = [*draft["overage"], row]


def _too_many(draw: Draw, draft: Draft, palette: Palette) -> None:
    """Counts that fit, in a sum that would wrap."""
    month = draw(st.sampled_from(palette.months))
    parts = draw(st.sampled_from(((BIGGEST, 1), (SMALLEST, -1), (BIGGEST, BIGGEST), (SMALLEST, SMALLEST))))
    rows = [
        charge("billable", month, ("too many", None, " "), "USD", None, count=str(part)) for part in parts
    ]
    draft["billable"] = [*draft["billable"], *rows]


SPOILERS: tuple[Spoiler, ...] = (
    _blank_currency,
    _no_rate,
    _lost_rates,
    _bad_rate,
    _second_rate,
    partial(_too_much, roles=("billable", "billable"), sign=""),
    partial(_too_much, roles=("register", "service"), sign="-"),
    _too_much_in_usd,
    _too_many,
)
