"""Starts the process that sends, and waits for it: 30 seconds at most, then it is ended."""

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
    """Have all that waits sent; says what became of each message. Raises OSError where nothing can start."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", _MODULE, task],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is meant for the command, not for it
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
