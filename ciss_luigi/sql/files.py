"""The SQL files: reading them, filling in their placeholders, finding where a write head goes.

Only validated values enter a statement: table and column names, dates, months, run ids, integers.
No other text from data or configuration does, because engines quote texts differently. The one exception: the
names of customers, which the engine's dialect quotes (queries/customer.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from ciss_luigi.plainfile import read_plain
from ciss_luigi.sql.lexing import SERVERS, Reading, tokens

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
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}")
# The words by which a text is no query; Hive also begins statements with FROM, MAP and REDUCE
_NO_QUERY = re.compile(r"FROM|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|SET|USE|VALUES|TABLE|MAP|REDUCE")


class SqlFileError(ValueError):
    """A SQL file cannot be used; the text names the file and what is wrong in it."""


@dataclass(frozen=True)
class Query:
    """One query as text."""

    text: str

    def parts(self) -> tuple[str, str]:
        """Its common table expressions, and its SELECT: on a server the head of a write goes between them."""
        at = select_at(self.text)
        return self.text[:at], self.text[at:]


def built_in(name: str) -> str:
    """The text of one of the package's own SQL files, without the white space around it."""
    return resources.files("ciss_luigi").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").strip()


def read_build(folder: Path | None) -> str:
    """The billing rules: ``build.sql`` in ``sql_dir`` if that is set, else the built-in ones.

    Raises SqlFileError if the file is missing or not a plain file, does not begin with WITH or SELECT, or has
    an unknown placeholder. Whether it is one query is for the engine to say, and for ``select_at``.
    """
    if folder is None:
        return built_in("build")
    path = folder / "build.sql"
    try:
        text = read_plain(path).removeprefix("\ufeff").strip()  # the mark that some editors put in front
    except (OSError, UnicodeDecodeError) as error:
        raise SqlFileError(f"{path} cannot be read: {error}") from error
    text = _without_semicolon(text)
    _check_placeholders(text, str(path))
    if _first_word(text) not in ("WITH", "SELECT"):
        raise SqlFileError(f"{path} is not one WITH ... SELECT")
    return text


def leading_comment(statement: str) -> str:
    """The comment that a statement of a run begins with, and what is between it and the next word."""
    found = _LEADING_COMMENT.match(statement)
    return found[0] if found else ""


def without_semicolons_in_comments(text: str) -> str:
    """The text with commas for semicolons in comments: beeline and hive end a statement at any of them."""
    readings = (SERVERS[0], Reading("DuckDB", backslash=False))
    found = [{token for token in tokens(text, reading) if token.is_comment} for reading in readings]
    # only what every reading calls a comment: inside a text a comma would be other data
    for comment in set.intersection(*found):
        end = comment.start + len(comment.text)
        text = text[: comment.start] + comment.text.replace(";", ",") + text[end:]
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace every ``{name}``, and ``{{`` and ``}}`` by one brace; raises KeyError for an unknown name."""
    return _PLACEHOLDER.sub(lambda match: match[0][0] if match[1] is None else values[match[1]], text)


def select_at(text: str, source: str = "the query") -> int:
    """The position of the SELECT of a query that is not in parentheses, as every server reads the text.

    Raises SqlFileError if there is none, if anything but common table expressions comes before it, if there
    is a semicolon outside quotes, and if servers read quotes or comments in different ways.
    """
    found = {_select_at(text, reading, source) for reading in SERVERS}
    if len(found) > 1:
        raise SqlFileError(
            f"{source} has quotes or comments that Hive, Spark and Impala read in different ways: "
            "write it without backslashes in quotes, r'...' and comments inside comments"
        )
    return found.pop()


def _select_at(text: str, reading: Reading, source: str) -> int:
    depth, place = 0, -1
    for token in tokens(text, reading):
        word = token.text.upper()
        if token.is_comment or (place >= 0 and word != ";"):
            continue
        if word == ";":
            raise SqlFileError(f"{source} holds more than one statement")
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word == "SELECT":
            place = token.start
        elif depth == 0 and _NO_QUERY.fullmatch(word):
            break
    if place < 0:
        raise SqlFileError(f"{source} is not one WITH ... SELECT")
    return place


def _first_word(text: str) -> str:
    words = (token.text.upper() for token in tokens(text, SERVERS[0]) if not token.is_comment)
    return next(words, "")


def _without_semicolon(text: str) -> str:
    """Hive refuses a trailing semicolon that other tools want; comments may follow it."""
    last = None
    for token in tokens(text, SERVERS[0]):
        if not token.is_comment:
            last = token
    if last is not None and last.text == ";":
        return text[: last.start] + text[last.start + 1 :]
    return text


def _check_placeholders(text: str, source: str) -> None:
    for match in _PLACEHOLDER.finditer(text):
        if match[1] is not None and match[1] not in BUILD_PLACEHOLDERS:
            near = get_close_matches(match[1], BUILD_PLACEHOLDERS, 1)
            hint = f"did you mean {{{near[0]}}}?" if near else "a brace of your own is written twice: {{"
            raise SqlFileError(f"{source}: unknown placeholder {{{match[1]}}}; {hint}")
