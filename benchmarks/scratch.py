"""A folder with a warehouse, a luigi.cfg and the commands on them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from benchmarks import bare, processes, warehouse
from benchmarks.processes import Cost
from ciss_luigi import site
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step

_BIN = Path(sys.executable).parent
_CONFIGURATION = "[ciss]\nwarehouse_url = duckdb:///warehouse.duckdb\nstate_dir = state\n"


class Scratch:
    """One installation in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        self.state = folder / "state"
        self._sources = folder / "sources.duckdb"
        self.configure()

    def configure(self, sections: str = "", **keys: str) -> None:
        """Write ``luigi.cfg`` with some more keys of ``[ciss]``, and other sections after it."""
        more = "".join(f"{key} = {value}\n" for key, value in keys.items())
        (self.folder / "luigi.cfg").write_text(_CONFIGURATION + more + sections, encoding="utf-8")

    @cached_property
    def site(self) -> Site:
        """The installation as its commands see it."""
        return site.load({}, self.folder)

    def statements(self) -> Statements:
        """The statements of the run date, as BuildTemp and MergeMain send them."""
        engine = self.site.engine()
        return Statements(self.site.settings, engine.dialect, warehouse.DATE, Step.BUILD, "benchmark")

    def make_sources(self, size: warehouse.Size) -> None:
        """Make the source tables once; ``begin_again`` copies them."""
        warehouse.make(self._sources, size)

    def begin_again(self, statements: Sequence[str] = (), warehouse: Path | None = None) -> None:
        """Only the sources, on disk to the last byte: no state, no main, no temp; then some statements.

        Or ``warehouse``, a file to begin with instead.
        """
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copyfile(warehouse or self._sources, self.warehouse)
        if statements:
            self.ask(*statements)
        with self.warehouse.open("rb") as file:
            os.fsync(file)

    def ask(self, *statements: str) -> int:
        """Send statements; the first number that the last one answers, 0 without one."""
        import duckdb

        with duckdb.connect(str(self.warehouse)) as connection:
            for statement in statements[:-1]:
                connection.execute(statement)
            row = connection.execute(statements[-1]).fetchone()
        return int(row[0]) if row else 0

    def row(self, question: str) -> tuple[str, ...]:
        """The first row of an answer, each value as text; nothing is written."""
        import duckdb

        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return tuple(map(str, connection.execute(question).fetchone() or ()))

    def merge_main(self) -> Cost:
        """The literal command."""
        return self.luigi("ciss_luigi", "MergeMain", "--date", str(warehouse.DATE))

    def luigi(self, module: str, *words: str) -> Cost:
        """Luigi's command with tasks of some module, which may stand in the folder."""
        command = [str(_BIN / "luigi"), "--module", module, *words, "--local-scheduler"]
        return processes.run(command, self.folder, {"PYTHONPATH": str(self.folder)})

    def ciss(self, *words: str) -> Cost:
        """The operator's command."""
        return processes.run([str(_BIN / "ciss"), *words], self.folder)

    def bare(self, statements: Sequence[str], road: str) -> Cost:
        """The statements, sent by a script that does nothing else."""
        file = self.folder / "statements.sql"
        file.write_text(bare.SEPARATOR.join(statements), encoding="utf-8")
        return processes.run(
            [sys.executable, bare.__file__, road, self.warehouse.name, file.name], self.folder
        )
