"""Statements about tables that Impala answers in its own form, out of its catalog; and what changes that."""

from __future__ import annotations

from typing import Any

from tests.servers.impalaanalysis import Analysis, created, inserted
from tests.servers.impalacatalog import Catalog, Table, quoted
from tests.servers.impalasession import ImpalaError, Session
from tests.servers.impalasql import Sql, kind, table_name
from tests.servers.thriftwire import table, texts

_STATISTICS = ("#Rows", "#Files", "Size", "Bytes Cached", "Cache Replication", "Format", "Incremental stats")
WRITES = ("TEXT", "PARQUET")


def full_name(session: Session, name: str) -> str:
    """Give a table's name with its database."""
    return name if "." in name else f"{session.database}.{name}"


def refresh(session: Session, sql: Sql, catalog: Catalog) -> None:
    """Check a REFRESH as Impala's analysis does (the partition itself need not exist), and read again."""
    written, after = table_name(sql, 1)
    name = full_name(session, written)
    if after < len(sql.tokens) and sql.words[after] == "PARTITION":
        inside = range(after + 2, sql.closer(after + 1))
        _check_keys(
            catalog.load(session, name), [sql.tokens[i - 1].name for i in inside if sql.words[i] == "="]
        )
    catalog.reload(session, name)


def _check_keys(known: Table, named: list[str]) -> None:
    name, keys = known.name, known.keys
    if not keys:
        raise ImpalaError(f"AnalysisException: Table is not partitioned: {name}")
    twice = next((one for one in named if named.count(one) > 1), "")
    if twice:
        raise ImpalaError(f"AnalysisException: Duplicate partition key name: {twice}")
    if len(named) != len(keys):
        raise ImpalaError(
            "AnalysisException: Items in partition spec must exactly match the partition columns in the "
            f"table definition: {name} ({len(named)} vs {len(keys)})"
        )
    for one in named:
        if one.lower() not in keys:
            raise ImpalaError(f"AnalysisException: Column '{one}' is not a partition column in table: {name}")


def invalidate(session: Session, sql: Sql, catalog: Catalog) -> None:
    """Take a table in, or forget it; without a name, learn all again."""
    name = table_name(sql, 2)[0]
    if name:
        catalog.invalidate(session, full_name(session, name))
    else:
        catalog.start(session)


def show_tables(session: Session, sql: Sql, catalog: Catalog) -> tuple[Any, Any] | None:
    """Give the tables that the catalog knows; a pattern is left to the real server."""
    if any(token.word == "<string>" for token in sql.tokens):
        return None
    database = table_name(sql, 3)[0] if "IN" in sql.words else session.database
    return table(("name",), [(name,) for name in catalog.tables(database)])


def show_partitions(session: Session, sql: Sql, catalog: Catalog) -> tuple[Any, Any]:
    """Give one row for each partition, the keys in columns of their own, and a row of totals."""
    known = catalog.load(session, full_name(session, table_name(sql, 2)[0]))
    if not known.keys:
        raise ImpalaError(f"AnalysisException: Table is not partitioned: {known.name}")
    filled = _filled(session, known)
    rows = []
    for spec in sorted(known.partitions):
        size = ["1", "1.50KB"] if spec in filled else ["0", "0B"]
        values = [part.partition("=")[2] for part in spec.split("/")]
        rows.append([*values, "-1", *size, "NOT CACHED", "NOT CACHED", known.format, "false", spec])
    total = ["Total", *[""] * (len(known.keys) - 1), "-1", str(len(filled)), "0B", "0B", "", "", "", ""]
    return table([*known.keys, *_STATISTICS, "Location"], [*rows, total])


def _filled(session: Session, known: Table) -> set[str]:
    """Ask which partitions hold rows: Impala counts their files."""
    keys = ", ".join(f"`{key}`" for key in known.keys)
    spec = ", '/', ".join(f"'{key}=', `{key}`" for key in known.keys)
    rows = session.query(f"SELECT CONCAT({spec}) FROM {quoted(known.name)} GROUP BY {keys}")
    return {row[0] for row in texts(rows)}


def describe(session: Session, sql: Sql, catalog: Catalog) -> tuple[Any, Any]:
    """Give the columns with the partition's last, and nothing below them."""
    known = catalog.load(session, full_name(session, table_name(sql, 1)[0]))
    return table(("name", "type", "comment"), known.columns)


def unwritable(session: Session, sql: Sql, catalog: Catalog) -> str:
    """Word what an INSERT fails with when it runs: EXPLAIN and the analysis pass it."""
    if kind(sql) != "insert":
        return ""
    known = catalog.load(session, full_name(session, inserted(sql)))
    if known.format in WRITES:
        return ""
    return (
        f"Cannot write to table with format {known.format}. Impala only supports writing to TEXT and PARQUET."
    )


def learn(session: Session, sql: Sql, catalog: Catalog, *, was_there: bool) -> None:
    """Take into the catalog what Impala's own statement has changed.

    A CREATE of what the metastore has and the catalog does not is the exception: it leaves the catalog as
    it is for a table, and takes in a database.
    """
    what = kind(sql)
    if what == "create":
        name, is_database = created(sql)
        if is_database:
            catalog.add_database(name)
        elif not was_there:
            catalog.add_table(full_name(session, name))
    elif what == "drop":
        _forget(session, sql, catalog)
    elif what == "insert" and catalog.has_table(full_name(session, inserted(sql))):
        _add_partition(session, sql, catalog)
    elif what == "alter":
        catalog.add_table(full_name(session, table_name(sql, 2)[0]))


def _forget(session: Session, sql: Sql, catalog: Catalog) -> None:
    place = 4 if sql.words[2:4] == ["IF", "EXISTS"] else 2
    name = table_name(sql, place)[0]
    if sql.words[1] in {"DATABASE", "SCHEMA"}:
        catalog.remove_database(name)
    else:
        catalog.remove_table(full_name(session, name))


def _add_partition(session: Session, sql: Sql, catalog: Catalog) -> None:
    known = catalog.load(session, full_name(session, inserted(sql)))
    place = sql.find("PARTITION", "(", depth0=True)
    if place < 0:
        return
    inside = range(place + 2, sql.closer(place + 1))
    parts = [
        f"{sql.tokens[i - 1].name.lower()}={sql.tokens[i + 1].name}" for i in inside if sql.words[i] == "="
    ]
    if len(parts) == len(known.keys):
        known.partitions.add("/".join(parts))


def unseen_left_out(session: Session, sql: Sql, analysis: Analysis) -> str:
    """Give a query as it reads what the catalog knows: without the partitions that came since."""
    text = sql.text
    for start, after, known in reversed(list(analysis.sources(session, sql))):
        if not known.keys:
            continue
        now = {row[0] for row in texts(session.query(f"SHOW PARTITIONS {quoted(known.name)}"))}
        unseen = sorted(now - known.partitions)
        if not unseen or len(known.keys) > 1:
            continue
        values = ", ".join(f"'{spec.partition('=')[2]}'" for spec in unseen)
        rows = f"(SELECT * FROM {quoted(known.name)} WHERE `{known.keys[0]}` NOT IN ({values}))"
        following = sql.tokens[after] if after < len(sql.tokens) else None
        aliased = (
            following is not None
            and following.sort in {"word", "quoted"}
            and (following.sort == "quoted" or following.word not in _CLAUSES)
        )
        alias = "" if aliased else f" `{known.name.rpartition('.')[2]}`"
        text = text[: sql.tokens[start].start] + rows + alias + text[sql.tokens[after - 1].end :]
    return text


_CLAUSES = {
    *("WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "JOIN", "LEFT", "RIGHT", "FULL", "INNER"),
    *("CROSS", "ON"),
}
