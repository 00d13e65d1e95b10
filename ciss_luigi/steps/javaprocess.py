"""One run of an old Java class, in its own process group, written down before it starts.

Its output goes to the log line by line. When the step ends, for whatever reason, the whole group is ended,
and so is a child that it left behind.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ciss_luigi import stopping
from ciss_luigi.errors import AlreadyRunning, StatementDeadline, StepFailed
from ciss_luigi.plaintext import one_line, without_named_secrets, without_secrets
from ciss_luigi.state.javaruns import MARK, JavaRun, JavaRuns

logger = logging.getLogger("luigi-interface.ciss_luigi")

PATIENCE_SECONDS = 30.0
"""From SIGTERM to SIGKILL."""
_POLL_SECONDS = 0.1
_LAST_LINES = 5
_LONGEST_LINE = 4_000
_UNCAUGHT = 'Exception in thread "main"'
_PASSING = re.compile(
    r"TTransportException|Connection refused|Connection reset|SocketTimeout|Could not open client transport|"
    r"LockException|Unable to acquire"
)
_WAITING_SHELL = 'read -r go || exit 1; exec "$@" < /dev/null'
"""The shell becomes the JVM once its process id is written down; if the writer dies before, it never does."""


class JavaFailed(StepFailed):
    """A class ended badly; ``passing`` says whether a second try may succeed."""

    passing = False


@dataclass
class _Output:
    """What the class prints: it goes to the log without secrets, and the last lines are kept."""

    what: str
    last: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    uncaught: str = ""
    passing: bool = False

    def take(self, raw: bytes) -> None:
        """Log one line."""
        # twice as long as what is shown, so that a value that begins there is hidden as a whole
        text = without_secrets(raw.decode(errors="replace").rstrip("\r\n"))[: 2 * _LONGEST_LINE]
        line = one_line(without_named_secrets(text))[:_LONGEST_LINE]
        if not line:
            return
        logger.info("%s: %s", self.what, line)
        self.last.append(line)
        # judged by the words themselves: what looks like a secret is hidden in those that are shown
        self.passing = self.passing or bool(_PASSING.search(text))
        if not self.uncaught and _UNCAUGHT in text:
            self.uncaught = line


def run(command: Sequence[str], folder: Path, runs: JavaRuns, *, what: str, deadline_seconds: float) -> None:
    """Run a class to its end; raises JavaFailed, StatementDeadline or Stopped.

    Raises OSError if it cannot be started or written down; with leases also LeaseLost and EngineUnavailable.

    If processes had to be ended, the record in ``runs`` stays: the server may still run what they sent.
    ``folder`` is the working directory, ``what`` the class's name in messages.
    """
    output = _Output(what)
    process, jvm = _start(command, folder, runs, what)
    reader = threading.Thread(target=_read, args=(process, output), daemon=True, name="ciss java")
    reader.start()
    killed = True
    try:
        with stopping.cancelling(lambda: _ask_to_end(jvm)):
            code = _wait(process, what, deadline_seconds)
        killed = False
    finally:
        with stopping.held_back():  # a second signal must not leave a process behind
            left = _end(process, jvm)
            reader.join(PATIENCE_SECONDS)
            if not killed and not left:
                runs.over()
    stopping.raise_if_requested()
    if left:
        logger.warning("%s ended, but left %s running, which has been ended, too", what, _numbers(left))
    # an uncaught exception counts, whatever the exit code is (docs/migration.md, "The old Java classes")
    if code or output.uncaught:
        raise _failed(what, code, output)


def _start(
    command: Sequence[str], folder: Path, runs: JavaRuns, what: str
) -> tuple[subprocess.Popen[bytes], JavaRun]:
    mark = uuid.uuid4().hex
    with stopping.held_back():
        process = subprocess.Popen(  # noqa: S603 - the site's own program; no shell reads its arguments
            ["/bin/sh", "-c", _WAITING_SHELL, "java", *command],
            cwd=folder,
            env={**os.environ, MARK: mark},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C must reach this command alone, which then ends the class
        )
        jvm = JavaRun(socket.gethostname(), process.pid, mark, what)
        runs.begin(jvm)
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.write(b"go\n")
                process.stdin.close()
    return process, jvm


def _read(process: subprocess.Popen[bytes], output: _Output) -> None:
    if process.stdout is not None:
        with suppress(ValueError, OSError):
            for raw in process.stdout:
                output.take(raw)


def _wait(process: subprocess.Popen[bytes], what: str, deadline_seconds: float) -> int:
    give_up = time.monotonic() + deadline_seconds
    while process.poll() is None:
        stopping.raise_if_requested()
        if time.monotonic() >= give_up:
            raise StatementDeadline(
                f"{what} ran longer than {deadline_seconds / 60:g} minutes (statement_deadline_minutes) "
                "and was ended"
            )
        time.sleep(_POLL_SECONDS)
    return process.returncode


def _end(process: subprocess.Popen[bytes], jvm: JavaRun) -> list[int]:
    """End what still runs: first with SIGTERM, then with SIGKILL; returns the ids that were still there."""
    left = jvm.end(signal.SIGTERM)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while jvm.processes() and time.monotonic() < give_up:
        process.poll()
        time.sleep(_POLL_SECONDS)
    while jvm.end(signal.SIGKILL):  # until none is found: a dying process may just have started another
        process.poll()
        time.sleep(_POLL_SECONDS)
    process.wait()
    return left


def _ask_to_end(jvm: JavaRun) -> None:
    jvm.end(signal.SIGTERM)


def _failed(what: str, code: int, output: _Output) -> JavaFailed:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    words = output.uncaught or (f"{how}: {output.last[-1]}" if output.last else how)
    if output.uncaught:
        words = f"{how}, and said: {output.uncaught}"
    error = JavaFailed(f"{what} {words}")
    error.passing = output.passing
    return error


def _numbers(pids: Sequence[int]) -> str:
    return f"process {', '.join(map(str, pids))}"


def end_left_behind(run_: JavaRun) -> None:
    """Kill what a killed command left running on this host."""
    while run_.end(signal.SIGKILL):
        time.sleep(_POLL_SECONDS)


def require_here(runs: JavaRuns) -> None:
    """Raise AlreadyRunning if classes that were started on another host may still run."""
    elsewhere = runs.elsewhere()
    if elsewhere is not None:
        raise AlreadyRunning(
            f"{elsewhere.what} was started on {elsewhere.host}, process {elsewhere.pid}, and may still run",
            state="this command touched nothing",
            next_command=f"the same command on {elsewhere.host}, which ends what was left there",
        )
