"""The catalog of an Impala: what it knows of databases, tables and partitions, whatever Hive holds by now.

It learns names when it starts, by its own DDL and by INVALIDATE METADATA; it learns what a table is when the
table is first used, and again after INVALIDATE METADATA and REFRESH.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.servers.impalasession import BackendError, ImpalaError, Session
from tests.servers.thriftwire import texts

_NOT_FOUND = ("Table not found", "TABLE_OR_VIEW_NOT_FOUND", "NoSuchTable", "cannot be found", "not exist")
_FORMATS = {"parquet": "PARQUET", "TextInput": "TEXT", "Orc": "ORC", "Avro": "AVRO", "RCFile": "RC_FILE"}


def quoted(name: str) -> str:
    """Give a name as Hive takes it, whatever words it is made of."""
    return ".".join(f"`{part}`" for part in name.split("."))


@dataclass
class Table:
    """What the catalog keeps of a table that it has loaded."""

    name: str
    columns: list[list[str]]
    keys: list[str]
    partitions: set[str]
    format: str
    transactions: str
    """Empty, `insert_only` or `default`, which is full ACID."""

    is_view: bool


class Catalog:
    """What an Impala knows. Names are in lower case, as in the metastore."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Table | None]] | None = None
        self._lock = threading.RLock()

    # --- names ------------------------------------------------------------------------------------

    def start(self, session: Session) -> None:
        """Learn all names, as a catalogd does when it starts and at INVALIDATE METADATA without a name."""
        with self._lock:
            databases = [row[0] for row in texts(session.query("SHOW DATABASES"))]
            self._known = {name: dict.fromkeys(_tables(session, name)) for name in databases}

    def started(self, session: Session) -> Catalog:
        """Give the catalog, started at the first statement."""
        with self._lock:
            if self._known is None:
                self.start(session)
        return self

    def forget(self) -> None:
        """Know nothing, to start again at the next statement."""
        self._known = None

    def has_database(self, name: str) -> bool:
        """Tell whether a database is known."""
        return name.lower() in (self._known or {})

    def tables(self, database: str) -> list[str]:
        """Give the known tables of a database."""
        return sorted((self._known or {}).get(database.lower(), {}))

    def has_table(self, name: str) -> bool:
        """Tell whether a table is known, by its full name."""
        database, _, table = name.lower().partition(".")
        return table in (self._known or {}).get(database, {})

    def add_database(self, name: str) -> None:
        """Take a database in."""
        with self._lock:
            (self._known or {}).setdefault(name.lower(), {})

    def add_table(self, name: str) -> None:
        """Take a table in, to be loaded when it is used."""
        database, _, table = name.lower().partition(".")
        with self._lock:
            (self._known or {}).setdefault(database, {})[table] = None

    def remove_table(self, name: str) -> None:
        """Forget a table."""
        database, _, table = name.lower().partition(".")
        (self._known or {}).get(database, {}).pop(table, None)

    def remove_database(self, name: str) -> None:
        """Forget a database."""
        (self._known or {}).pop(name.lower(), None)

    def invalidate(self, session: Session, name: str) -> None:
        """Take a table in, with its database, where the metastore has it; forget it where not."""
        database, _, table = name.lower().partition(".")
        try:
            there = table in _tables(session, database)
        except BackendError:
            there = False
        self.add_table(name) if there else self.remove_table(name)

    # --- what tables are --------------------------------------------------------------------------

    def load(self, session: Session, name: str) -> Table:
        """Give a known table, read from the metastore at its first use."""
        database, _, short = name.lower().partition(".")
        with self._lock:
            known = (self._known or {})[database]
            table = known[short]
            if table is None:
                table = known[short] = _read(session, name.lower())
            return table

    def reload(self, session: Session, name: str) -> Table:
        """Read a table from the metastore again, as REFRESH does."""
        self.add_table(name)
        return self.load(session, name)


def _tables(session: Session, database: str) -> list[str]:
    views = [row[0] for row in texts(session.query(f"SHOW VIEWS IN `{database}`"))]
    return [row[0] for row in texts(session.query(f"SHOW TABLES IN `{database}`"))] + views


def _read(session: Session, name: str) -> Table:
    try:
        rows = texts(session.query(f"DESCRIBE FORMATTED {quoted(name)}"))
    except BackendError as error:
        if any(text in str(error) for text in _NOT_FOUND):
            raise ImpalaError(f"TableLoadingException: Failed to load metadata for table: {name}") from error
        raise
    rows = [[cell.strip() for cell in row] for row in rows]
    parameters = {row[1]: row[2] for row in rows if len(row) > 2}
    facts = {row[0]: row[1] for row in rows if len(row) > 1}
    columns, keys = _columns(session, name)
    transactions = parameters.get("transactional_properties", "default")
    return Table(
        name,
        columns,
        keys,
        {row[0] for row in texts(session.query(f"SHOW PARTITIONS {quoted(name)}"))} if keys else set(),
        next((known for sign, known in _FORMATS.items() if sign in facts.get("InputFormat:", "")), "OTHER"),
        transactions if parameters.get("transactional", "").lower() == "true" else "",
        "VIEW" in facts.get("Table Type:", ""),
    )


def _columns(session: Session, name: str) -> tuple[list[list[str]], list[str]]:
    """Ask for a table's columns, the partition's last, and which those are."""
    rows = [[cell.strip() for cell in row] for row in texts(session.query(f"DESCRIBE {quoted(name)}"))]
    names = [row[0] for row in rows]
    end = next((i for i, one in enumerate(names) if not one or one.startswith("#")), len(rows))
    columns, below = rows[:end], rows[end:]
    partition = [row[0].lower() for row in below if row[0] and not row[0].startswith("#")]
    missing = [row for row in below if row[0].lower() in partition and row[0] not in names[:end]]
    return columns + missing, partition
