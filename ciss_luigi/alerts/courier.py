"""Starts the process that sends, and waits for it at most 30 seconds; then it is ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from ciss_luigi.alerts.rounds import Outcome

SECONDS = 30.0
_MODULE = "ciss_luigi.alerts.sender"


def send(task: str = "send", seconds: float = SECONDS) -> list[Outcome]:
    """Send all that waits; returns what happened to each message. Raises OSError if nothing can start."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", _MODULE, task],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is for the command, not for this process
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return list(_outcomes(output))


def _outcomes(output: bytes) -> Iterator[Outcome]:
    for line in output.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError, TypeError):
            yield Outcome(**json.loads(line))
