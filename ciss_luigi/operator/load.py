"""Filling the source tables of the embedded warehouse."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path

from ciss_luigi import commands
from ciss_luigi.billing import schema
from ciss_luigi.engines.base import Progress
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.loading import (
    ALTER_TABLE,
    CORRECT_FILE,
    LoadedTable,
    LoadError,
    LoadProgress,
    load_folder,
)
from ciss_luigi.site import Site


def load(
    site: Site, folder: Path, *, command: str, odd_rows: bool, progress: Callable[[LoadProgress], None]
) -> list[LoadedTable]:
    """Load every file of a folder that is named after a source table, all or none; returns all the tables.

    ``command`` is what to type again; with ``odd_rows`` invalid months and dates are loaded as they are.
    Raises Refused, LoadError or EngineUnavailable.
    """
    bar = _Bar(progress)
    settings, engine = site.settings, site.engine(progress=bar.within_file)
    _refuse_server(site)
    try:
        with (
            explaining(state="nothing of this load was kept", next_command=command),
            engine.session() as session,
        ):
            tables = settings.source_tables
            return load_folder(
                session, settings.database, tables, folder, odd_rows=odd_rows, progress=bar.of_files
            )
    except LoadError as error:
        error.next_command = f"{error.advice}, then: {command}"
        if error.odd_row:
            error.next_command += f"; or load such rows as they are: {command} --odd-rows"
        raise


class _Bar:
    """Shows each file and, within a large one, how far the statement is that reads it."""

    def __init__(self, tell: Callable[[LoadProgress], None]) -> None:
        self._tell = tell
        self._file: LoadProgress | None = None
        self._within = 0.0

    def of_files(self, told: LoadProgress) -> None:
        """A file begins or is done."""
        self._file, self._within = (told if told.rows is None else None), 0.0
        self._tell(told)

    def within_file(self, statement: Progress) -> None:
        """How far a statement is; a file takes several, and the bar never goes back."""
        if self._file is None or (statement.fraction or 0.0) <= self._within:
            return
        self._within = statement.fraction or 0.0
        read = int(self._within * self._file.bytes_file)
        self._tell(replace(self._file, bytes_done=self._file.bytes_done + read))


@contextmanager
def sample_folder(table_names: Mapping[str, str]) -> Iterator[Path]:
    """A folder with the packaged sample, its files named after this site's tables.

    If a file does not fit its table, the LoadError names the table: the file is right, and is removed at the
    end.
    """
    packaged = resources.files("ciss_luigi").joinpath("sample")
    with tempfile.TemporaryDirectory(prefix="ciss-sample-") as name:
        for table in schema.SOURCES:
            with resources.as_file(packaged.joinpath(f"{table.default_name}.csv")) as file:
                shutil.copyfile(file, Path(name, f"{table_names[table.role]}.csv"))
        try:
            yield Path(name)
        except LoadError as error:
            error.what = error.what.replace(f"{name}/", "the sample's ")
            error.next_command = error.next_command.replace(CORRECT_FILE, ALTER_TABLE)
            raise


def _refuse_server(site: Site) -> None:
    """Raise Refused for a cluster: its source tables belong to those who fill them."""
    warehouse = site.settings.warehouse
    if not warehouse.kind.embedded:
        raise Refused(
            f"ciss load fills only an embedded warehouse, and warehouse_url names {warehouse.kind} "
            f"{warehouse.place}",
            state="nothing was touched",
            next_command="fill the source tables there with the cluster's own tools, "
            f"then: {commands.check()}",
        )
