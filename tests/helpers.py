"""``ciss`` as an operator types it: in a process of its own, or, much quicker, in this one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.group import ciss as command
from ciss_luigi.done import is_done
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from ciss_luigi.state.markers import STEPS, Step
from ciss_luigi.steps import runner
from tests.command import TRACEBACK, wait_until

CISS = Path(sys.executable).with_name("ciss")


def as_sent(table: str) -> str:
    """A table's whole name as the job's statements to DuckDB spell it."""
    return ".".join(f'"{part}"' for part in table.split("."))


@dataclass(frozen=True)
class Answer:
    """How ``ciss`` ended and what it said."""

    code: int
    out: str
    err: str

    def expect(self, code: int, *texts: str) -> Answer:
        """Check the exit code, texts of stdout, and that no traceback is in sight."""
        assert self.code == code, f"exit code {self.code}, not {code}\n{self.out}\n{self.err}"
        assert TRACEBACK not in self.err, self.err
        assert all(text in self.out for text in texts), f"{texts} not all in\n{self.out}\n{self.err}"
        return self

    def explained(self, code: int, *texts: str) -> Answer:
        """Check an error: texts of stderr, in the order what, state, next."""
        self.expect(code)
        assert all(text in self.err for text in texts), f"{texts} not all in\n{self.err}"
        assert 0 < self.err.find("\nState: ") < self.err.find("\nNext:  "), self.err
        return self


def ciss(folder: Path, *arguments: str, **environment: str) -> Answer:
    """Run ``ciss`` in a process of its own."""
    return process(folder, [str(CISS), *arguments], environment=environment)


def process(
    folder: Path,
    command: Sequence[str],
    stdout: int | IO[bytes] = subprocess.PIPE,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run any command to its end, as under cron; stdout can be taken elsewhere."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean(folder, **environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=90,
        check=False,
    )
    return Answer(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())


def typed(folder: Path, *arguments: str) -> Answer:
    """Run ``ciss`` in this process."""
    site.current.cache_clear()
    with contextlib.chdir(folder):
        done = CliRunner(env={"LUIGI_CONFIG_PATH": None}).invoke(command, arguments, prog_name="ciss")
    site.current.cache_clear()
    return Answer(done.exit_code, done.stdout, done.stderr)


def clean(folder: Path, **environment: str) -> dict[str, str]:
    """Next to nothing in the environment, as under cron."""
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin", **environment}


def run(folder: Path, date: str, until: Step = Step.MERGE) -> None:
    """Do a date's steps, as its tasks do, in this process."""
    here, day = site.load({}, folder), RunDate.parse(date)
    for step in STEPS[: STEPS.index(until) + 1]:
        if not is_done(here, day, step):
            runner.perform(here, day, step, tell=lambda _: None)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment for a file in use, not ten minutes."""
    defaults = DuckDbEngine.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "open_wait_seconds", 0.1)


@contextmanager
def in_use(file: Path) -> Iterator[int]:
    """Another program that has a DuckDB file open; its pid."""
    program = (
        f"import duckdb, sys; c = duckdb.connect({str(file)!r}); print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        yield holder.pid
    finally:
        holder.communicate()


@contextmanager
def running(folder: Path, date: str, step: Step) -> Iterator[subprocess.Popen[bytes]]:
    """A command that holds a date, and a worker of it that has begun a step; both are killed at the end."""
    program = (
        "import os, time\nfrom pathlib import Path\nfrom ciss_luigi import site\n"
        "from ciss_luigi.billing.rundate import RunDate\n"
        f"here, date = site.load({{}}, Path.cwd()), RunDate.parse({date!r})\n"
        "lock = here.date_lock(date)\nlock.acquire()\n"
        "if os.fork() == 0:\n"
        f"    lock.sign()\n    here.ledger.start(date, {str(step)!r})\n    print('begun', flush=True)\n"
        "time.sleep(600)\n"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert command.stdout is not None
        assert command.stdout.readline() == b"begun\n"
        yield command
    finally:
        os.killpg(command.pid, signal.SIGKILL)
        command.communicate()
        lock = site.load({}, folder).date_lock(RunDate.parse(date))
        wait_until(lambda: lock.holder() is None)  # until the killed worker has been collected
