"""What luigid's page says about a step, in sentences that a manager understands."""

from __future__ import annotations

from decimal import Decimal

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.counting import counted
from ciss_luigi.state.markers import Marker, Step

_DOING = {
    Step.TRUNCATE: "making room for the estimate",
    Step.BUILD: "adding up the charges",
    Step.MERGE: "publishing the estimate",
}


def begun(date: RunDate, step: Step) -> str:
    """What a step is about to do; set at each start, because luigid keeps what an earlier run said."""
    return f"{date}: {_DOING[step]}"


def done(marker: Marker) -> str:
    """What came out: months, rows, US dollars to the cent, unmapped customers, and what was left alone."""
    if marker.step is Step.TRUNCATE:
        return f"{marker.date}: there is room for the estimate"
    parts = [_merged(marker)] if marker.months else []
    parts += [f"{month} left alone, a newer estimate is published" for month in marker.superseded]
    parts += [f"{month} left out, its sources are not there yet" for month in marker.left_out]
    return "; ".join(parts)


def _merged(marker: Marker) -> str:
    names = ", ".join(month.month for month in marker.months)
    if marker.loader == "java":  # their amounts are not known, nor which rows of temp are of which month
        published = marker.step is Step.MERGE
        return f"{names}: {'published' if published else 'built'} by the old job's classes"
    rows = sum(month.rows for month in marker.months)
    dollars = (month.in_usd() or Decimal() for month in marker.months)
    told = f"{names}: {counted(rows, 'row')}, {sum(dollars, Decimal('0.0000')):,.2f} USD"
    unmapped = marker.unmapped_customers
    return f"{told}, {counted(unmapped, 'customer')} unmapped" if unmapped else told
