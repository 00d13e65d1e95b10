"""``ciss report``: a month as one page that works offline."""

from __future__ import annotations

from pathlib import Path

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import Month
from ciss_luigi.cli.options import MONTH
from ciss_luigi.cli.output import say
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.counting import counted
from ciss_luigi.operator import report as reports
from ciss_luigi.operator.answerfile import AnswerFile


@click.command("report", epilog="\b\nExample: ciss report --month 2016-11 --out report.html")
@click.option("--month", required=True, type=MONTH, help="The month, for example 2016-11.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; an existing one is replaced.",
)
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
def command(month: Month, out: Path, open_it: bool) -> None:
    """Write a month's report: one HTML file that works offline.

    The month's total, how the estimate moved run by run, who and what moved it, charges by currency
    and kind, rows without offer group or customer, rates, control totals, the runs; and a table of all rows
    to sort, filter, sum and download. Reads main, markers and ledger; changes nothing.

    Exit code 1 for a month that main does not hold.
    """
    from ciss_luigi.cli.htmlreport import page

    here = site.current()
    file = AnswerFile.of(out, "--out", here)
    with waiting("asking the warehouse"):
        found = reports.gather(here, month)
    with waiting("writing the report"):
        file.write(page.render(found))
    say(f"{out}: {month}, {counted(len(found.rows), 'row')}")
    if open_it:
        click.launch(str(out.absolute()))
