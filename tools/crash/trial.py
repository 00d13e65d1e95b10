"""One trial: a scenario, killed again and again, then run undisturbed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.command import Place, Running, wait_until
from tools.crash.victim import PRELUDE

WHOM = ("process", "group")
_LONGEST_SECONDS = 300.0


@dataclass(frozen=True)
class Scenario:
    """A command to disturb, and what may happen between two attempts at it."""

    name: str
    arguments: tuple[str, ...]
    boundaries: int = 120
    weight: int = 4
    between: Callable[[Place, random.Random], None] = lambda place, chance: None


@dataclass
class Outcome:
    """What one trial saw: where the kills fell, and whether main came out right."""

    scenario: str
    kills: list[str] = field(default_factory=list)
    wrong: str = ""


def run(
    place: Place, scenario: Scenario, rows: Callable[[], object], expected: object, chance: random.Random
) -> Outcome:
    """Disturb a scenario, heal it, compare."""
    outcome = Outcome(scenario.name)
    for _ in range(chance.randint(1, 4)):
        killed = _disturb(place, scenario, chance)
        if killed is None:
            break
        outcome.kills.append(killed)
        scenario.between(place, chance)
    finished = place.luigi(*scenario.arguments, "--local-scheduler")
    if finished.code != 0:
        outcome.wrong = f"the undisturbed run ended with {finished.code}:\n{finished.text}"
    elif rows() != expected:
        outcome.wrong = "main differs from the undisturbed run's"
    return outcome


def _disturb(place: Place, scenario: Scenario, chance: random.Random) -> str | None:
    """One killed attempt; says where the kill fell, or None when the command got through."""
    at_boundary = chance.random() < 0.7  # noqa: PLR2004 - the rest falls at random moments
    report = place.folder.parent / f"{place.folder.name}-kill"
    report.unlink(missing_ok=True)
    running = place.start(
        *scenario.arguments,
        "--local-scheduler",
        prelude=PRELUDE,
        CRASH_AT=str(chance.randint(1, scenario.boundaries)) if at_boundary else "0",
        CRASH_WHOM=chance.choice(WHOM),
        CRASH_FILE=str(report),
    )
    try:
        if not at_boundary:
            return _kill_at_random(running, chance)
        running.finish(_LONGEST_SECONDS)
        _wait_for_orphans(running)
        return report.read_text() if report.exists() else None
    finally:
        running.end()


def _kill_at_random(running: Running, chance: random.Random) -> str | None:
    moment = chance.uniform(0.1, 1.5)
    time.sleep(moment)
    if running.process.poll() is not None:
        return None
    group = chance.random() < 0.5  # noqa: PLR2004
    try:
        (running.send_group if group else running.send)(signal.SIGKILL)
    except ProcessLookupError:
        return None
    running.finish(_LONGEST_SECONDS)
    _wait_for_orphans(running)
    return "at a random moment"


def _wait_for_orphans(running: Running) -> None:
    """A worker whose parent was killed goes on to the end of its step, and holds its locks until then."""
    wait_until(lambda: not running.others(), _LONGEST_SECONDS)


def tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many kills fell where."""
    found: dict[str, int] = {}
    for outcome in outcomes:
        for place in outcome.kills:
            found[place] = found.get(place, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
