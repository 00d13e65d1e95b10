"""``ciss explain``: how a customer's figure came about, for people who do not read SQL."""

from __future__ import annotations

import click

from ciss_luigi import commands, site
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.cli import explaintext
from ciss_luigi.cli.options import DATE, MONTH
from ciss_luigi.cli.output import say, say_json
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.errors import Refused
from ciss_luigi.operator import explain as explanations
from ciss_luigi.operator.explainjson import document
from ciss_luigi.operator.firstdate import first_date
from ciss_luigi.queries.customer import Customer
from ciss_luigi.site import Site


@click.command("explain", epilog="\b\nExample: ciss explain --org C-1001 --month 2016-11")
@click.option("--org", required=True, help="The customer: an org_id, letter for letter. UNKNOWN is one, too.")
@click.option("--month", type=MONTH, help="The month. Without it: the newest that a run has merged.")
@click.option("--date", type=DATE, help="Instead of a month: the months in scope of this run date.")
@click.option("--unit", help="Only this business_unit.")
@click.option("--offer", help="Only this commercial_offer.")
@click.option("--currency", help="Only this currency.")
@click.option(
    "--all", "everything", is_flag=True, help="Show every source row, not the 20 largest of a kind."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
def command(
    *,
    org: str,
    month: Month | None,
    date: RunDate | None,
    unit: str | None,
    offer: str | None,
    currency: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Show how a customer's figure came about.

    For each of the customer's rows in main: the source rows of each kind of charge and their sum; the rate
    with its month; the mapping row that gave the offer group, those that do not count, and the rule that
    decided; the arithmetic to the last digit. The sources are read as they are now; if main says something
    else, both sides are shown. Writes nothing.

    Exit code 0 also when main differs; 1 for a customer that main does not hold, with the nearest spellings.

    \b
    --json: format, months, rows: month, org_id, business_unit,
    commercial_offer, currency, charges by kind (sum, rows, source_rows),
    rate (rate, rate_month, why, passed_over), mapping (chosen, why,
    passed_over), arithmetic, now (agrees, next_run_fails, rate_faults,
    as_of_date, run_id, differences).
    Amounts are strings.
    """
    if month is not None and date is not None:
        raise click.UsageError("Give --month or --date, not both.")
    here = site.current()
    customer = Customer(org, unit, offer, currency)
    with waiting("asking the warehouse"):
        found = explanations.explain(here, customer, _months(here, month, date), everything=everything)
    if as_json:
        say_json(document(found))
        return
    for line in explaintext.lines(found):
        say(line)


def _months(here: Site, month: Month | None, date: RunDate | None) -> tuple[Month, ...]:
    if date is not None:
        return date.months_in_scope(here.settings.grace_days)
    found = month or explanations.newest_month(here)
    if found is None:
        raise Refused(
            "no run has merged a month yet",
            state="nothing was changed",
            next_command=commands.merge(first_date(here)),
        )
    return (found,)
