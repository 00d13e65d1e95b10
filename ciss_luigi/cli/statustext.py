"""How ``ciss status`` looks: a calendar first, then what was merged, then what needs attention."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate, span_words, spans
from ciss_luigi.cli import statuslines, totalstable
from ciss_luigi.cli.output import console, moment, one_line, safe
from ciss_luigi.counting import counted
from ciss_luigi.operator.status import DateStatus, Overview, RunState, StepStatus
from ciss_luigi.state.markers import STEPS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

DETAILS_AT_MOST = 10
_LABEL_WIDTH = max(map(len, STEPS)) + 2
_MOST_DAYS = 31
_TWO_MINUTES = 120
_LOOK = {
    # state: sign, the same in ASCII, style
    RunState.DONE: ("✓", "o", "green"),
    RunState.RUNNING: ("▶", ">", "bold cyan"),
    RunState.FAILED: ("✗", "X", "bold red"),
    RunState.STOPPED: ("■", "S", "bold yellow"),
    RunState.KILLED: ("†", "K", "bold red"),
    RunState.UNFINISHED: ("…", "u", "yellow"),
    RunState.MISSING: ("·", ".", "yellow"),
}


def show(found: Overview, state_dir: Path, out: Console | None = None) -> None:
    """Print the status of some dates, on a console of its own or on ``out``."""
    out, dates = out or console(), found.dates
    if not dates and found.not_due:
        out.print(_not_due(found), soft_wrap=True)
        out.print(f"Next:  {commands.status()}", soft_wrap=True)
        return
    if not dates:
        out.print(f"no step of any date has begun yet ({safe(state_dir)} holds none)", soft_wrap=True)
        _show_block(out, statuslines.last_command(found.last_command))
        out.print(f"Next:  {commands.alone()}", soft_wrap=True)
        return
    narrow = out.width < _LABEL_WIDTH + 2 * _MOST_DAYS
    for line in _calendar(dates, ascii_only=out.options.ascii_only, columns=1 if narrow else 2):
        out.print(line, soft_wrap=True)
    if len(dates) > 1 and (totals := list(totalstable.lines(dates))):
        _show_block(out, [*totals, ""])
    out.print(_summary(dates), soft_wrap=True)
    if found.not_due:
        out.print(_not_due(found), soft_wrap=True)
    _show_block(out, statuslines.main(found.main, several=len(dates) > 1))
    _show_block(out, statuslines.last_command(found.last_command))
    missing = [status.date for status in dates if status.state is RunState.MISSING]
    _show_block(out, _moved(found.moved_from, missing))
    for words in _details(dates, moved=bool(found.moved_from)):
        out.print(words, soft_wrap=True)
    if len(dates) == 1:
        totalstable.show(out, dates[0])
        return
    _show_block(out, _remarks(dates))


def _not_due(found: Overview) -> str:
    return f"not yet due, and left out: {', '.join(span_words(found.not_due))}"


def _show_block(out: Console, lines: Iterable[str]) -> None:
    """Print lines, with a blank line before them."""
    block = "\n".join(["", *lines])
    if block:
        out.print(block, soft_wrap=True)


def _calendar(dates: Sequence[DateStatus], *, ascii_only: bool, columns: int) -> Iterator[Text]:
    """One block for each month: a line of days, and a line for each step; a day is ``columns`` wide."""
    from rich.text import Text

    for month, of_month in groupby(dates, key=lambda status: status.date.month):
        by_day = {status.date.date.day: status for status in of_month}
        yield Text(_day_line(month, columns), style="bold")
        for index, step in enumerate(STEPS):
            line = Text(f"{step:<{_LABEL_WIDTH}}")
            states = [
                by_day[day].steps[index].state if day in by_day else None for day in range(1, max(by_day) + 1)
            ]
            for state, days in groupby(states):
                sign, style = _sign(state, ascii_only=ascii_only)
                line.append(f"{sign:<{columns}}" * len(list(days)), style)
            line.rstrip()
            yield line
        yield Text()
    shown = dict.fromkeys(step.state for status in dates for step in status.steps)
    legend = Text()
    for state in _LOOK:
        if state in shown:
            legend.append(*_sign(state, ascii_only=ascii_only)).append(f" {state}   ")
    legend.rstrip()
    yield legend


def _sign(state: RunState | None, *, ascii_only: bool) -> tuple[str, str]:
    if state is None:
        return " ", ""
    sign, plain, style = _LOOK[state]
    return (plain if ascii_only else sign), style


def _day_line(month: Month, columns: int) -> str:
    """The month, and the number of every fifth day."""
    line = f"{month!s:<{_LABEL_WIDTH}}"
    for day in (1, *range(5, 31, 5)):
        line = line.ljust(_LABEL_WIDTH + columns * (day - 1)) + str(day)
    return line


def _summary(dates: Sequence[DateStatus]) -> str:
    counts = {state: sum(status.state is state for status in dates) for state in RunState}
    words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"{counted(len(dates), 'date')}: {words}"


def _details(dates: Sequence[DateStatus], *, moved: bool) -> Iterator[str]:
    """The dates that need attention; the missing ones in one line."""
    missing = [status for status in dates if status.state is RunState.MISSING]
    others = [status for status in dates if not status.is_merged and status.state is not RunState.MISSING]
    if missing:
        yield ""
        yield f"missing: {', '.join(span_words(status.date for status in missing))}"
        again = commands.spans(spans(status.date for status in missing))
        yield f"{'to run them again:' if moved else 'Next:'}  {again}"
    alike = _alike(others)
    for group in alike[-DETAILS_AT_MOST:]:
        yield ""
        yield from _detail(group)
    earlier = sum(map(len, alike[:-DETAILS_AT_MOST]))
    if earlier:
        yield ""
        yield f"and {counted(earlier, 'earlier date')} not merged"


def _moved(places: Sequence[str], missing: Sequence[RunDate]) -> Iterator[str]:
    """The words for dates that only look missing, because their markers are about another warehouse."""
    if places:
        yield f"markers made for {one_line(', '.join(places))} do not count: another place is configured"
        yield "if it has moved, no date has to run again that main proves"
        again = f"; if that has left them as they are: {commands.spans(spans(missing))}" if missing else ""
        yield f"Next:  {commands.adopt()}{again}"


def _alike(dates: Sequence[DateStatus]) -> list[list[DateStatus]]:
    """Dates with the same words, except for the date itself: one block for a range that failed."""
    found: dict[tuple[object, ...], list[DateStatus]] = {}
    for status in dates:
        text = _error(status).replace(str(status.date), "D").replace(str(status.date.month), "M")
        key = (status.state, text) if text and not status.roll_back else (status.date,)
        found.setdefault(key, []).append(status)
    return sorted(found.values(), key=lambda group: group[-1].date)


def _error(status: DateStatus) -> str:
    """The error with which the date last failed or was stopped; "" in any other state."""
    failed = status.state in (RunState.FAILED, RunState.STOPPED)
    return status.last_error.error if failed and status.last_error else ""


def _remarks(dates: Sequence[DateStatus]) -> Iterator[str]:
    """What the dates left alone: a line for each date, or for each span of dates with the same words."""
    for remark, alike in groupby(dates, key=_remark):
        if remark:
            yield from (f"{span}: {one_line(remark)}" for span in span_words(status.date for status in alike))


def _remark(status: DateStatus) -> str:
    proof = status.proof
    if proof is None:
        return ""
    parts = {
        "not published: main has a newer run": proof.superseded,
        "not built: no source rows": proof.left_out,
        "sources without rows": proof.empty_sources,
    }
    lacking = [
        f"{label}: {', '.join(names)}" if label.startswith("sources") else f"{', '.join(names)} {label}"
        for label, names in parts.items()
        if names
    ]
    return "; ".join([*lacking, *map(str, proof.odd_rows)])


def _detail(alike: Sequence[DateStatus]) -> Iterator[str]:
    """The newest of some dates with the same words, and which the others are."""
    status, others = alike[-1], alike[:-1]
    yield f"{status.date} {status.state}: {one_line(_what(status))}"
    text = _error(status).replace("the same command again", commands.merge(status.date))
    for line in safe(text).split("\n") if text else ():
        yield f"    {line}"
    if status.roll_back:
        months = ", ".join(map(str, status.roll_back))
        yield f"    its next run puts main's {months} back to what it published, in place of a newer run"
    if status.state is not RunState.RUNNING and "Next:" not in text:
        yield f"    Next:  {commands.merge(status.date)}"
    if others:
        yield f"    the same: {', '.join(span_words(one.date for one in others))}"


def _how_far(status: DateStatus, step: StepStatus) -> str:
    """The step that runs, how long it has run, and how long it took the last time."""
    if step.attempt is None:
        return str(step.step)
    try:
        began = dt.datetime.fromisoformat(step.attempt.started_at)
        ran = (dt.datetime.now(dt.UTC) - began).total_seconds()
    except (ValueError, TypeError):
        return str(step.step)
    usual = status.usual_seconds
    before = "" if usual is None else f" (the last one took {_for_long(usual)})"
    return f"{step.step} for {_for_long(max(0.0, ran))}{before}"


def _for_long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _TWO_MINUTES else f"{seconds / 60:.0f} min"


def _what(status: DateStatus) -> str:
    """One line: who runs it, or which step ended how, when and where."""
    step = next((one for one in status.steps if one.state is status.state), None)
    if status.state is RunState.RUNNING:
        begun = any(one.state is not RunState.MISSING for one in status.steps)
        doing = f"{_how_far(status, step)}, " if step else "" if begun else "before its first step, "
        return f"{doing}{status.holder}"
    if step is None or step.attempt is None:
        done = [one.step for one in status.steps if one.state is RunState.DONE]
        return f"of its steps only {' and '.join(done)} done"
    attempt = step.attempt
    where = f"on {attempt.host} (pid {attempt.pid})"
    if status.state is RunState.KILLED:
        return f"{step.step} began at {moment(attempt.started_at)} {where} and never ended"
    return f"{step.step} at {moment(attempt.ended_at)} {where}"
