"""The table that a file replaces: its columns as they are, or as they will be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ciss_luigi.billing import schema
from ciss_luigi.engines.base import Session
from ciss_luigi.engines.duckdb.dialect import DuckDbDialect
from ciss_luigi.loading.dateforms import dated
from ciss_luigi.loading.faults import ALTER_TABLE, LoadError
from ciss_luigi.loading.forms import CellForm, Floating, form_of

_TABLES = {table.role: table for table in schema.SOURCES}
_RATES = {column.name for column in schema.RATES.all_columns if column.type == schema.RATE}
_OTHER_RATE = "DOUBLE"


@dataclass(frozen=True)
class Target:
    """A source table of the warehouse, which may not exist yet."""

    database: str
    table: str
    exists: bool
    forms: dict[str, CellForm]
    """The columns in the table's order, each with what it can hold."""

    @property
    def name(self) -> str:
        """Schema and table as SQL."""
        return f"{identifier(self.database)}.{identifier(self.table)}"

    def fitting(self, types: Mapping[str, str]) -> Target:
        """The table as it is; an absent one gets its rates as DOUBLE if a typed file has them so."""
        doubles = [name for name in _RATES if name in self.forms and types.get(name) == _OTHER_RATE]
        if self.exists or not doubles:
            return self
        return replace(self, forms=self.forms | dict.fromkeys(doubles, Floating(_OTHER_RATE)))

    def make(self, session: Session) -> None:
        """Create the table, empty, if it is absent."""
        if not self.exists:
            columns = ", ".join(f"{identifier(name)} {form.type}" for name, form in self.forms.items())
            session.execute(f"CREATE TABLE {self.name} ({columns})")

    def replace(self, session: Session, columns: list[str], expressions: list[str], source: str) -> int:
        """Replace all rows by a file's rows, by column name; returns the number of rows."""
        listed = ", ".join(map(identifier, columns))
        session.execute(f"DELETE FROM {self.name}")
        session.execute(f"INSERT INTO {self.name} ({listed}) SELECT {', '.join(expressions)} FROM {source}")
        return self.rows(session)

    def rows(self, session: Session) -> int:
        """How many rows the table has."""
        ((rows,),) = session.query(f"SELECT COUNT(*) FROM {self.name}")
        return int(rows)


def target(session: Session, database: str, role: str, table: str, *, odd_rows: bool = False) -> Target:
    """Look up the table; raises LoadError if it lacks columns that the job reads.

    With ``odd_rows`` any text is right where the job reads a month or a date.
    """
    expected = {column.name: column.type for column in _TABLES[role].all_columns}
    existing = dict(session.columns(DuckDbDialect().list_columns(database, table)))
    if missing := [name for name in expected if existing and name not in existing]:
        raise _unfit(f"the table {database}.{table} has no column {', '.join(missing)}")
    forms: dict[str, CellForm] = {}
    for name, kind in (existing or expected).items():
        form = form_of(kind)
        if form is None:
            problem = f"column {name} of the table {database}.{table} is {kind}"
            raise _unfit(f"{problem}; it must be text, DECIMAL, DOUBLE or a whole number")
        forms[name] = form if odd_rows else dated(role, name, form)
    return Target(database, table, bool(existing), forms)


def identifier(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _unfit(problem: str) -> LoadError:
    return LoadError(problem, advice=ALTER_TABLE)
