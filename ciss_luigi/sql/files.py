"""The SQL files: reading them, filling in their placeholders, finding where a write head goes.

Only validated values ever enter a statement: table and column names, dates, months, run ids, integers.
No text from data or configuration does, because engines disagree on how to quote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RUN_ID = re.compile(r"[0-9A-Za-z-]+")

BUILD_PLACEHOLDERS = {
    "billable": "name of the billable subscriptions table, with its database",
    "overage": "name of the usage overage table",
    "service": "name of the service charges table",
    "register": "name of the invoice register table",
    "rate": "name of the conversion rate table",
    "mapping": "name of the customer mapping table",
    "months": "the months to build as quoted literals: '2016-12', '2017-01'",
    "month_rows": "SELECTs of one row per month: month_year, first_day, last_day, oldest_rate_month",
    "rate_months": "the months whose rates the run may use, as quoted literals",
    "run_date": "the run date, YYYY-MM-DD, without quotes",
    "run_id": "the id of this build, without quotes",
}

_LEADING_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`|[A-Za-z_][A-Za-z0-9_]*|[()]|\S",
    re.DOTALL,
)

# The same text as DuckDB reads it: a backslash is a character like others, and $$ opens a string, too
_DUCKDB_TOKEN = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"|\$\w*\$|\S", re.DOTALL)


class SqlFileError(ValueError):
    """A SQL file cannot be used; the text names the file and what is wrong in it."""


@dataclass(frozen=True)
class Query:
    """A query split where a write head goes: its common table expressions, and its SELECT."""

    ctes: str
    select: str

    @property
    def text(self) -> str:
        """The query as one statement."""
        return f"{self.ctes}{self.select}"

    def with_head(self, head: str) -> str:
        """The query with a write head before its SELECT: the one place that every engine accepts."""
        return f"{self.ctes}{head}\n{self.select}"


def built_in(name: str) -> str:
    """The text of one of the package's own SQL files, without the white space around it."""
    return resources.files("ciss_luigi").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").strip()


def read_build(folder: Path | None) -> str:
    """The billing rules: ``build.sql`` of ``sql_dir`` where that is set, else the built-in ones.

    Raises SqlFileError when the file is missing, is no ``WITH ... SELECT`` or ``SELECT``, or has an
    unknown placeholder.
    """
    if folder is None:
        return built_in("build")
    path = folder / "build.sql"
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SqlFileError(f"{path} cannot be read: {error}") from error
    text = _without_semicolon(text)
    _check_placeholders(text, str(path))
    split(text, str(path))
    return text


def leading_comment(statement: str) -> str:
    """The comment that a statement of a run begins with, and what parts it from the next word."""
    found = _LEADING_COMMENT.match(statement)
    return found[0] if found else ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace every ``{name}``; raises KeyError for a name without a value."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def split(text: str, source: str = "the query") -> Query:
    """Split a query before the first SELECT that stands in no parentheses.

    Raises SqlFileError when there is none, or when anything but WITH and SELECT begins the text.
    """
    depth = 0
    first = ""
    for token in _TOKEN.finditer(text):
        word = token[0].upper()
        if word.startswith(("--", "/*")):
            continue
        first = first or word
        if first not in ("WITH", "SELECT"):
            break
        if word == ";":
            raise SqlFileError(f"{source} holds more than one statement")
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word == "SELECT":
            _refuse_second_statement(text, source)
            return Query(text[: token.start()], text[token.start() :])
    raise SqlFileError(f"{source} is not one WITH ... SELECT")


def _refuse_second_statement(text: str, source: str) -> None:
    """One statement only, whichever way strings are read: DuckDB would run what follows a semicolon."""
    for token in (*_TOKEN.finditer(text), *_DUCKDB_TOKEN.finditer(text)):
        if token[0] == ";":
            raise SqlFileError(f"{source} holds more than one statement")
        if re.fullmatch(r"\$\w*\$", token[0]):
            raise SqlFileError(f"{source} quotes with {token[0]}, which only DuckDB knows")


def _without_semicolon(text: str) -> str:
    """Hive refuses a trailing semicolon that other tools want; comments may follow it."""
    last = None
    for token in _TOKEN.finditer(text):
        if not token[0].startswith(("--", "/*")):
            last = token
    if last is not None and last[0] == ";":
        return text[: last.start()] + text[last.end() :]
    return text


def _check_placeholders(text: str, source: str) -> None:
    for match in _PLACEHOLDER.finditer(text):
        if match[1] not in BUILD_PLACEHOLDERS:
            near = get_close_matches(match[1], BUILD_PLACEHOLDERS, 1)
            hint = f"; did you mean {{{near[0]}}}?" if near else ""
            raise SqlFileError(f"{source}: unknown placeholder {{{match[1]}}}{hint}")
