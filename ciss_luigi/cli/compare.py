"""``ciss compare``: main against another table."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import Month
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say, say_json
from ciss_luigi.cli.waiting import waiting
from ciss_luigi.exitcodes import NO
from ciss_luigi.operator.answerfile import AnswerFile
from ciss_luigi.operator.compare import KEY, Compared, Request, compare
from ciss_luigi.site import Site
from ciss_luigi.sql.files import NAME

Given = dict[str, object]


def _table(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    database, point, name = value.rpartition(".")
    if not NAME.fullmatch(name) or (point and not NAME.fullmatch(database)):
        raise click.BadParameter(f"{value!r} is not a TABLE or DATABASE.TABLE of plain names")
    return value


def _months(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[Month, ...]:
    try:
        return tuple(sorted({Month.parse(text) for text in _words(value)}))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _names(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_words(value)))


def _renamed(_ctx: click.Context, _param: click.Parameter, value: str | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in _words(value)]
    wrong = next((new + sign + old for new, sign, old in pairs if not (new and sign and old)), "")
    if wrong:
        raise click.BadParameter(f"{wrong!r} is not NEW=OLD")
    return {new.strip().lower(): old.strip() for new, _, old in pairs}


def _tolerance(_ctx: click.Context, _param: click.Parameter, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise click.BadParameter(f"{value!r} is not a number from 0 on, such as 0.01")
    return number


def _words(value: str | None) -> list[str]:
    return [text.strip() for text in (value or "").split(",") if text.strip()]


@click.command(
    "compare",
    epilog="\b\nExample: ciss compare --date 2016-11-22 --with customer_invoice_summary_estimated_temp",
)
@click.option("--date", type=DATE, help="The run date whose months are compared, for example 2016-11-22.")
@click.option("--months", callback=_months, help="Compare these months instead: 2016-10,2016-11.")
@click.option("--with", "table", required=True, callback=_table, metavar="TABLE", help="The other table.")
@click.option("--key", callback=_names, help="The columns that, with the month, identify a row.")
@click.option("--columns", "renamed", callback=_renamed, help="Columns of other names there: new=old,...")
@click.option("--ignore", "ignored", callback=_names, help="Columns that are not compared.")
@click.option("--tolerance", default="0", callback=_tolerance, help="How much a number may differ.")
@click.option("--other-month", default="", help="The other table's month column.")
@click.option(
    "--samples", default=5, type=click.IntRange(0, 1000), help="How many rows of each kind to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer to a page, too."
)
@click.option(
    "--tell",
    is_flag=True,
    help="Tell people by [ciss_alerts] that they differ, once a date, and when that is over.",
)
@click.pass_context
def command(ctx: click.Context, /, *, as_json: bool, html: Path | None, tell: bool, **given: object) -> None:
    """Compare main's months of a date with another table of the same engine, row by row.

    Meant for the old job's table while both jobs run. The engine compares; only a few sample rows leave it.
    NULL equals NULL; run_id and as_of_date are not compared. Types may differ: a text that is a number equals
    that number. Exit code 0 when both hold the same rows within the tolerance, 1 when they differ.
    """
    request = _request(given)
    here = site.current()
    file = AnswerFile.of(html, "--html", here) if html is not None else None
    if tell:
        from ciss_luigi.operator import comparetell

        comparetell.require_channel(here)
    with waiting("comparing in the warehouse"):
        found = compare(here, request)
    if as_json:
        from ciss_luigi.operator.comparejson import to_json

        say_json(to_json(found))
    else:
        from ciss_luigi.cli.comparetext import lines

        for line in lines(found):
            say(line)
    if tell:
        _tell(here, request, found)
    if file is not None:  # after the message: a full disk must not keep drift from those who wait for it
        from ciss_luigi.cli.comparehtml import render

        file.write(render(found))
    if not found.equal:
        ctx.exit(NO)


def _request(given: Given) -> Request:
    if (given["date"] is None) == (not given["months"]):
        raise click.UsageError("give either --date, for example --date 2016-11-22, or --months 2016-11")
    given["key"] = given["key"] or KEY
    return Request(**given)  # type: ignore[arg-type]


def _tell(here: Site, request: Request, found: Compared) -> None:
    from ciss_luigi.cli.comparetext import lines
    from ciss_luigi.operator import comparetell

    words = [line for line in lines(found) if not line.startswith("State: ")]
    for outcome in comparetell.tell(here, request, found, words):
        click.echo(safe(_sent(outcome.channel, outcome.error)), err=True)


def _sent(channel: str, error: str) -> str:
    return f"{channel} did not take the message, which is kept: {error}" if error else f"told: {channel}"
