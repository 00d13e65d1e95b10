"""The little that must change before a real Hive or Spark takes a statement that Impala takes.

Only the form changes, never what the statement means: the front is there so that a client's Impala
SQL is run for real.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from tests.servers.impalasql import HINT, STRING, Sql, read

Dialect = Literal["hive", "spark"]
Step = Callable[[Sql], str]


def translate(text: str, dialect: Dialect) -> str:
    """Give the statement as the real server wants it."""
    sql = read(text)
    for step in _STEPS[dialect]:
        changed = step(sql)
        if changed != sql.text:
            sql = read(changed)
    return sql.text


def _without_semicolons(sql: Sql) -> str:
    """Hive does not parse a trailing semicolon, of which Impala takes any number."""
    end = next((token.start for token in sql.tokens if token.word == ";"), len(sql.text))
    return sql.text[:end]


def _without_hints(sql: Sql) -> str:
    """Hive refuses /*+ SHUFFLE */ where Impala wants it; [SHUFFLE] is Impala's alone."""
    text = sql.text
    for index in reversed(range(len(sql.tokens))):
        token = sql.tokens[index]
        bracket = sql.words[index : index + 3] in (["[", "SHUFFLE", "]"], ["[", "NOSHUFFLE", "]"])
        if token.sort == HINT or bracket:
            end = sql.tokens[index + 2].end if bracket else token.end
            text = text[: token.start] + " " + text[end:]
    return text


def _with_first(sql: Sql) -> str:
    """INSERT .. PARTITION (..) WITH q AS (..) SELECT: Hive wants the WITH before the INSERT."""
    if sql.words[:1] != ["INSERT"] or (start := sql.find("WITH", depth0=True)) < 0:
        return sql.text
    insert, common = sql.tokens[0].start, sql.tokens[start].start
    query = sql.tokens[sql.find("SELECT", start=start, depth0=True)].start
    text = sql.text
    return text[:insert] + text[common:query] + text[insert:common] + text[query:]


def _columns_last(sql: Sql) -> str:
    """INSERT .. t (a, b) PARTITION (..): Hive and Spark name the columns after the partition."""
    insert = sql.find("INSERT", depth0=True)
    partition = sql.find("PARTITION", "(", start=max(insert, 0), depth0=True)
    if insert < 0 or partition < 1 or sql.words[partition - 1] != ")":
        return sql.text
    opener = next(index for index in range(partition) if sql.closer(index) == partition - 1)
    columns, clause = sql.tokens[opener].start, sql.tokens[partition].start
    end = sql.tokens[sql.closer(partition + 1)].end
    text = sql.text
    return text[:columns] + text[clause:end] + " " + text[columns:clause] + text[end:]


def _overwrite_table(sql: Sql) -> str:
    """INSERT OVERWRITE t: Hive insists on the word TABLE there (and not after INSERT INTO)."""
    place = sql.find("INSERT", "OVERWRITE", depth0=True)
    if place < 0 or sql.words[place + 2 : place + 3] == ["TABLE"]:
        return sql.text
    end = sql.tokens[place + 1].end
    return f"{sql.text[:end]} TABLE{sql.text[end:]}"


def _truncate_table(sql: Sql) -> str:
    """TRUNCATE t: the word TABLE is not optional in Spark and in older Hives."""
    if sql.words[:1] != ["TRUNCATE"] or sql.words[1:2] == ["TABLE"]:
        return sql.text
    end = sql.tokens[0].end
    return f"{sql.text[:end]} TABLE{sql.text[end:]}"


def _table_comment(sql: Sql) -> str:
    """CREATE TABLE: Impala's COMMENT stands after PARTITIONED BY (..), Hive's before."""
    partitioned = sql.find("PARTITIONED", depth0=True)
    comment = sql.find("COMMENT", "<string>", start=max(partitioned, 0), depth0=True)
    if sql.words[:1] != ["CREATE"] or partitioned < 0 or comment < 0:
        return sql.text
    start, end = sql.tokens[comment].start, sql.tokens[comment + 1].end
    head, rest = sql.text[: sql.tokens[partitioned].start], sql.text[sql.tokens[partitioned].start : start]
    return f"{head}{sql.text[start:end]} {rest}{sql.text[end:]}"


def _btrim(sql: Sql) -> str:
    """BTRIM(s): Hive has only TRIM, which cuts the same character, the blank."""
    text = sql.text
    for token, after in reversed(list(zip(sql.tokens, sql.words[1:], strict=False))):
        if token.word == "BTRIM" and after == "(":
            text = text[: token.start] + "TRIM" + text[token.end :]
    return text


def _recover(sql: Sql) -> str:
    """ALTER TABLE t RECOVER PARTITIONS is MSCK REPAIR TABLE t in Hive."""
    place = sql.find("RECOVER", "PARTITIONS")
    if sql.words[:2] != ["ALTER", "TABLE"] or place < 0:
        return sql.text
    return "MSCK REPAIR TABLE" + sql.text[sql.tokens[1].end : sql.tokens[place].start].rstrip()


def _cascade(sql: Sql) -> str:
    """ALTER TABLE t ADD COLUMNS (..): an Impala reads all partitions by the table's columns."""
    if sql.words[:2] != ["ALTER", "TABLE"] or sql.find("ADD", "COLUMNS") < 0:
        return sql.text
    return f"{sql.text} CASCADE"


def _show_like(sql: Sql) -> str:
    """SHOW TABLES LIKE 'a*': Hive 4 wants SQL's wildcard in it."""
    last = sql.tokens[-1] if sql.tokens else None
    if last is None or sql.words[:2] != ["SHOW", "TABLES"] or last.sort != STRING:
        return sql.text
    return sql.text[: last.start] + last.text.replace("*", "%") + sql.text[last.end :]


_STEPS: Mapping[Dialect, tuple[Step, ...]] = {
    "hive": (
        _without_semicolons, _without_hints, _with_first, _columns_last, _overwrite_table, _truncate_table,
        _table_comment, _btrim, _recover, _cascade,
        _show_like,
    ),
    "spark": (_without_semicolons, _without_hints, _columns_last, _truncate_table),
}  # fmt: skip
