"""Spin makes a C program of the model, the compiler a search of that, and the search visits every state."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

MODEL = Path(__file__).parent
GUARDS = tuple(re.findall(r"^#define ([A-Z_]+) 1$", (MODEL / "world.pml").read_text(), re.MULTILINE))
PROMISES = tuple(re.findall(r"^bit ([A-Z]\w+) = 1;$", (MODEL / "promises.pml").read_text(), re.MULTILINE))

_DEBIAN = {"spin": "spin", "gcc": "gcc"}
_MEGABYTES = 2048
_DEPTH = 100_000
_UNFINISHED = re.compile(r"search not completed|depth too small|out of memory", re.IGNORECASE)


@dataclass(frozen=True)
class Search:
    """What a search found: the promise that broke (or ""), after how many steps, and the states visited."""

    broken: str
    steps: int
    states: int


def require() -> None:
    """Skip the test where a program is missing; fail it in CI, where nothing may be."""
    absent = [f"{name} (Debian package {_DEBIAN[name]})" for name in _DEBIAN if not shutil.which(name)]
    if not absent:
        return
    reason = "not installed: " + ", ".join(absent)
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def search(folder: Path, settings: Mapping[str, int], *, only: str = "", speed: str = "-O2") -> Search:
    """Visit every state of the model under some settings, or all until a promise breaks.

    With ``only`` the other promises are not looked at; ``speed`` is the compiler's, and costs time itself.
    Raises RuntimeError when the search did not end.
    """
    defined = [f"-D{name}={value}" for name, value in settings.items()]
    defined += [f"-DWITHOUT_{promise}" for promise in PROMISES if only not in ("", promise)]
    _run(folder, "spin", *defined, "-a", str(MODEL / "protocol.pml"))
    checks = ("-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={_MEGABYTES}")
    _run(folder, "gcc", "-w", speed, *checks, "-o", "search", "pan.c")
    return _read(_run(folder, "./search", "-n", f"-m{_DEPTH}"))


def _read(report: str) -> Search:
    broken = re.search(r"assertion violated (.*) \(at depth (\d+)\)", report)
    invalid = re.search(r"invalid end state", report.split("\n", 1)[0])
    states = re.search(r"(\d+) states, stored", report)
    if states is None or invalid or (_UNFINISHED.search(report) and not broken):
        raise RuntimeError(f"the search did not end:\n{report[-2000:]}")
    return Search(broken[1] if broken else "", int(broken[2]) if broken else 0, int(states[1]))


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
