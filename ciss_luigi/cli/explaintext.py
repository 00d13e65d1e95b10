"""An explanation as text: one block for each of a customer's rows in main."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ciss_luigi.billing.charges import KINDS, Charges, SourceRow
from ciss_luigi.billing.mapping import MappingRow, is_no_date
from ciss_luigi.cli.totalstable import grouped
from ciss_luigi.counting import counted
from ciss_luigi.operator.explain import Explanation
from ciss_luigi.operator.figures import Figure
from ciss_luigi.plaintext import printable

_WIDTH = 76
_LABEL = 12
_HEADS = {
    "subscription": "subscriptions",
    "overage": "usage beyond the limit",
    "service": "services",
    "register": "invoice register",
}


def lines(found: Explanation) -> Iterator[str]:
    """The explanation, line by line."""
    if found.own_rules:
        yield f"The rules in {found.own_rules} replace the built-in ones, which these words are about."
    closed = set(map(str, found.closed))
    for number, figure in enumerate(found.figures):
        yield from ("",) if number else ()
        yield from _figure(found.customer.org_id, figure)
        yield from _now(figure, closed=figure.key.month in closed)


def _figure(org_id: str, figure: Figure) -> Iterator[str]:
    key, main = figure.key, figure.main
    name = str(main.columns["org_name"] or "") if main else figure.mapping.name
    yield _apart(f"{printable(org_id)}  {printable(name)}".strip(), key.month)
    of = main.columns if main else {}
    as_of = printable(f"as of {of['as_of_date']}") if main else "not in main yet"
    yield _apart(printable(f"{key.business_unit} / {key.commercial_offer}"), as_of)
    for kind in KINDS:
        yield from _charges(kind, figure.charges[kind])
    yield ""
    yield _apart("total charge", f"{grouped(figure.total_charge)} {printable(key.currency)}")
    yield from _rate(figure)
    yield from _mapping(figure)


def _charges(kind: str, charges: Charges) -> Iterator[str]:
    if not charges.rows:
        return
    yield ""
    yield _apart(f"{_HEADS[kind]}, {counted(charges.rows, 'row')}", grouped(charges.sum))
    for row in charges.largest:
        yield _apart(f"    {_words(kind, row)}", _amount(row.amount), gap=" ")
    left = charges.rows - len(charges.largest)
    if left:
        yield f"    and {counted(left, 'smaller row')} (--all shows them)"


def _words(kind: str, row: SourceRow) -> str:
    one, two, three = (printable(text or "") for text in row.details)
    if kind == "subscription":
        limit = f", limit {two} {three}".rstrip() if two else ""
        subs = f"  {counted(row.billable_subs, 'subscription')}" if row.billable_subs else ""
        return f"{one or '(no subscription_id)'}{subs}{limit}"
    if kind == "service":
        return f"{two}  {one}".strip()
    return f"{three}  {one} {two}".strip() if kind == "register" else one


def _amount(amount: Decimal | None) -> str:
    return "NULL, counts as 0" if amount is None else grouped(amount)


def _rate(figure: Figure) -> Iterator[str]:
    rate = figure.rate
    currency = printable(figure.key.currency)
    if rate.rate is not None:
        yield from _converted(figure, rate.rate, currency)
    yield _labelled("rate", printable(rate.why))
    for month, other, why in rate.passed_over:
        what = f"{month}: {other:f}: {why}" if other is not None else f"{month}: {why}"
        yield _labelled("", f"not {printable(what)}")


def _converted(figure: Figure, rate: Decimal, currency: str) -> Iterator[str]:
    yield _apart("rate", f"x {rate:f} USD for 1 {currency}, of {figure.rate.month}")
    if figure.product is not None and figure.total_charge_usd is not None:
        yield _apart("exact product", f"{grouped(figure.product.normalize())} USD")
        yield _apart("rounded half away from zero to 4 decimals", f"= {grouped(figure.total_charge_usd)} USD")
    yield ""


def _mapping(figure: Figure) -> Iterator[str]:
    mapping = figure.mapping
    yield _labelled("offer group", printable(mapping.group))
    yield _labelled("", f"{_span(mapping.chosen)}: {mapping.why}" if mapping.chosen else mapping.why)
    for one in mapping.passed_over:
        yield _labelled("", f"not {printable(one.row.group or '(blank)')}, {_span(one.row)}: {one.why}")


def _span(row: MappingRow) -> str:
    start, end = (_date(one) for one in (row.start, row.end))
    return printable(f"{start or 'from the beginning'} to {end or 'no end'}")


def _date(text: str | None) -> str:
    """A date of the mapping; in quotes if it is none, since what is wrong may be a blank."""
    return repr(text) if is_no_date(text) else (text or "").strip()


def _now(figure: Figure, *, closed: bool) -> Iterator[str]:
    if figure.differences:
        yield _labelled("now", "main does not say what the sources say now:")
    else:
        yield _labelled("now", "main says what the sources say now")
    for one in figure.differences:
        yield _labelled("", printable(f"{one.column} is {one.main} in main, {one.sources} by the sources"))
    if figure.next_run_fails:
        yield _labelled("", "a run of the month would fail until the rate table is corrected")
    elif figure.differences:
        later = "no later night builds the month; " if closed else ""
        yield _labelled("", f"{later}the next run of the month takes it up")
    yield from (_labelled("", f"- {printable(one)}") for one in figure.rate_faults)


def _labelled(label: str, words: str) -> str:
    return f"{label:<{_LABEL}} {words}".rstrip()


def _apart(left: str, right: str, *, gap: str = " ") -> str:
    """One text at the left edge of a line and one at the right; a longer line is not broken."""
    return left + gap * max(2, _WIDTH - len(left) - len(right)) + right
