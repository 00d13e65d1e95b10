"""A site in a folder of its own, and the literal ``luigi`` command on it in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.ledger import Attempt, Ledger

PYTHON = Path(sys.executable)
LUIGI = PYTHON.with_name("luigi")
LUIGID = PYTHON.with_name("luigid")
MONTHS = ("2016-10", "2016-11", "2016-12", "2017-01")
STEPS = ("TruncateTemp", "BuildTemp", "MergeMain")
TRACEBACK = "Traceback (most recent call last)"
PATIENCE = 180.0
SHORT_WAIT = """
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
DuckDbEngine.__init__.__kwdefaults__["open_wait_seconds"] = 1.0
"""
"""A prelude: wait one second for a file in use, not ten minutes."""
STOPPED_BEFORE_MAIN = """
import os, signal
from ciss_luigi.steps import merge
original = merge._write_month
def stopping(*arguments, **named):
    os.kill(os.getpid(), signal.SIGSTOP)
    return original(*arguments, **named)
merge._write_month = stopping
"""
"""A prelude: a command stops (SIGSTOP) after its look at main, right before it writes a month."""
_AS_LUIGIS_SCRIPT = "import luigi.cmdline\n"
_RUN_LUIGI = """
import sys
sys.argv[0] = "luigi"
from luigi.cmdline import luigi_run
luigi_run(sys.argv[1:])
"""


def make_warehouse(path: Path, months: Sequence[str] = MONTHS, rows: int = 6) -> None:
    """Source tables with a few rows of two currencies in each month."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA mnaas")
        for table in schema.SOURCES:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.all_columns)
            connection.execute(f"CREATE TABLE mnaas.{table.default_name} ({columns})")
        for month in months:
            _fill(connection, month, rows)


def _fill(connection: Any, month: str, rows: int) -> None:
    each = f"FROM range(1, {rows + 1}) numbers(i)"
    money = f"CAST(i * {month[-2:]} * 1.2345 AS DECIMAL(18,4))"
    key = "'org' || i, 'unit', 'offer' || i % 3"
    currency = "IF(i % 2 = 0, 'GBP', 'USD')"
    for role, values in {
        "billable": f"{key}, 's' || i, {currency}, i, {money}, '10', 'GB', '{month}'",
        "overage": f"{key}, '{month}-03', {currency}, {money} / 7, '{month}'",
        "service": f"{key}, 'roaming', '{month}-04', {currency}, -{money} / 3, '{month}'",
        "register": f"'n' || i, '1', '{month}-05', {key}, {currency}, {money} * 2",
    }.items():
        connection.execute(f"INSERT INTO mnaas.{name_of(role)} SELECT {values} {each}")
    rate = f"'{month}', 'GBP', 'USD', 1.2{month[-2:]}"
    connection.execute(f"INSERT INTO mnaas.{name_of('rate')} VALUES ({rate})")


def name_of(role: str) -> str:
    """The default name of a source table."""
    return next(table.default_name for table in schema.SOURCES if table.role == role)


@dataclass(frozen=True)
class Finished:
    """How a command ended: its exit code (negative: killed by that signal) and all that it printed."""

    code: int
    text: str

    def expect(self, code: int, *texts: str) -> Finished:
        """Check the exit code and some texts; shows everything when one is wrong."""
        assert self.code == code, f"exit code {self.code}, not {code}\n{self.text}"
        for text in texts:
            assert text in self.text, f"{text!r} is not in\n{self.text}"
        return self

    def explained(self, code: int, *texts: str) -> Finished:
        """The same, and that no traceback is in sight."""
        assert TRACEBACK not in self.text, self.text
        return self.expect(code, *texts)


class Running:
    """A command under way, in a session (and so a process group) of its own."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def pid(self) -> int:
        """The command's own process."""
        return self.process.pid

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(errors="replace")

    def finish(self, seconds: float = PATIENCE) -> Finished:
        """Wait for its end."""
        return Finished(self.process.wait(seconds), self.text)

    def wait_for(self, *texts: str) -> None:
        """Wait until it has printed some texts."""
        wait_until(lambda: self.process.poll() is not None or all(text in self.text for text in texts))
        assert all(text in self.text for text in texts), self.text

    def wait_for_stop(self) -> None:
        """Wait until SIGSTOP has stopped it."""
        stat = Path(f"/proc/{self.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] in "TZ")
        assert self.process.poll() is None, self.text

    def send(self, number: int) -> None:
        """Send a signal to the command's own process."""
        self.process.send_signal(number)

    def send_group(self, number: int) -> None:
        """Send a signal to all of its processes, as a terminal does."""
        os.killpg(self.pid, number)

    def others(self) -> list[int]:
        """Its processes beside the first: workers, schedulers, orphans; found by their session."""
        return [pid for pid in session_of(self.pid) if pid != self.pid]

    def end(self) -> None:
        """Leave nothing of it behind."""
        for pid in session_of(self.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


def session_of(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[3]) == leader:
            found.append(int(stat.parent.name))
    return found


def wait_until(happened: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something that another process does."""
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)


class Place:
    """A folder with a ``luigi.cfg`` and an embedded warehouse, as an operator has them."""

    def __init__(self, folder: Path, template: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = folder / "luigi.cfg"
        self.warehouse = folder / "warehouse.duckdb"
        self.state = folder / "state"
        shutil.copy(template, self.warehouse)
        self.configure()
        self._running: list[Running] = []

    def configure(self, more: str = "", **ciss: object) -> None:
        """Write ``luigi.cfg`` again, with other keys of ``[ciss]`` and more sections."""
        keys = {"warehouse_url": "duckdb:///warehouse.duckdb", "state_dir": "state", **ciss}
        lines = [f"{key} = {value}" for key, value in keys.items()]
        text = "\n".join(["[ciss]", *lines, "", "[core]", "log_level = INFO", "rpc_retry_wait = 0", more, ""])
        self.config.write_text(text)

    def start(
        self,
        *arguments: str,
        prelude: str = "",
        folder: Path | None = None,
        before: Sequence[str] = (),
        **environment: str,
    ) -> Running:
        """Start ``luigi`` with nothing in its environment but HOME, PATH and what is given."""
        program = [str(PYTHON), "-c", _AS_LUIGIS_SCRIPT + prelude + _RUN_LUIGI] if prelude else [str(LUIGI)]
        output = self.folder.parent / f"{self.folder.name}-output-{len(self._running)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*before, *program, "--module", "ciss_luigi", *arguments],
                cwd=folder or self.folder,
                env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(Running(process, output))
        return self._running[-1]

    def end(self) -> None:
        """Leave no process behind, however the test ended."""
        for running in self._running:
            running.end()

    def luigi(self, *arguments: str, **how: Any) -> Finished:
        """Run ``luigi`` to its end."""
        return self.start(*arguments, **how).finish()

    def merge(self, date: str, *options: str, **how: Any) -> Finished:
        """``luigi --module ciss_luigi MergeMain --date D``, without a luigid unless an option names one."""
        return self.luigi("MergeMain", "--date", date, *with_scheduler(options), **how)

    def merging(self, date: str, *options: str, **how: Any) -> Running:
        """The same, only started."""
        return self.start("MergeMain", "--date", date, *with_scheduler(options), **how)

    def range(self, start: str, stop: str, *options: str, **how: Any) -> Finished:
        """``luigi --module ciss_luigi RangeDaily --of MergeMain``."""
        return self.ranging(start, stop, *options, **how).finish(4 * PATIENCE)

    def ranging(self, start: str, stop: str, *options: str, **how: Any) -> Running:
        """The same, only started."""
        bounds = ("--of", "MergeMain", "--start", start, "--stop", stop)
        return self.start("RangeDaily", *bounds, *with_scheduler(options), **how)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse, or change it."""
        import duckdb

        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(statement).fetchall()

    def main(self) -> list[tuple[Any, ...]]:
        """All of main but run_id."""
        return self.query(f"SELECT * EXCLUDE (run_id) FROM mnaas.{MAIN} ORDER BY ALL")

    def marker(self, date: str, step: str) -> Path:
        """Where a marker stands."""
        return self.state / "markers" / date / f"{step}.json"

    def marked(self, date: str) -> list[str]:
        """The steps of a date that have a marker."""
        return [step for step in STEPS if self.marker(date, step).exists()]

    def read_marker(self, date: str, step: str) -> dict[str, Any]:
        """What a marker says."""
        values: dict[str, Any] = json.loads(self.marker(date, step).read_text())
        return values

    def touched(self) -> list[Path]:
        """The files of the state, but for the lines that every command leaves of itself."""
        files = [path for path in self.state.rglob("*") if path.is_file()]
        return [path for path in files if path.parent.name != "commands"]

    def attempts(self, date: str) -> list[Attempt]:
        """What the ledger says."""
        return Ledger(self.state / "ledger").attempts(RunDate.parse(date))

    def wait_for_step(self, date: str, step: str) -> None:
        """Wait until a step has begun."""
        wait_until(lambda: any(attempt.step == step for attempt in self.attempts(date)))


MAIN = "customer_invoice_summary_estimated"
TEMP = "customer_invoice_summary_estimated_temp"


def with_scheduler(options: Sequence[str]) -> list[str]:
    """Options, with a scheduler inside the command unless they name a luigid."""
    named = any(option.startswith("--scheduler") for option in options)
    return [*options, *([] if named else ["--local-scheduler"])]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Luigid:
    """A luigid, with what a command needs to reach it."""

    def __init__(self, folder: Path, **scheduler: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.options = ("--scheduler-port", str(self.port), "--scheduler-host", "127.0.0.1")
        self._folder = folder
        keys = "".join(f"{key} = {value}\n" for key, value in scheduler.items())
        (folder / "luigi.cfg").write_text(f"[scheduler]\nrecord_task_history = false\n{keys}")
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        with (self._folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [str(LUIGID), "--port", str(self.port), "--address", "127.0.0.1"],
                cwd=self._folder,
                env={"HOME": str(self._folder), "PATH": "/usr/bin:/bin"},
                stdout=output,
                stderr=output,
            )
        wait_until(self._answers)

    def kill(self) -> None:
        """End it at once, as a power cut would: it saves nothing."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def call(self, method: str, **arguments: object) -> Any:
        """Call its API, as its page does."""
        from urllib.parse import urlencode
        from urllib.request import urlopen

        data = urlencode({"data": json.dumps(arguments)})
        with urlopen(f"http://127.0.0.1:{self.port}/api/{method}?{data}", timeout=10) as answer:
            return json.loads(answer.read())["response"]

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def luigid(folder: Path, **scheduler: object) -> Iterator[Luigid]:
    """A luigid for a while."""
    daemon = Luigid(folder, **scheduler)
    try:
        yield daemon
    finally:
        daemon.kill()


def slow_sql(folder: Path, rows: int) -> Path:
    """A ``sql_dir`` whose rules are the built-in ones after computing so many million rows."""
    from ciss_luigi.sql.files import built_in

    text = built_in("build")
    heavy = (
        f"WITH heavy AS (SELECT COUNT(*) AS n FROM range({rows}) a(x), range(1000000) b(y) "
        "WHERE (x * y + x) % 7 = 8),"
    )
    assert text.count("\nWITH months AS") == 1
    assert text.endswith("FROM priced")
    folder.mkdir()
    slow = text.replace("\nWITH months AS", f"\n{heavy} months AS")
    (folder / "build.sql").write_text(f"{slow}\nWHERE (SELECT n FROM heavy) = 0\n")
    return folder
