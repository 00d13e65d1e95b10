"""What Impala's parser refuses although Hive, Spark or DuckDB take it, with Impala's error text.

Only forms that were tried on Impala's own grammar of 2.7 to 4.5: what passes here may be refused there.
Where Impala does not refuse but stores the wrong text ('it''s'), this does: no test may pass with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.servers.impalasql import NUMBER, QUOTED, STRING, WORD, Sql, read, syntax_error, table_name

Version = tuple[int, ...]

# Words in a row that no version takes, and which of them the parser stumbles over.
_NEVER: tuple[tuple[tuple[str, ...], int], ...] = (
    ((")", "IF", "NOT", "EXISTS"), 1),
    (("OVERWRITE", "<hint>"), 1),
    (("CREATE", "TEMPORARY"), 1),
    (("CREATE", "OR", "REPLACE"), 1),
    (("EXCHANGE", "PARTITION"), 0),
    (("WITH", "RECURSIVE"), 1),
    (("FETCH", "FIRST"), 0),
    (("TIMESTAMP", "<string>"), 1),
    (("ESCAPE", "<string>"), 0),
    (("FILTER", "(", "WHERE"), 1),
    (("LIMIT", "<number>", ","), 2),
    (("=", "="), 1),
    ((":", ":"), 0),
    (("QUALIFY", "ROW_NUMBER"), 0),
    ((")", ",", "PARTITION", "("), 1),
)
# Verbs of other dialects.
_FOREIGN = {"ANALYZE", "DESC", "FROM", "MSCK", "START", "UNSET"}
# Taken from this version on only.
_SINCE: tuple[tuple[tuple[str, ...], Version], ...] = (
    (("GROUPING", "SETS"), (4, 0)),
    (("INTERSECT",), (4, 0)),
    (("EXCEPT",), (4, 0)),
    (("MINUS",), (4, 0)),
    (("DATE", "<string>"), (3, 4)),
    (("TRIM", "(", "BOTH"), (4, 5)),
)
_SET_LENGTH = 4  # SET, name, =, value
_CREATE_ORDER = ("PARTITIONED", "SORT", "COMMENT", "ROW", "STORED", "LOCATION", "TBLPROPERTIES")
_BAD_ALIASES = {
    *("DATE", "ROW", "ROWS", "GROUP", "OFFSET", "END", "COMMENT", "LOCATION", "CURRENT", "FIRST", "ONLY"),
    *("PARTITION", "RANGE", "TIMESTAMP", "POSITION", "SCOPE", "WINDOW", "FILTER", "LATERAL", "ANY", "SOME"),
    *("LAST", "ONE"),
}
_NO_ALIAS = {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "JOIN", "LEFT", "RIGHT", "FULL", "INNER"}
_NO_ALIAS |= {"CROSS", "ON", "UNION", ")", ",", ""}


def refusal(text: str, version: Version) -> str:
    """Give Impala's error text for a statement that its parser does not take, or nothing."""
    sql = read(text)
    words = (_first, _literals, _parameters, _never, _spellings)
    rules = (*words, _show, _insert, _create, _queries, _refresh, _set)
    places = [place for rule in rules for place in rule(sql)]
    places += [sql.find(*words) for words, since in _SINCE if version < since and sql.find(*words) >= 0]
    return syntax_error(sql, min(places)) if places else ""


def _first(sql: Sql) -> Iterator[int]:
    """A hint or a foreign verb first, and anything after a semicolon but more semicolons."""
    words = sql.words
    if not words or words[0] == "<hint>" or words[0] in _FOREIGN:
        yield 0
    end = words.index(";") if ";" in words else len(words)
    yield from (index for index in range(end, len(words)) if words[index] != ";")


def _literals(sql: Sql) -> Iterator[int]:
    """Two strings in a row: 'it''s' is 'it' with the alias s to Impala, where it is not an error."""
    yield from (i + 1 for i, (a, b) in enumerate(pairwise(sql.tokens)) if a.sort == b.sort == STRING)


def _parameters(sql: Sql) -> Iterator[int]:
    """Placeholders that a driver should have replaced."""
    for index, token in enumerate(sql.tokens):
        following = [one.word for one in sql.tokens[index : index + 5]]
        if token.word in {"?", ":"} or (following[:2] == ["%", "("] and following[3:] == [")", "S"]):
            yield index


def _never(sql: Sql) -> Iterator[int]:
    for words, stumble in _NEVER:
        place = sql.find(*words)
        if place >= 0:
            yield place + stumble


def _spellings(sql: Sql) -> Iterator[int]:
    """Types and functions that do not exist, and names that are reserved."""
    for index, (token, following) in enumerate(pairwise(sql.tokens)):
        opener = sql.openers[index]
        called = sql.tokens[opener - 1].word if opener > 0 else ""
        if token.word == "AS" and called in {"CAST", "TRY_CAST"}:
            if called == "TRY_CAST" or following.word in {"NUMERIC", "TEXT"}:
                yield index + (called == "CAST")
        elif token.word == "AS" and following.word in _BAD_ALIASES:
            yield index + 1


def _show(sql: Sql) -> Iterator[int]:
    """SHOW PARTITIONS, DESCRIBE and TRUNCATE take no PARTITION clause."""
    words = sql.words
    if words[:2] == ["SHOW", "PARTITIONS"] or words[:1] in (["DESCRIBE"], ["TRUNCATE"]):
        place = sql.find("PARTITION", "(")
        if place >= 0:
            yield place


def _insert(sql: Sql) -> Iterator[int]:
    """Columns are named before PARTITION (..), never after it as in Hive."""
    insert = sql.find("INSERT", depth0=True)
    partition = sql.find("PARTITION", "(", start=insert, depth0=True) if insert >= 0 else -1
    if partition < 0:
        return
    after = sql.words[sql.closer(partition + 1) + 1 :][:2]
    if after[:1] == ["("] and after[1:] not in (["SELECT"], ["WITH"], ["VALUES"], ["("]):
        yield sql.closer(partition + 1) + 1


def _create(sql: Sql) -> Iterator[int]:
    """CREATE TABLE takes its clauses in one order, and no foreign types."""
    if sql.words[:1] != ["CREATE"] or "TABLE" not in sql.words[:3]:
        return
    ranks = [
        (_CREATE_ORDER.index(token.word), index)
        for index, token in enumerate(sql.tokens)
        if sql.openers[index] < 0 and token.word in _CREATE_ORDER
    ]
    yield from (index for (before, _), (rank, index) in pairwise(ranks) if rank < before)
    for index, (token, following) in enumerate(pairwise(sql.tokens)):
        opener = sql.openers[index]
        in_columns = opener >= 0 and sql.openers[opener] < 0 and token.sort in {WORD, QUOTED}
        if in_columns and following.word in {"NUMERIC", "TEXT"}:
            yield index + 1


def _queries(sql: Sql) -> Iterator[int]:
    """A subquery in FROM has an alias; (a, b) IN (..) does not exist."""
    words = [*sql.words, "", ""]
    for opener in (index for index, word in enumerate(words) if word == "("):
        before, after = words[opener - 1] if opener else "", sql.closer(opener) + 1
        following = words[after : after + 2] or ["", ""]
        if words[opener + 1] in {"SELECT", "WITH"}:
            if before in {"FROM", "JOIN"} and following[0] in _NO_ALIAS:
                yield after
        elif before in {"WHERE", "AND", "OR", "ON", "NOT"} and following in (["IN", "("], ["NOT", "IN"]):
            commas = [i for i in range(opener, after) if words[i] == "," and sql.openers[i] == opener]
            yield from [after] if commas else []


def _refresh(sql: Sql) -> Iterator[int]:
    """REFRESH db.t [PARTITION (a='1' [, b=2])], INVALIDATE METADATA [db.t]: no TABLE, nothing more."""
    words = [word for word in sql.words if word != ";"]
    if words[:1] != ["REFRESH"] and words[:2] != ["INVALIDATE", "METADATA"]:
        return
    start = 1 if words[0] == "REFRESH" else 2
    if words[start : start + 1] == ["TABLE"]:
        yield start
        return
    name, after = table_name(sql, start)
    if words[0] == "REFRESH" and not name:
        yield start
    elif words[0] == "REFRESH" and words[after : after + 2] == ["PARTITION", "("]:
        after = sql.closer(after + 1) + 1
    if len(words) > after:
        yield after


def _set(sql: Sql) -> Iterator[int]:
    """SET [ALL], SET name = value with one number, string or word: a point anywhere ends it."""
    words = [word for word in sql.words if word != ";"]
    if words[:1] != ["SET"] or len(words) == 1 or words[1:] == ["ALL"]:
        return
    sorts = [token.sort for token in sql.tokens[: len(words)]]
    if sorts[1] != WORD:
        yield 1
    elif words[2:3] != ["="]:
        yield 2
    elif len(words) == _SET_LENGTH - 1 or sorts[3] not in {WORD, NUMBER, STRING}:
        yield 3
    elif len(words) > _SET_LENGTH:
        yield _SET_LENGTH
