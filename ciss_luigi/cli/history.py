"""``ciss history``: how the nights went, at a glance."""

from __future__ import annotations

import datetime as dt
import shlex
import shutil
import textwrap
from collections.abc import Iterator
from itertools import groupby

import click

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.options import DATE
from ciss_luigi.cli.output import safe, say_json
from ciss_luigi.counting import counted
from ciss_luigi.errors import gist
from ciss_luigi.operator import history
from ciss_luigi.operator.history import AttemptLine, History, Merged
from ciss_luigi.plaintext import one_line

_COLOURS = {"done": "green", "failed": "red", "stopped": "yellow", "killed": "red", "running": "cyan"}
_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_BEFORE_ERROR, _INDENT = 77, 14
_MINUTE, _HOUR = 60, 3600
_REASONS_SHOWN = 3


@click.command("history", epilog="\b\nExample: ciss history --from 2016-11-01 --to 2016-11-30")
@click.option("--from", "first", type=DATE, help="The first run date. Without it: the first there is.")
@click.option("--to", "last", type=DATE, help="The last run date, inclusive. Without it: the last there is.")
@click.option("--failed", is_flag=True, help="Only what failed, was stopped or killed, also if healed.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def command(first: RunDate | None, last: RunDate | None, failed: bool, as_json: bool) -> None:
    """Show every attempt: date, step, when it began, how long it took and how it ended.

    Below each date is what it merged, and the change to the run before of the same month. The bars
    compare the attempts at one step with the longest of them. At the end stand the commands that ended
    before or between steps, with why. Exit code 0.
    """
    found = history.look(site.current(), first, last, failed=failed)
    if as_json:
        say_json(history.document(found))
    else:
        # one call: thousands of lines on a terminal are slow to print one by one
        lines = [*_table(found), *_beside(found)]
        which = "that failed, was stopped or killed" if failed else "at these dates"
        click.echo("\n".join(lines) or f"nothing: no attempt {which} is known")


def _table(found: History) -> Iterator[str]:
    longest: dict[str, float] = {}
    for line in found.lines:
        longest[line.attempt.step] = max(longest.get(line.attempt.step, 0.0), line.seconds or 0.0)
    columns = shutil.get_terminal_size((160, 24)).columns
    merged = {date: list(months) for date, months in groupby(found.months, key=lambda one: one.date)}
    for date, lines in groupby(found.lines, key=lambda line: line.date):
        shown = str(date)
        for line in lines:
            error = _error(line)
            fits = len(error) <= columns - _BEFORE_ERROR
            yield f"{shown:<10}  {_attempt(line, longest, error if fits else '')}"
            yield from ([] if fits else _below(error, columns))
            shown = ""
        for one in merged.get(date, ()):
            yield f"{'':<10}  {_month(one)}"


def _beside(found: History) -> Iterator[str]:
    """The commands that ended before or between steps, each with its exit code and its reasons."""
    if found.beside:
        yield "commands that ended before or between steps:"
    for one in found.beside:
        how = "killed" if one.exit_code is None else f"exit code {one.exit_code}"
        yield f"  {_moment(one.began_at)}  {how:<12}  luigi {one_line(safe(shlex.join(one.arguments)))}"
        yield from (f"    {one_line(safe(gist(why)))}" for why in one.reasons[:_REASONS_SHOWN])


def _error(line: AttemptLine) -> str:
    attempt = line.attempt
    return one_line(safe(gist(attempt.error))).removeprefix(f"{attempt.step} of {line.date}: ")


def _below(error: str, columns: int) -> Iterator[str]:
    """An error that is too long for its line, in lines of its own."""
    indent = " " * _INDENT
    yield from textwrap.wrap(
        error, max(columns, 3 * _INDENT), initial_indent=indent, subsequent_indent=indent
    )


def _attempt(line: AttemptLine, longest: dict[str, float], error: str) -> str:
    attempt = line.attempt
    bar = _bar(line.seconds or 0.0, longest[attempt.step])
    outcome = click.style(line.outcome, fg=_COLOURS.get(line.outcome)) + " " * (7 - len(line.outcome))
    when = _moment(attempt.started_at)
    step = one_line(attempt.step)
    return f"{step:<12}  {when:<19}  {_took(line.seconds):>8}  {bar}  {outcome}  {error}".rstrip()


def _month(one: Merged) -> str:
    if one.total is None:
        return f"{one_line(one.month)}: {counted(one.rows, 'row')}, amounts not known"
    change = "first run of this month" if one.change is None else f"{one.change:+,.2f} USD"
    return f"{one_line(one.month)}: {counted(one.rows, 'row')}, {one.total:,.2f} USD ({change})"


def _moment(text: str) -> str:
    """A time of the ledger as people read it, in the host's own time."""
    try:
        return f"{dt.datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return one_line(text)[:19]


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), _MINUTE)
    if seconds < _HOUR:
        return f"{minutes}m {left:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def _bar(seconds: float, longest: float) -> str:
    """A bar whose length is this attempt's share of the longest one's time."""
    eighths = round(8 * _BAR * seconds / longest) if longest else 0
    whole, part = divmod(eighths, 8)
    return f"{'█' * whole}{_EIGHTHS[part] if part else ''}".ljust(_BAR)
