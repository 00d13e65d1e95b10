"""How a customer's figure came about: the source rows, the rate, the mapping row, the arithmetic.

The sources are read as they are now; if main says something else, both sides are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Row, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.operator import comingnights
from ciss_luigi.operator.ask import ask, require_own_rows
from ciss_luigi.operator.figures import CustomerSources, Figure, MainRow, figures
from ciss_luigi.queries.customer import Customer, CustomerStatements
from ciss_luigi.queries.statements import Statements
from ciss_luigi.queries.totalsread import read_rates
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step

LARGEST = 20
SPELLINGS = 5


@dataclass(frozen=True)
class Explanation:
    """The figures of one customer in some months, and whose rules made them."""

    customer: Customer
    months: tuple[Month, ...]
    figures: tuple[Figure, ...]
    own_rules: str = field(default="")
    """The site's own ``build.sql``, if it has one: the explanation is about the built-in rules."""
    closed: tuple[Month, ...] = ()
    """The months that no later night builds."""


def explain(site: Site, customer: Customer, months: Sequence[Month], *, everything: bool) -> Explanation:
    """Ask for one customer in some months; for each kind of charge the largest rows, or ``everything``.

    Raises Refused for a customer that main does not hold, EngineUnavailable, StatementFailed.
    """
    require_own_rows(site)

    # the date is only part of the statements' comment, by which they can be found on the server
    date = RunDate.parse(months[-1].first_day)

    def question(engine: Engine, session: Session) -> tuple[Figure, ...]:
        names = Statements(site.settings, engine.dialect, date, "explain")
        asking = CustomerStatements(names, customer, months)
        return _ask(site, session, asking, None if everything else LARGEST)

    with explaining(state="nothing was changed", next_command=commands.check()):
        found = ask(site, question)
    closed = tuple(comingnights.not_covered(site, months))
    return Explanation(customer, tuple(months), found, str(site.settings.sql_dir or ""), closed)


def newest_month(site: Site) -> Month | None:
    """The newest month that a run has merged, by the markers."""
    for date in reversed(site.markers.dates()):
        marker = site.markers.read(date, Step.MERGE)
        if marker is not None and marker.months:
            return Month.parse(max(month.month for month in marker.months))
    return None


def _ask(site: Site, session: Session, asking: CustomerStatements, largest: int | None) -> tuple[Figure, ...]:
    """Six statements, whatever the customer has; three where main does not hold it."""
    names = asking.names
    has_main = site.settings.main_table.lower() in session.tables(names.list_tables(), names.output_tables)
    main = session.query(asking.main()) if has_main else []
    if not main:
        raise _refused(asking, session.query(asking.known()) if has_main else [])
    sources = CustomerSources(
        session.query(asking.sums()),
        session.query(asking.charges(largest)),
        read_rates(session.query(names.rates(asking.months))),
        session.query(asking.mapping()),
        site.settings.rate_fallback_months,
        largest,
    )
    return tuple(figures([MainRow.of(row) for row in main], sources))


def _refused(asking: CustomerStatements, names: Sequence[Row]) -> Refused:
    customer, months = asking.customer, asking.months
    when = " or ".join(map(str, months))
    held = {org_id: name or "" for org_id, name in names}
    narrower = (customer.business_unit, customer.commercial_offer, customer.currency)
    if customer.org_id in held and any(part is not None for part in narrower):
        what = f"main holds {customer.org_id!r} in {when}, but not with this --unit, --offer or --currency"
        following = commands.explain(customer.org_id, months[-1])
    else:
        near = _near(customer.org_id, held)
        what = f"main holds no customer {customer.org_id!r} in {when}"
        what += f"; the nearest are: {', '.join(_named(one, held[one]) for one in near)}" if near else ""
        following = commands.explain(near[0], months[-1]) if near else commands.status()
    return Refused(what, state="nothing was changed", next_command=following)


def _near(wanted: str, held: dict[str, str]) -> list[str]:
    """The nearest ids: equal but for case and spaces; then by a part of the name; then by likeness."""
    folded = wanted.strip().casefold()
    if not folded:
        return []
    alike = [one for one in held if one.strip().casefold() == folded]
    named = sorted(one for one, name in held.items() if folded in name.casefold())
    close = get_close_matches(wanted, held, SPELLINGS, 0.6)
    return list(dict.fromkeys([*alike, *named, *close]))[:SPELLINGS]


def _named(org_id: str, name: str) -> str:
    return f"{org_id} ({name})" if name else org_id
