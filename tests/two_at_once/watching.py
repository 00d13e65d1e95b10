"""What is put before a command so that it can be held at a step, and so that its writes are seen.

Commands are told apart by their session: a command and its workers share one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

from tests.command import Place, Running, wait_until

HELD = """
import os, time
from pathlib import Path
from ciss_luigi.steps import runner
from ciss_luigi.state.markers import Step

def hold(step):
    original = runner.steps.ACTIONS[step]
    def action(job):
        here = Path(os.environ["HOLD"])
        (here / "begun").touch()
        while here.exists() and not (here / "go").exists():
            time.sleep(0.01)
        return original(job)
    runner.steps.ACTIONS[step] = action

hold(Step(os.environ["HOLD_AT"]))
"""
"""A prelude: a step begins, says so, and waits to be let go."""

WATCHED = """
import json, os, time
from ciss_luigi.engines.duckdb import session as embedded

def watch():
    original = embedded.DuckDbSession._send
    def send(session, statement):
        began = time.time()
        try:
            return original(session, statement)
        finally:
            entry = [os.getsid(0), began, time.time(), statement]
            with open(os.environ["STATEMENTS"], "a") as file:
                file.write(json.dumps(entry) + "\\n")
    embedded.DuckDbSession._send = send

watch()
"""
"""A prelude: every statement goes to a log, with the command that sent it, its begin and its end."""

BARE = """
import datetime as dt, json, os, time
from ciss_luigi.steps import runner
from ciss_luigi.state.markers import Marker, Step
from decimal import Decimal
from ciss_luigi.billing.totals import Amounts, MonthTotals

def note(target):
    began = time.time()
    time.sleep(0.1)
    with open(os.environ["STATEMENTS"], "a") as file:
        file.write(json.dumps([os.getsid(0), began, time.time(), target]) + "\\n")

def step(name):
    def action(job):
        if name is Step.MERGE:
            with job.month_locks(job.months):
                for month in job.months:
                    note(f"main {month}")
        else:
            note(f"temp {job.date}")
        nothing = Amounts(0, *[Decimal("0.0000")] * 6)
        months = tuple(MonthTotals(str(month), 1, 1, {"USD": nothing}) for month in job.months)
        return Marker(name, job.date, "r", dt.datetime.now(dt.UTC), months)
    return action

runner.steps.ACTIONS = {name: step(name) for name in Step}
"""
"""A prelude: steps that write to no engine at all, so that no engine's own locks can help."""


@dataclass(frozen=True)
class Span:
    """From when to when somebody was at something."""

    who: object
    what: str
    began: float
    ended: float


class Hold:
    """What a command needs to be held at a step until it is let go."""

    def __init__(self, place: Place, step: str) -> None:
        self._folder = place.folder.parent / f"{place.folder.name}-{step}"
        self._folder.mkdir()
        self.how: dict[str, Any] = {"prelude": HELD, "HOLD": str(self._folder), "HOLD_AT": step}

    def wait(self, running: Running) -> None:
        """Wait until the step has begun."""
        begun = self._folder / "begun"
        wait_until(lambda: begun.exists() or running.process.poll() is not None)
        assert begun.exists(), running.text

    def let_go(self) -> None:
        """Let the step go on."""
        (self._folder / "go").touch()


def spans(log: Path) -> list[Span]:
    """What a log of statements says, oldest first."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    return sorted((Span(who, what, began, ended) for who, began, ended, what in entries), key=_began)


def overlapping(found: Iterable[Span]) -> list[tuple[Span, Span]]:
    """Two at the same thing at the same time."""
    pairs = combinations(sorted(found, key=_began), 2)
    return [(a, b) for a, b in pairs if a.what == b.what and b.began < a.ended]


def returns(found: Iterable[Span]) -> list[str]:
    """What somebody wrote to, then somebody else, and then the first again."""
    torn = []
    ordered = sorted(found, key=lambda span: (span.what, span.began))
    for what, of_one in groupby(ordered, lambda span: span.what):
        turns = [who for who, _ in groupby(of_one, lambda span: span.who)]
        torn += [what] if len(turns) > len(set(turns)) else []
    return torn


def attempts(place: Place, dates: Sequence[str]) -> list[Span]:
    """The ledger's attempts as spans, each at its date."""
    return [
        Span(attempt.pid, date, _seconds(attempt.started_at), _seconds(attempt.ended_at))
        for date in dates
        for attempt in place.attempts(date)
    ]


def partitions(found: Iterable[Span], table: str, column: str) -> list[Span]:
    """The writes to a table, each at its partition."""
    written = []
    for span in found:
        _, there, rest = span.what.partition(f'DELETE FROM "mnaas"."{table}" WHERE "{column}" = \'')
        if there:
            written.append(Span(span.who, rest.split("'")[0], span.began, span.ended))
    return written


def _began(span: Span) -> float:
    return span.began


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp() if text else float("inf")
