"""One connection through the proxy, and what can be done to it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

Action = Literal["cut", "stall", "half_close"]

# Between the delivery of a statement and the cut: a reset that overtakes it would throw it away.
_DELIVERY_SECONDS = 0.2
_KEPT = 4096


@dataclass
class Trigger:
    """Something to do once: `condition` sees each chunk from a client, with its line."""

    condition: Callable[[Line, bytes], bool]
    action: Action
    deliver: bool
    fired: threading.Event = field(default_factory=threading.Event)


class Line:
    """A client, the server, and a thread for each direction."""

    def __init__(self, number: int, client: socket.socket, server: socket.socket) -> None:
        self.number = number
        self.chunks = 0
        self.seen = b""
        self._client, self._server = client, server
        self._requests, self._answers = threading.Event(), threading.Event()
        self._cut = False
        self.passed: Callable[[bytes], bytes] = lambda data: data
        """What is carried on of a chunk; the rest is taken and never seen again."""
        self.resume()

    def start(self, on_chunk: Callable[[Line, bytes], Trigger | None]) -> None:
        """Begin to carry both directions."""
        threading.Thread(target=self._carry_requests, args=(on_chunk,), daemon=True).start()
        threading.Thread(target=self._carry_answers, daemon=True).start()

    def do(self, action: Action) -> None:
        """Break this line."""
        {"cut": self.cut, "stall": self.stall, "half_close": self.half_close}[action]()

    def cut(self) -> None:
        """Reset both sides, as a firewall does or a host that dies."""
        self._cut = True
        for side in (self._client, self._server):
            reset(side)
        self.resume()

    def stall(self) -> None:
        """Carry nothing, and keep it open."""
        self._requests.clear()
        self._answers.clear()

    def half_close(self) -> None:
        """Send the client the end of its answers; what it says still reaches the server."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)

    def resume(self) -> None:
        """Let flow what waits."""
        self._requests.set()
        self._answers.set()

    def note(self, data: bytes) -> None:
        """Remember enough of what the client said to find a pattern that two chunks share."""
        self.chunks += 1
        self.seen = self.seen[-_KEPT:] + data

    def _carry_requests(self, on_chunk: Callable[[Line, bytes], Trigger | None]) -> None:
        with suppress(OSError):
            while data := self._client.recv(65536):
                trigger = on_chunk(self, data)
                if trigger:
                    self._spring(trigger)
                if not (trigger and trigger.action == "half_close" and not trigger.deliver):
                    self._requests.wait()
                    self._server.sendall(self.passed(data))
            self._end(self._server)

    def _spring(self, trigger: Trigger) -> None:
        """Act before the chunk goes on, or soon after it; the answer to it is not carried then either."""
        if trigger.deliver:
            self._answers.clear()
            threading.Timer(_DELIVERY_SECONDS, self.do, (trigger.action,)).start()
        else:
            self.do(trigger.action)

    def _carry_answers(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(65536):
                self._answers.wait()
                self._client.sendall(self.passed(data))
            self._end(self._client)

    def _end(self, side: socket.socket) -> None:
        if not self._cut:
            side.shutdown(socket.SHUT_WR)


def reset(side: socket.socket) -> None:
    """Close a connection with RST."""
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        side.shutdown(socket.SHUT_RD)  # wakes the thread that reads it, and so lets go of it
    side.close()
