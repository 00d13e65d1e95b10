"""A TCP proxy that breaks the line: at once, at a connection, at a chunk, or when a statement passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.servers.process import HOST
from tests.servers.tcpline import Action, Line, Trigger, reset

__all__ = ["Action", "TcpProxy", "tcp_proxy"]


class TcpProxy:
    """The proxy while it runs. Its methods break all lines; a trigger breaks the one that it fires on.

    While `refusing` is set, new connections are reset.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server((HOST, 0))
        self.host, self.port = HOST, int(self._listener.getsockname()[1])
        self.refusing = False
        self.connections = 0
        self.silent_after: int | None = None
        """So many bytes are carried, both ways and on all lines together; more are taken and swallowed."""
        self.carried = 0
        self._stalled = False
        self._lines: list[Line] = []
        self._triggers: list[Trigger] = []
        self._lock = threading.Lock()

    def cut(self) -> None:
        """Reset all lines."""
        for line in self._lines:
            line.cut()

    def stall(self) -> None:
        """Carry nothing more, on new lines neither, and keep all open."""
        self._stalled = True
        for line in self._lines:
            line.stall()

    def half_close(self) -> None:
        """Send all clients the end of their answers; what they say still reaches the server."""
        for line in self._lines:
            line.half_close()

    def resume(self) -> None:
        """Carry on, after a stall of the proxy or of a line."""
        self._stalled = False
        for line in self._lines:
            line.resume()

    def when_sent(
        self, pattern: bytes, action: Action, *, deliver: bool = True, number: int = 1
    ) -> threading.Event:
        """Break the line on which a client sends these bytes: when the server has them, or before.

        ``number``: from 1, which chunk with them it is, all lines together.

        The answer is not carried in either case. The event that is given tells that it has happened;
        it happens once.
        """

        seen = 0

        def passes(line: Line, data: bytes) -> bool:
            nonlocal seen
            found = pattern in line.seen[-(len(data) + len(pattern) - 1) :]
            seen += found
            return found and seen >= number

        return self._add(passes, action, deliver)

    def at_statement(self, number: int, action: Action, *, deliver: bool = True) -> threading.Event:
        """Break the line on which clients send their N-th statement, from 1, all lines together."""
        sent = 0

        def passes(line: Line, data: bytes) -> bool:
            nonlocal sent
            sent += data.count(b"ExecuteStatement")
            return sent >= number and b"ExecuteStatement" in data

        return self._add(passes, action, deliver)

    def at_chunk(self, number: int, action: Action, *, deliver: bool = True) -> threading.Event:
        """Break a line at the N-th chunk that its client sends, from 1."""
        return self._add(lambda line, _: line.chunks == number, action, deliver)

    def at_connection(self, number: int, action: Action, *, deliver: bool = False) -> threading.Event:
        """Break the N-th connection, from 1, at the first thing that its client says."""
        return self._add(lambda line, _: line.number == number, action, deliver)

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Give each chunk that a client sends to somebody who only listens."""

        def never(_line: Line, data: bytes) -> bool:
            hear(data)
            return False

        self._add(never, "cut", True)

    def serve(self) -> None:
        """Take connections until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._take(client)

    def close(self) -> None:
        """Hang up everywhere."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _add(
        self, condition: Callable[[Line, bytes], bool], action: Action, deliver: bool
    ) -> threading.Event:
        trigger = Trigger(condition, action, deliver)
        self._triggers.append(trigger)
        return trigger.fired

    def _take(self, client: socket.socket) -> None:
        try:
            server = None if self.refusing else socket.create_connection(self._target, timeout=10)
        except OSError:
            server = None
        if server is None:
            reset(client)
            return
        server.settimeout(None)
        self.connections += 1
        line = Line(self.connections, client, server)
        line.passed = self._passed
        if self._stalled:
            line.stall()
        self._lines.append(line)
        line.start(self._on_chunk)

    def _passed(self, data: bytes) -> bytes:
        with self._lock:
            left = len(data) if self.silent_after is None else max(0, self.silent_after - self.carried)
            self.carried += min(left, len(data))
        return data[:left]

    def _on_chunk(self, line: Line, data: bytes) -> Trigger | None:
        line.note(data)
        with self._lock:
            for trigger in self._triggers:
                if not trigger.fired.is_set() and trigger.condition(line, data):
                    trigger.fired.set()
                    return trigger
        return None


@contextmanager
def tcp_proxy(host: str, port: int) -> Iterator[TcpProxy]:
    """Run a proxy before a server until the block ends."""
    proxy = TcpProxy(host, port)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
