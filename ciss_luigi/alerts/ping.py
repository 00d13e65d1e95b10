"""A dead-man service such as healthchecks.io: it is told of today's run, and notices if it is told nothing.

A ping is never kept: a late success would be a false sign of life.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import uuid
from pathlib import Path

from ciss_luigi.config.telling import Alerts

_PROGRAM = Path(__file__).with_name("pinger.py")
_SECONDS = 10.0


class Ping:
    """One call, made by a process of its own."""

    def __init__(self, alerts: Alerts, path: str, command: str, body: str = "") -> None:
        """Start it; raises OSError. ``command`` is a command's id, 32 hexadecimal digits."""
        # by rid the service knows which begin belongs to which end; healthchecks.io takes only a UUID
        url = f"{alerts.ping_url}{path}?rid={uuid.UUID(hex=command)}"
        ca_cert = str(alerts.ca_cert) if alerts.ca_cert else ""
        task = {"url": url, "body": body, "ca_cert": ca_cert, "seconds": _SECONDS}
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            # -I is possible here, and not for the sender: this program needs no module but Python's own
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps(task).encode() + b"\n")
                self._process.stdin.close()

    def wait(self, seconds: float) -> str:
        """Wait for its end, at most ``seconds``, then end it; returns what went wrong, or ""."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return "no answer in time"
        output = self._process.stdout
        return output.read().decode(errors="replace") if output is not None else ""
