"""A server that hangs up on a TLS greeting: told alike by every Python, Debian 12's own among them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEBIAN = Path("/usr/bin/python3")
"""Debian 12's is 3.11.2, whose ssl says "closed (EOF)" where later ones name a reason."""

PROGRAM = """
import socket, ssl, sys, threading
from ciss_luigi.engines.hiveserver2.line import Line, NoConnection, as_no_connection

door = socket.create_server(("127.0.0.1", 0))
def hang_up():
    client, _ = door.accept()
    client.recv(1000)
    client.close()
threading.Thread(target=hang_up, daemon=True).start()
try:
    with as_no_connection(Line("localhost", 1, None, 60)):
        wire = socket.create_connection(door.getsockname())
        ssl.create_default_context().wrap_socket(wire, server_hostname="localhost")
except NoConnection as error:
    print(error)
"""


@pytest.mark.parametrize("python", [Path(sys.executable), *([DEBIAN] if DEBIAN.exists() else [])], ids=str)
def test_a_port_that_hangs_up_on_tls_is_said_to_speak_none(python: Path) -> None:
    done = subprocess.run(
        [python, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert "does not speak TLS on this port" in done.stdout, done.stdout + done.stderr
