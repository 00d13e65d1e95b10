"""What a whole run costs on a real HiveServer2, beside exactly its statements sent by one bare session.

The server is the one of the tests: HiveServer2, metastore and Tez in one process. Contestants in turn, each
on tables made anew: the literal luigi command; a bare script with all the statements that the command sends;
a bare script with its writes alone. What goes over the line is counted by a proxy before the server.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import bare_hive, phases, processes, warehouse
from benchmarks.bare import SEPARATOR
from benchmarks.processes import Cost
from benchmarks.results import Answer, count, ratio
from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.operator import plan
from ciss_luigi.operator.stage import RUN_ID
from ciss_luigi.site import Site
from tests.engines.backends import Server
from tests.servers.hiveserver import hive_server
from tests.servers.tcpproxy import TcpProxy, tcp_proxy

DATES = {"one month": warehouse.DATE, "two months": RunDate.parse("2016-11-03")}
LIMITS = {"whole": 1.10, "writes": 1.6}
"""How many times its own statements, and how many times its three writes, a run of one month may take."""

_WRITES = ("empty_temp", "build", "merge")
_CALLS = {
    "sessions": "OpenSession",
    "statements": "ExecuteStatement",
    "polls": "GetOperationStatus",
    "fetches": "FetchResults",
}
_CALL = re.compile(rb"\x80\x01\x00\x01\x00\x00\x00.([A-Z][A-Za-z]+)", re.DOTALL)
"""How a call begins on the line: Thrift's mark of a call, the length of its name, its name."""

_BIN = Path(sys.executable).parent
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class HiveScratch:
    """One installation on the server, and the road to it."""

    folder: Path
    server: Server
    proxy: TcpProxy
    calls: Counter[str] = field(default_factory=Counter)
    """How often each call has gone to the server."""

    def __post_init__(self) -> None:
        self.proxy.listen(self._hear)

    def _hear(self, data: bytes) -> None:
        self.calls.update(calls(data))

    @property
    def site(self) -> Site:
        """The installation as its commands see it."""
        return site.load({}, self.folder)

    def begin_again(self) -> None:
        """No state, no main, no temp."""
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        settings = self.site.settings
        names = (settings.temp_table, settings.main_table)
        self.server.query(*(f"DROP TABLE IF EXISTS {settings.database}.{name}" for name in names))

    def merge_main(self, date: RunDate) -> Cost:
        """The literal command, on tables made anew."""
        self.begin_again()
        command = [str(_BIN / "luigi"), "--module", "ciss_luigi", "MergeMain", "--date", str(date)]
        return processes.run([*command, "--local-scheduler"], self.folder)

    def bare(self, statements: Sequence[str]) -> Cost:
        """Statements sent by a script that does nothing else; tables as the command finds them."""
        self.begin_again()
        file = self.folder / "statements.sql"
        file.write_text(SEPARATOR.join(statements), encoding="utf-8")
        command = [sys.executable, bare_hive.__file__, self.proxy.host, str(self.proxy.port), file.name]
        return processes.run(command, self.folder, {"PYTHONPATH": str(_ROOT)})


def calls(data: bytes) -> list[str]:
    """The names of the calls that begin in what a client sends."""
    return [name.decode() for name in _CALL.findall(data)]


def measure(folder: Path, size: warehouse.Size, rounds: int) -> list[Answer]:
    """Run one month and two in three ways."""
    with _scratch(folder, size) as scratch:
        return [answer for name, date in DATES.items() for answer in _measure(scratch, name, date, rounds)]


def where_time_goes(folder: Path, size: warehouse.Size, rounds: int) -> list[Answer]:
    """The phases of a run, of one month and of two."""
    with _scratch(folder, size) as scratch:
        return [
            answer for name, date in DATES.items() for answer in phases.measure(scratch, date, rounds, name)
        ]


def _measure(scratch: HiveScratch, name: str, date: RunDate, rounds: int) -> Iterator[Answer]:
    scratch.begin_again()
    lines = plan.make(scratch.site, date).sent()
    statements = [text.replace(RUN_ID, "benchmark") for text in lines]
    create = [text for text in statements if "CREATE " in text]
    writes = [one.replace(RUN_ID, "benchmark") for one in lines if getattr(one, "name", "") in _WRITES]
    whole, own, three = processes.in_turn(
        [
            lambda: scratch.merge_main(date),
            lambda: scratch.bare(statements),
            lambda: scratch.bare([*create, *writes]),
        ],
        rounds,
    )
    one_month = name == "one month"
    yield ratio(f"{name}: whole run / its own statements", whole, own, LIMITS["whole"] if one_month else None)
    yield ratio(f"{name}: whole run / its writes", whole, three, LIMITS["writes"] if one_month else None)
    yield from _counts(f"{name}, whole run", scratch, lambda: scratch.merge_main(date))
    yield from _counts(f"{name}, its own statements", scratch, lambda: scratch.bare(statements))


def _counts(what: str, scratch: HiveScratch, run: Callable[[], Cost]) -> Iterator[Answer]:
    """What goes over the line: every call is a round trip."""
    scratch.calls.clear()
    run()
    for name, call in _CALLS.items():
        yield count(f"{what}: {name}", scratch.calls[call])
    yield count(f"{what}: round trips", scratch.calls.total())


@contextmanager
def _scratch(folder: Path, size: warehouse.Size) -> Iterator[HiveScratch]:
    """A server with the sources, a proxy before it, and a folder with a ``luigi.cfg``."""
    folder.mkdir()
    parquet = folder / "parquet"
    parquet.mkdir()
    os.environ["no_proxy"] = "*"
    warehouse.make(folder / "sources.duckdb", size)
    with hive_server(folder / "hive") as running, tcp_proxy(running.host, running.port) as proxy:
        server = Server(running)
        server.load(folder / "sources.duckdb", warehouse.DATABASE, parquet)
        work = folder / "site"
        work.mkdir()
        url = f"hive://tester@{proxy.host}:{proxy.port}/default"
        text = f"[ciss]\nwarehouse_url = {url}\nstate_dir = state\nrequired_sources =\n"
        (work / "luigi.cfg").write_text(text, encoding="utf-8")
        yield HiveScratch(work, server, proxy)
