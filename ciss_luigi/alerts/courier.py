"""Starts the process that sends, and waits for it at most 30 seconds; then it is ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from ciss_luigi.alerts.rounds import Delivery
from ciss_luigi.alerts.words import Message

SECONDS = 30.0
_LESS = 3.0
"""The process ends by itself this much earlier, so that it can still say what did not answer."""
_MODULE = "ciss_luigi.alerts.sender"


def send(task: str = "send", seconds: float = SECONDS) -> list[Delivery]:
    """Send all that waits; returns what happened to each message. Raises OSError if nothing can start."""
    return _started(task, seconds)


def send_unwritten(messages: Iterable[Message], seconds: float) -> list[Delivery]:
    """Send messages that are not in the outbox, each once; returns what happened to each. Raises OSError."""
    return _started("unwritten", seconds, json.dumps([asdict(one) for one in messages]).encode())


def _started(task: str, seconds: float, given: bytes = b"") -> list[Delivery]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        # -P: a file in the current folder must not stand in for a module of Python's own. Not -I: that would
        # not see a ciss_luigi that is installed for this user alone, or found by PYTHONPATH
        [sys.executable, "-P", "-m", _MODULE, task, str(max(1.0, seconds - _LESS))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is for the command, not for this process
    )
    try:
        output, _ = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()  # what it said before that still counts
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return list(_outcomes(output))


def _outcomes(output: bytes) -> Iterator[Delivery]:
    for line in output.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError, TypeError):  # half a line of a process that was ended
            yield Delivery(**json.loads(line))
