"""Server processes: started on free ports, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.process import (
    HOST,
    PortTaken,
    ServerFailed,
    on_free_ports,
    reserved_ports,
    server_process,
)

# A server that does not listen to SIGTERM, with a child in its group, as a JVM may be.
_STUBBORN = """
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); time.sleep(600)
"""
_SERVER = _STUBBORN.replace("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()", "")


def ends(group: int) -> bool:
    """Wait until nobody of a group runs; whose parent has gone stays a zombie until somebody reaps it."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True)
        members = [line.split() for line in listed.stdout.splitlines()]
        if not [1 for of, state in members if of == str(group) and not state.startswith("Z")]:
            return True
        time.sleep(0.02)
    return False


@contextmanager
def started(work: Path, code: str, ports: Sequence[int]) -> Iterator[int]:
    command = [sys.executable, "-c", code, *map(str, ports)]
    with server_process(
        command, work=work, log=work / "log", env=os.environ, ports=ports, deadline=20
    ) as pid:
        yield pid


def test_a_server_listens_inside_the_block_and_is_gone_after_it(tmp_path: Path) -> None:
    with reserved_ports(1) as ports, started(tmp_path, _SERVER, ports) as pid:
        socket.create_connection((HOST, ports[0])).close()
    assert ends(pid)


def test_a_group_that_ignores_sigterm_is_killed_when_the_block_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.process.stop.__defaults__", (0.3,))
    with (
        pytest.raises(KeyboardInterrupt),
        reserved_ports(1) as ports,
        started(tmp_path, _STUBBORN, ports) as pid,
    ):
        raise KeyboardInterrupt
    assert ends(pid)


def test_a_server_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from tests.servers.test_process import _SERVER, started\n"
        "from tests.servers.process import reserved_ports\n"
        f"with reserved_ports(1) as ports, started(Path({str(tmp_path)!r}), _SERVER, ports) as pid:\n"
        "    print(pid, flush=True); time.sleep(600)\n"
    )
    tests = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert tests.stdout is not None
    group = int(tests.stdout.readline())
    tests.send_signal(signal.SIGKILL)
    tests.communicate()
    assert ends(group)


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    code = "import sys; sys.exit('no such schema')"
    why = pytest.raises(ServerFailed, match=r"(?s)ended with 1 .*no such schema")
    with why, reserved_ports(1) as ports, started(tmp_path, code, ports):
        pass


def test_a_port_that_is_taken_after_all_leads_to_another(tmp_path: Path) -> None:
    tried: list[int] = []

    @contextmanager
    def serve(ports: tuple[int, ...]) -> Iterator[int]:
        tried.append(ports[0])
        code = "import sys; sys.exit('Address already in use')" if len(tried) == 1 else _SERVER
        with started(tmp_path, code, ports) as pid:
            yield pid

    with on_free_ports(1, serve):
        assert len(set(tried)) == 2


def test_it_gives_up_when_every_port_is_taken(tmp_path: Path) -> None:
    @contextmanager
    def serve(ports: tuple[int, ...]) -> Iterator[int]:
        with started(tmp_path, "import sys; sys.exit('Address already in use')", ports) as pid:
            yield pid

    with pytest.raises(PortTaken), on_free_ports(1, serve):
        pass


def test_a_reserved_port_refuses_connections_until_the_server_listens() -> None:
    with reserved_ports(2) as ports, socket.socket() as probe:
        assert len(set(ports)) == 2
        assert probe.connect_ex((HOST, ports[0])) != 0
