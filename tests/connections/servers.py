"""HiveServer2s that speak binary and HTTP at once, for each way of logging in."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import hivejars, needs
from tests.servers.clients import until
from tests.servers.hiveserver import hive_server
from tests.servers.process import HOST, reserved_ports


@dataclass(frozen=True)
class Doors:
    """The two ports of a server."""

    binary: int
    http: int


def require(*programs: str, modules: Sequence[str] = ()) -> None:
    """Skip, naming what is missing, unless a HiveServer2 and some programs can be run."""
    prepared = hivejars.is_prepared(hivejars.default_cache())
    maven = () if prepared else (needs.MAVEN,)
    needs.require([needs.JAVA, *maven, *programs], [*needs.CLIENTS, *modules])


@contextmanager
def both_doors(
    work: Path, settings: Mapping[str, str], core: Mapping[str, str] | None = None, jvm: Sequence[str] = ()
) -> Iterator[Doors]:
    """Run a server until the block ends."""
    with reserved_ports(1) as (http,):
        transport = {"hive.server2.transport.mode": "all", "hive.server2.thrift.http.port": str(http)}
        with hive_server(work, settings={**transport, **settings}, core=core or {}, jvm=jvm) as server:
            assert until(lambda: _listens(http)), f"nothing listens on {HOST}:{http}"
            yield Doors(server.port, http)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
