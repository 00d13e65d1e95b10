"""Whole processes, timed in turn, and what one costs beside another."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Each would give the commands another configuration, or make Python compile our modules at every start.
_NOT_PASSED_ON = ("LUIGI_CONFIG_PATH", "LUIGI_CONFIG_PARSER", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")


class CommandFailed(RuntimeError):
    """A command that was to be timed did not succeed; the text is its last words."""


@dataclass(frozen=True)
class Cost:
    """What one process and its children took: seconds on the wall clock, and seconds of all cores."""

    wall: float
    cpu: float
    peak_mb: float = 0.0
    """The most memory that the process has had at once, in MB of 10^6 bytes."""


@dataclass(frozen=True)
class Spread:
    """Some numbers by their median, least and greatest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up some numbers."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> Cost:
    """Run a command in a folder to its end and say what it cost; raises CommandFailed."""
    environment = {key: value for key, value in os.environ.items() if key not in _NOT_PASSED_ON}
    environment |= variables or {}
    with tempfile.TemporaryFile() as words:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=words, stderr=words)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            words.seek(0)
            told = words.read().decode(errors="replace")[-2000:]
            raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n{told}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def in_turn(contestants: Sequence[Callable[[], Cost]], rounds: int) -> list[list[Cost]]:
    """Time contestants in turn, A B A B, after one round that does not count; the costs of each."""
    for contestant in contestants:
        contestant()
    counted = [[contestant() for contestant in contestants] for _ in range(rounds)]
    return [list(costs) for costs in zip(*counted, strict=True)]
