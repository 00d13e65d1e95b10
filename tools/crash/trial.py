"""One trial: a scenario, killed again and again, then run undisturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.command import Luigid, Place, Running, luigid, wait_until
from tools.crash.grounds import Ground, Rows
from tools.crash.victim import PRELUDE

WHOM = ("process", "group")
COMMAND_OR_GROUP = ("command", "group")
"""As above, but for a process that is the command itself, whose workers live on."""
AT_RANDOM = "at random, "
LUIGID = "luigid, at a random moment"
LONGEST_SECONDS = 600.0
MINUTE_SECONDS = 60.0
"""How long after a death a command may wait before it ends by itself."""
_SHARE_AT_BOUNDARIES = 0.7


@dataclass(frozen=True)
class Scenario:
    """A command to disturb, and what may happen between two attempts at it."""

    name: str
    arguments: tuple[str, ...]
    boundaries: int = 120
    weight: int = 4
    between: Callable[[Place, random.Random], None] = lambda place, chance: None
    prelude: str = ""
    """What is put before the command; it finds a number for its luck in CRASH_LUCK."""
    is_of_workers: bool = False
    """Whether mostly workers are killed, while the command lives and has to end by itself."""
    is_of_command: bool = False
    """Whether at boundaries it is the command that is killed, or its group, and never a worker alone."""
    under_luigid: bool = False
    """Whether it is luigid that is killed, and started anew without a memory, while the command lives."""


@dataclass
class Outcome:
    """What one trial saw: where the kills fell, and whether main came out right."""

    scenario: str
    kills: list[str] = field(default_factory=list)
    wrong: str = ""


@dataclass(frozen=True)
class Trial:
    """A scenario on some ground, with its own luck."""

    scenario: Scenario
    ground: Ground
    chance: random.Random
    longest_moment: float
    """How many seconds into an attempt a kill may fall: as long as an undisturbed one takes."""

    def run(self, name: str, expected: Rows) -> Outcome:
        """Disturb the scenario, heal it, compare."""
        place = self.ground.place(name)
        outcome = Outcome(self.scenario.name)
        try:
            self._trouble(place, outcome, expected)
        except subprocess.TimeoutExpired as hanging:
            outcome.wrong = f"the command had not ended by itself after {hanging.timeout:.0f} s"
            place.end()
        return outcome

    def _trouble(self, place: Place, outcome: Outcome, expected: Rows) -> None:
        with self._scheduler(place) as daemon:
            for _ in range(self.chance.randint(1, 4)):
                killed = self._disturb(place, daemon)
                if killed is None:
                    break
                outcome.kills.append(killed)
                self.scenario.between(place, self.chance)
            finished = self._start(place, daemon).finish(self._patience)
        if finished.code != 0:
            outcome.wrong = f"the undisturbed run ended with {finished.code}:\n{finished.text}"
        elif self.ground.rows(place) != expected:
            outcome.wrong = "main differs from the undisturbed run's"

    @contextmanager
    def _scheduler(self, place: Place) -> Iterator[Luigid | None]:
        if not self.scenario.under_luigid:
            yield None
            return
        with luigid(place.folder.parent / f"{place.folder.name}-luigid") as daemon:
            yield daemon

    def _start(self, place: Place, daemon: Luigid | None, prelude: str = "", **environment: Any) -> Running:
        options = daemon.options if daemon else ("--local-scheduler",)
        environment["CRASH_LUCK"] = str(self.chance.random())
        prelude = self.scenario.prelude + prelude
        return place.start(*self.scenario.arguments, *options, prelude=prelude, **environment)

    def _disturb(self, place: Place, daemon: Luigid | None) -> str | None:
        """One disturbed attempt; says where the kill fell, or None when the command got through."""
        if daemon:
            return self._kill_luigid(place, daemon)
        if self.chance.random() < _SHARE_AT_BOUNDARIES:
            return self._kill_at_boundary(place)
        return self._kill_at_random(place)

    def _kill_at_boundary(self, place: Place) -> str | None:
        number = self.chance.randint(1, self.scenario.boundaries)
        running, report = self._start_victim(place, number)
        with _ended(running):
            running.finish(self._patience)
        return report.read_text() if report.exists() else None

    @property
    def _patience(self) -> float:
        """How many seconds a command may take, killed or not, before it counts as one that hangs."""
        return min(LONGEST_SECONDS, MINUTE_SECONDS + 10 * self.longest_moment)

    def _start_victim(self, place: Place, boundary: int) -> tuple[Running, Path]:
        """The command that kills itself at a boundary, 0 for none, and where it tells which it passes."""
        report = place.folder.parent / f"{place.folder.name}-kill"
        report.unlink(missing_ok=True)
        environment = {"CRASH_AT": str(boundary), "CRASH_WHOM": self._whom(), "CRASH_FILE": str(report)}
        return self._start(place, None, PRELUDE, **environment), report

    def _whom(self) -> str:
        if self.scenario.is_of_workers:
            return "worker"
        return self.chance.choice(COMMAND_OR_GROUP if self.scenario.is_of_command else WHOM)

    def _kill_at_random(self, place: Place) -> str | None:
        running, report = self._start_victim(place, 0)
        with _ended(running):
            if self._is_over(running):
                return None
            try:
                self._kill(running)
            except ProcessLookupError:
                return None
            running.finish(self._patience)
        passed = report.read_text() if report.exists() else ""
        return AT_RANDOM + (f"last seen {passed}" if passed else "before the first statement")

    def _kill(self, running: Running) -> None:
        workers = running.others()
        if self.scenario.is_of_workers and workers:
            os.kill(self.chance.choice(workers), signal.SIGKILL)
        else:
            self.chance.choice((running.send, running.send_group))(signal.SIGKILL)

    def _kill_luigid(self, place: Place, daemon: Luigid) -> str | None:
        running = self._start(place, daemon)
        with _ended(running):
            if self._is_over(running):
                return None
            daemon.kill()
            running.finish(self._patience)
        daemon.start()
        return LUIGID

    def _is_over(self, running: Running) -> bool:
        """Wait for a random moment; whether the command has ended by then."""
        time.sleep(self.chance.uniform(0.1, self.longest_moment))
        return running.process.poll() is not None


@contextmanager
def _ended(running: Running) -> Iterator[None]:
    """Leave when all of its processes have ended.

    A worker whose parent was killed goes on to the end of its step, and holds its locks until then.
    """
    try:
        yield
        wait_until(lambda: not running.others(), LONGEST_SECONDS)
    finally:
        running.end()


def tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many kills fell where."""
    found: dict[str, int] = {}
    for outcome in outcomes:
        for place in outcome.kills:
            found[place] = found.get(place, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
