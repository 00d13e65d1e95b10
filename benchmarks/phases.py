"""Where the time of one whole run goes: interpreter and imports, statements by kind, and the rest.

A run that is looked at writes each statement with its time into its log, and each import with its time to
stderr (``python -X importtime``). Both take time themselves: how much is the first answer.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks import processes
from benchmarks.processes import Cost
from benchmarks.results import Answer, UnlikeResults, ratio, share
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.base import BEGIN, COMMIT
from ciss_luigi.operator import plan
from ciss_luigi.operator.stage import RUN_ID
from ciss_luigi.site import Site

KINDS = {
    "looks": ("list_tables", "list_columns", "list_temp", "readiness", "main_rows", "before_merge"),
    "tables made": ("create_tables",),
    "empty": ("empty_temp", "drop_temp"),
    "source totals": ("source_totals",),
    "rates and odd rows": ("rates_and_odd_rows",),
    "build": ("build",),
    "temp's totals": ("temp_totals",),
    "merge": ("merge",),
    "main's totals": ("main_totals",),
    "begin and commit": (BEGIN, COMMIT),
}
"""Kinds of statements, by the names that the job's statements carry."""

LARGEST = 8
"""How many packages are named; the others are told together."""

_BIN = Path(sys.executable).parent
_IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)
_LOG, _IMPORTS, _BARE_IMPORTS = "statements.json", "imports.txt", "bare-imports.txt"
_LOGGING = f"\n[ciss_log]\nfile = {_LOG}\nformat = json\nlevel = DEBUG\n"


class Place(Protocol):
    """An installation, whatever its engine."""

    @property
    def folder(self) -> Path:
        """Where its ``luigi.cfg`` is."""

    @property
    def site(self) -> Site:
        """The installation as its commands see it."""

    def begin_again(self) -> None:
        """No state, no main, no temp."""


@dataclass(frozen=True)
class Profile:
    """Where the seconds of one run went."""

    wall: float
    interpreter: float
    """What an interpreter takes that is given nothing to do."""
    imports: Mapping[str, float]
    """By package, without what every interpreter imports."""
    statements: Mapping[str, float]
    """By kind."""
    steps: float
    """In the steps, beside their statements."""

    def parts(self) -> Iterator[tuple[str, float]]:
        """The parts that make up the whole, with their seconds."""
        yield "interpreter", self.interpreter
        yield "imports", sum(self.imports.values())
        for kind in KINDS:
            yield f"statements: {kind}", self.statements.get(kind, 0.0)
        yield "steps without statements (open, close, locks, markers, ledger)", self.steps
        told = self.interpreter + sum(self.imports.values()) + sum(self.statements.values()) + self.steps
        yield "the rest (Luigi's own, the command's beginning and end)", self.wall - told


def measure(place: Place, date: RunDate, rounds: int, what: str = "whole run") -> list[Answer]:
    """Look at some runs of a date, beside runs that nobody looks at; raises UnlikeResults."""
    place.begin_again()
    kinds = kinds_of(plan.make(place.site, date).sent())
    profiles: list[Profile] = []

    def plain() -> Cost:
        place.begin_again()
        return processes.run([sys.executable, *_words(date)], place.folder)

    def looked_at() -> Cost:
        place.begin_again()
        with _logging(place.folder):
            cost = _importing(_words(date), place.folder, _IMPORTS)
        _importing(["-c", "pass"], place.folder, _BARE_IMPORTS)
        bare = processes.run([sys.executable, "-c", "pass"], place.folder)
        profiles.append(_profile(place.folder, cost, bare, kinds, date))
        return cost

    plain_costs, costs = processes.in_turn([plain, looked_at], rounds)
    return [
        ratio(f"{what}, looked at / not looked at", costs, plain_costs),
        *_answers(what, profiles[-rounds:]),
    ]


def kinds_of(sent: Iterable[str]) -> dict[str, str]:
    """The kind of each statement that a plan sends; raises UnlikeResults where KINDS does not know one."""
    by_name = {name: kind for kind, names in KINDS.items() for name in names}
    kinds = {}
    for text in sent:
        name = getattr(text, "name", str(text))
        if name not in by_name:
            raise UnlikeResults(f"of which kind is {name}? {text}")
        kinds[str(text)] = by_name[name]
    return kinds


def statement_seconds(log: str, kinds: Mapping[str, str], date: RunDate) -> dict[str, float]:
    """The seconds of each kind in a log; raises UnlikeResults for a statement that the plan has not."""
    run_id = re.compile(rf"{date}-\d{{8}}T\d{{6}}-[0-9a-f]{{8}}")
    nanoseconds: Counter[str] = Counter()
    for event in _events(log, "statement"):
        text = run_id.sub(RUN_ID, event["message"])
        if text not in kinds:
            raise UnlikeResults(f"the run sent what its plan does not hold: {text}")
        nanoseconds[kinds[text]] += event["event"]["duration"]
    return {kind: took / 1e9 for kind, took in nanoseconds.items()}


def step_seconds(log: str) -> float:
    """What the steps took beside their statements."""
    steps = sum(event["event"]["duration"] for event in _events(log, "step-end"))
    inside = (event for event in _events(log, "statement") if "step" in event["labels"])
    return float(steps - sum(event["event"]["duration"] for event in inside)) / 1e9


def import_seconds(told: str, bare: str) -> dict[str, float]:
    """The seconds of each package in what ``-X importtime`` told, without what it told of nothing."""
    known = {name for _, name in _IMPORT.findall(bare)}
    microseconds: Counter[str] = Counter()
    for took, name in _IMPORT.findall(told):
        if name not in known:
            microseconds[name.partition(".")[0]] += int(took)
    return {package: took / 1e6 for package, took in microseconds.items()}


def _profile(folder: Path, cost: Cost, bare: Cost, kinds: Mapping[str, str], date: RunDate) -> Profile:
    log, told, nothing = (
        (folder / name).read_text(encoding="utf-8") for name in (_LOG, _IMPORTS, _BARE_IMPORTS)
    )
    return Profile(
        cost.wall,
        bare.wall,
        import_seconds(told, nothing),
        statement_seconds(log, kinds, date),
        step_seconds(log),
    )


def _answers(what: str, profiles: Sequence[Profile]) -> Iterator[Answer]:
    """Every part, and the packages that take longest to import."""
    walls = [one.wall for one in profiles]
    parts = [dict(one.parts()) for one in profiles]
    for name in parts[0]:
        yield share(f"{what}: {name}", [one[name] for one in parts], walls)
    packages = {name for one in profiles for name in one.imports}
    sums = {name: sum(one.imports.get(name, 0.0) for one in profiles) for name in packages}
    named = sorted(sums, key=lambda name: -sums[name])[:LARGEST]
    for name in named:
        yield share(f"{what}: imports: {name}", [one.imports.get(name, 0.0) for one in profiles], walls)
    others = [sum(took for name, took in one.imports.items() if name not in named) for one in profiles]
    yield share(f"{what}: imports: all other packages", others, walls)


def _events(log: str, action: str) -> Iterator[dict[str, Any]]:
    for line in log.splitlines():
        event = json.loads(line)
        if event.get("event", {}).get("action") == action:
            yield event


def _words(date: RunDate) -> list[str]:
    """The literal command, for this interpreter."""
    command = [str(_BIN / "luigi"), "--module", "ciss_luigi", "MergeMain", "--date", str(date)]
    return [*command, "--local-scheduler"]


def _importing(words: Sequence[str], folder: Path, file: str) -> Cost:
    """Run Python with its imports timed; a shell puts what it tells of them into a file."""
    command = shlex.join([sys.executable, "-X", "importtime", *words])
    return processes.run(["/bin/sh", "-c", f"exec {command} 2> {file}"], folder)


@contextmanager
def _logging(folder: Path) -> Iterator[None]:
    """Have the command write its statements into a log, a new one."""
    (folder / _LOG).unlink(missing_ok=True)
    file = folder / "luigi.cfg"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + _LOGGING, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(text, encoding="utf-8")
