"""What an impalad refuses before anything runs: names it does not know, tables it does not serve, rights.

The places in Impala's source that each refusal follows stand in BEHAVIOUR.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.servers.impalacatalog import Catalog, Table
from tests.servers.impalagrammar import Version
from tests.servers.impalasession import ImpalaError, Session
from tests.servers.impalasql import QUOTED, WORD, Sql, kind, read, table_name

ACID: Version = (3, 0)
"""From here on an Impala knows of transactional tables; one of 2.12 runs with a metastore that has none."""

_TABLE_VERBS = {"refresh": 1, "truncate": 1, "alter": 2, "show partitions": 2}


@dataclass
class Analysis:
    """An Impala's view of one statement after another."""

    catalog: Catalog
    version: Version
    denied: set[str] = field(default_factory=set)
    """Privileges that nobody has here, such as CREATE."""

    def check(self, session: Session, sql: Sql) -> None:
        """Raise ImpalaError for what is refused."""
        what = kind(sql)
        if what == "explain":
            self.check(session, read(sql.text[sql.tokens[1].start :]))
            return
        self._create(session, sql, what)
        for name, words in self._targets(session, sql, what):
            self._known(name, words)
        self._transactional(session, sql, what)

    def sources(self, session: Session, sql: Sql) -> Iterator[tuple[int, int, Table]]:
        """Give the tables that a query reads, each with the tokens that its name spans."""
        for index, word in enumerate(sql.words):
            if word in {"FROM", "JOIN"} and kind(sql) in {"select", "insert", "explain"}:
                name, after = table_name(sql, index + 1)
                if "." in name and self.catalog.has_table(name):
                    yield index + 1, after, self.catalog.load(session, name)

    # --- names ------------------------------------------------------------------------------------

    def _targets(self, session: Session, sql: Sql, what: str) -> Iterator[tuple[str, str]]:
        """Give the names that have to be known, each with Impala's words for one that is not."""
        plain, resolved = "Table does not exist: {}", "Could not resolve table reference: '{}'"
        if what == "show tables" and "IN" in sql.words:
            yield table_name(sql, sql.words.index("IN") + 1)[0], ""
        elif what == "describe":
            place = 1 + (sql.words[1] in {"FORMATTED", "EXTENDED"})
            yield self._full(session, table_name(sql, place)[0]), "Could not resolve path: '{}'"
        elif what in _TABLE_VERBS and "DATABASE" not in sql.words[:2]:
            place = _TABLE_VERBS[what] + (what == "truncate" and sql.words[1] == "TABLE")
            words = resolved if what == "alter" else plain
            yield self._full(session, table_name(sql, place)[0]), words
        elif what == "insert":
            yield self._full(session, inserted(sql)), plain
        if what in {"select", "insert"}:
            for index, word in enumerate(sql.words):
                name = table_name(sql, index + 1)[0] if word in {"FROM", "JOIN"} else ""
                if "." in name:
                    yield name, resolved

    def _known(self, name: str, words: str) -> None:
        database = name.partition(".")[0]
        if not words and not self.catalog.has_database(name):
            raise ImpalaError(f"AnalysisException: Database does not exist: {name}")
        if not words or self.catalog.has_table(name):
            return
        if words.startswith("Table does not") and not self.catalog.has_database(database):
            raise ImpalaError(f"AnalysisException: Database does not exist: {database}")
        raise ImpalaError(f"AnalysisException: {words.format(name)}")

    def _full(self, session: Session, name: str) -> str:
        return name if "." in name else f"{session.database}.{name}"

    # --- rights -----------------------------------------------------------------------------------

    def _create(self, session: Session, sql: Sql, what: str) -> None:
        """IF NOT EXISTS changes nothing: the right is asked for before the look whether it is there."""
        if what == "create" and "CREATE" in self.denied:
            raise ImpalaError(
                f"AuthorizationException: User '{session.user}' does not have privileges to execute "
                f"'CREATE' on: {created(sql)[0].partition('.')[0]}"
            )

    # --- transactional tables ---------------------------------------------------------------------

    def _transactional(self, session: Session, sql: Sql, what: str) -> None:
        if self.version < ACID:
            return
        if what == "refresh" and "PARTITION" in sql.words:
            table = self.catalog.load(session, self._full(session, table_name(sql, 1)[0]))
            if table.transactions:
                raise ImpalaError(
                    "AnalysisException: Refreshing a partition is not allowed on transactional tables. "
                    "Try to refresh the whole table instead."
                )
        if what == "alter":
            table = self.catalog.load(session, self._full(session, table_name(sql, 2)[0]))
            adds_partition = sql.find("ADD") >= 0 and sql.find("PARTITION", "(") >= 0
            if table.transactions and not (adds_partition and self.version >= (4, 0)):
                raise ImpalaError(
                    "AnalysisException: ALTER TABLE not supported on transactional (ACID) table: "
                    + table.name
                )
        if what in {"insert", "truncate"}:
            place = 1 + (sql.words[1] == "TABLE")
            name = inserted(sql) if what == "insert" else table_name(sql, place)[0]
            table = self.catalog.load(session, self._full(session, name))
            if table.transactions == "default":
                raise ImpalaError(f"AnalysisException: {self._full_acid(table, what)}")

    def _full_acid(self, table: Table, what: str) -> str:
        if self.version >= (4, 0):
            return f"{what.upper()} not supported on full transactional (ACID) table: {table.name}"
        return (
            f"Table {table.name} not supported. Transactional (ACID) tables are "
            "only supported when they are configured as insert_only."
        )


def created(sql: Sql) -> tuple[str, bool]:
    """Give what a CREATE makes, and whether it is a database."""
    index = 1 + (sql.words[1] == "EXTERNAL")
    is_database = sql.words[index] in {"DATABASE", "SCHEMA"}
    index += 1
    if sql.words[index : index + 3] == ["IF", "NOT", "EXISTS"]:
        index += 3
    return table_name(sql, index)[0], is_database


def inserted(sql: Sql) -> str:
    """Give the table that an INSERT writes to."""
    place = sql.find("INSERT", depth0=True) + 2
    while place < len(sql.words) and (sql.words[place] == "TABLE" or sql.words[place].startswith("<hint")):
        place += 1
    return table_name(sql, place)[0] if sql.tokens[place].sort in {WORD, QUOTED} else ""
