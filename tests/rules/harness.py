"""A warehouse that is filled from reference tables, and the three steps run on it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.config import settings
from ciss_luigi.done import is_done
from ciss_luigi.engines.base import Engine, Row
from ciss_luigi.queries import readiness
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Queue, Site, Watch, ignore
from ciss_luigi.state.markers import STEPS, Marker, Step
from ciss_luigi.steps import runner
from tests.reference import MONEY_COLUMNS, Cell, SourceTable, Tables
from tests.rules.duckfile import DuckFile

SHARED = Path(__file__).resolve().parents[3] / "shared"
SAMPLE = Path(__file__).parents[1] / "realdata"
MAIN = "mnaas.customer_invoice_summary_estimated"
TEMP = "mnaas.customer_invoice_summary_estimated_temp"
COLUMNS = (*(column.name for column in schema.SUMMARY_COLUMNS), "month_year")
RUN_COLUMNS = ("as_of_date", "run_id")

TextRow = Mapping[str, Cell]
Wrap = Callable[[Engine], Engine]


class Warehouse(Protocol):
    """Where the tables are: how the job reaches it, and a client of our own beside the job."""

    url: str

    def query(self, statement: str) -> list[Row]:
        """Ask, or change."""

    def replace(self, table: str, columns: Sequence[tuple[str, str]], rows: SourceTable) -> None:
        """Make a table again, with these rows."""

    def add(self, table: str, names: Sequence[str], rows: SourceTable) -> None:
        """Add rows to a table."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True)
class BenchSite(Site):
    """A site whose engine may be wrapped, to look at what the job sends or to interfere."""

    wrap: Wrap = lambda engine: engine

    def engine(self, queue: Queue = nullcontext, progress: Watch = ignore) -> Engine:
        """The engine of ``warehouse_url``, wrapped."""
        return self.wrap(super().engine(queue, progress))


@dataclass
class Bench:
    """One warehouse and its state; the steps run in this process, as the tasks run them."""

    folder: Path
    open_warehouse: Callable[[Path], Warehouse] = field(default=DuckFile, repr=False)
    wrap: Wrap = field(default=lambda engine: engine, repr=False)
    told: list[str] = field(default_factory=list, repr=False)
    command: str = ""
    """The command that steps belong to which are performed one by one."""

    def __post_init__(self) -> None:
        self.warehouse = self.open_warehouse(self.folder)

    def site(self, **keys: str) -> BenchSite:
        """The site with some keys of ``[ciss]``."""
        section = {"warehouse_url": self.warehouse.url, "state_dir": "state", "retries": "0", **keys}
        return BenchSite(settings.read(section, self.folder, {}), self.folder / "luigi.cfg", self.wrap)

    # --- what stands in the warehouse -------------------------------------------------------------

    def fill(self, tables: Tables, *, doubles: bool = False) -> None:
        """Replace the six source tables; forget main, temp and what earlier runs did."""
        self.query("CREATE SCHEMA IF NOT EXISTS mnaas")
        self.forget()
        self.change_sources(tables, doubles=doubles)

    def forget(self) -> None:
        """Drop main and temp, and the state that speaks of them."""
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        for table in (MAIN, TEMP):
            self.query(f"DROP TABLE IF EXISTS {table}")

    def change_sources(self, tables: Tables, *, doubles: bool = False) -> None:
        """Replace the six source tables alone."""
        for table in schema.SOURCES:
            kinds = {column.name: column.type for column in table.all_columns}
            if doubles and table is schema.RATES:
                kinds["avg_conv_rate"] = "DOUBLE"
            name = f"mnaas.{table.default_name}"
            self.warehouse.replace(name, list(kinds.items()), tables.of(table.role))

    def put_main(self, rows: Sequence[TextRow]) -> None:
        """Make main of these rows alone."""
        columns = [
            *((column.name, column.type) for column in schema.SUMMARY_COLUMNS),
            ("month_year", "STRING"),
        ]
        self.warehouse.replace(MAIN, columns, rows)

    def query(self, statement: str) -> list[Row]:
        """Ask the warehouse, or change it, as somebody else."""
        return self.warehouse.query(statement)

    def rows(self, table: str = MAIN, *, without: Sequence[str] = ()) -> list[dict[str, Cell]]:
        """Main, or temp, as texts in a fixed order; nothing where there is no such table."""
        database, _, name = table.partition(".")
        engine = Site.engine(self.site())
        with engine.session() as session:
            if name not in session.tables(engine.dialect.list_tables(database), ()):
                return []
        names = [name for name in COLUMNS if name not in without]
        answer = self.query(f"SELECT {', '.join(names)} FROM {table}")
        return in_order(dict(zip(names, map(_text, row), strict=True)) for row in answer)

    def result(self) -> list[dict[str, Cell]]:
        """Main without the columns that name the run: what a reference answers."""
        return self.rows(without=RUN_COLUMNS)

    # --- the job ----------------------------------------------------------------------------------

    def run(self, date: str, **keys: str) -> None:
        """What the command does: nothing if main is as new, else ask for the sources, then what is left.

        Raises what the steps raise, and SourcesMissing where the command ends before its first step.
        """
        here, when = self.site(**keys), RunDate.parse(date)
        if is_done(here, when, Step.MERGE):
            return
        self.require_sources(date, **keys)
        self.run_steps(date, **keys)

    def run_steps(self, date: str, **keys: str) -> None:
        """The steps that a command would begin, its sources being ready."""
        here, when = self.site(**keys), RunDate.parse(date)
        self.command = uuid.uuid4().hex
        for step in STEPS:
            if not is_done(here, when, step):
                self.perform(date, step, **keys)

    def require_sources(self, date: str, **keys: str) -> None:
        """What SourcesReady asks; raises SourcesMissing."""
        here, when = self.site(**keys), RunDate.parse(date)
        engine, months = here.engine(), when.months_in_scope(here.settings.grace_days)
        with engine.session() as session:
            asking = Statements(here.settings, engine.dialect, when, "SourcesReady")
            holdings = readiness.ask(session, asking, months)
        readiness.judge(holdings, months, here.settings).require()

    def perform(self, date: str, step: Step, **keys: str) -> None:
        """One step, from its ledger entry to its marker."""
        here, when = self.site(**keys), RunDate.parse(date)
        runner.perform(here, when, step, tell=self.told.append, command=self.command)

    def marker(self, date: str, step: Step = Step.BUILD) -> Marker | None:
        """The marker of a step, if it is valid."""
        return self.site().markers.read(RunDate.parse(date), step)

    def marked(self, date: str) -> list[Step]:
        """The steps of a date that have a valid marker."""
        return [step for step in STEPS if self.marker(date, step)]

    def reset(self, date: str, step: Step = Step.TRUNCATE) -> None:
        """Remove the markers of a step and of later ones, as ``ciss reset`` does."""
        self.site().markers.remove_from(RunDate.parse(date), step)


def held_row(month: str, as_of_date: Cell) -> TextRow:
    """A row that an earlier run, or the job before this one, left in main."""
    known = {"month_year": month, "as_of_date": as_of_date, "currency": "USD", "run_id": "earlier"}
    return {**dict.fromkeys(COLUMNS, "old"), **_NUMBERS, **known}


_NUMBERS = {
    **dict.fromkeys(("billable_subs", "source_rows"), "1"),
    **dict.fromkeys(MONEY_COLUMNS, "1.0000"),
    "conversion_rate": "1.00000000",
}


def in_order(rows: Iterable[TextRow]) -> list[dict[str, Cell]]:
    """Rows in an order that depends on nothing but what they hold."""

    def place(row: TextRow) -> list[tuple[str, bool, str]]:
        return sorted((name, text is None, text or "") for name, text in row.items())

    return sorted(map(dict, rows), key=place)


def _text(value: object) -> Cell:
    if value is None:
        return None
    return format(value, "f") if isinstance(value, Decimal) else str(value)
