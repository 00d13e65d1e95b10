"""Server processes: started on free ports, awaited, and never left behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

HOST = "127.0.0.1"
_GRACE_SECONDS = 5.0
# Waits for the end of its standard input, which comes however this process dies, SIGKILL included.
_GUARD = 'read -r _; kill -s TERM -- "-$1" && sleep 5 && kill -s KILL -- "-$1"'


class ServerFailed(RuntimeError):
    """A server did not come up; the text ends with the last lines of its log."""


class PortTaken(ServerFailed):
    """It did not come up because somebody else listens on its port: another port may do."""


def clean_environment(**extra: str) -> dict[str, str]:
    """Give the environment without a site's own Hadoop, Hive and Spark, which would be picked up."""
    site = ("HADOOP_", "HIVE_", "SPARK_", "TEZ_", "JAVA_TOOL_OPTIONS")
    return {key: value for key, value in os.environ.items() if not key.startswith(site)} | extra


def tail(log: Path, lines: int = 40) -> str:
    """Give the last lines of a log for an error text, without the frames of stack traces."""
    if not log.exists():
        return "(no log)"
    told = [line for line in log.read_text(errors="replace").splitlines() if not line.startswith("\tat ")]
    return "\n".join(told[-lines:])


def get_json(host: str, port: int, path: str) -> list[dict[str, Any]]:
    """Ask a server's web pages for a list."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        answer: list[dict[str, Any]] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer


@contextmanager
def reserved_ports(count: int) -> Iterator[tuple[int, ...]]:
    """Hold ports that nobody else is given before the server listens on them.

    A socket that is bound and does not listen refuses connections and keeps the kernel from handing its
    port out; a server that sets SO_REUSEADDR, as Java's do, may still bind it and listen.
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((HOST, 0))
        yield tuple(int(one.getsockname()[1]) for one in sockets)


@contextmanager
def on_free_ports(
    count: int, serve: Callable[[tuple[int, ...]], AbstractContextManager[T]], tries: int = 3
) -> Iterator[T]:
    """Run `serve` on free ports, and on other ones when they were taken in between all the same."""
    for attempt in range(1, tries + 1):
        with ExitStack() as running:
            try:
                with reserved_ports(count) as ports:
                    server = running.enter_context(serve(ports))
            except PortTaken:
                if attempt == tries:
                    raise
                continue
            yield server
            return


@contextmanager
def server_process(
    command: Sequence[str],
    *,
    work: Path,
    log: Path,
    env: Mapping[str, str],
    ports: Sequence[int],
    deadline: float = 180.0,
) -> Iterator[int]:
    """Run a server in a process group of its own until the block ends; give its pid once it listens."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=work,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    guard: subprocess.Popen[bytes] | None = None
    try:
        guard = _guard(process.pid)
        _await_ports(process, ports, log, deadline)
        yield process.pid
    finally:
        stop(process)
        if guard is not None:
            with guard:
                guard.kill()


def stop(process: subprocess.Popen[bytes], grace: float = _GRACE_SECONDS) -> None:
    """Ask the whole group to end, then end it; a second Ctrl-C only cuts the grace short."""
    try:
        _signal_group(process.pid, signal.SIGTERM)
        process.wait(grace)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _guard(group: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-c", _GUARD, "guard", str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _await_ports(process: subprocess.Popen[bytes], ports: Sequence[int], log: Path, deadline: float) -> None:
    until = time.monotonic() + deadline
    for port in ports:
        while not _listens(port):
            if process.poll() is not None:
                raise _failure(f"ended with {process.returncode} before it listened on port {port}", log)
            if time.monotonic() > until:
                raise _failure(f"did not listen on port {port} within {deadline:.0f} s", log)
            time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _failure(what: str, log: Path) -> ServerFailed:
    text = log.read_text(errors="replace")
    taken = "Address already in use" in text or "BindException" in text
    return (PortTaken if taken else ServerFailed)(f"The server {what}. Its log ({log}) ends:\n{tail(log)}")
