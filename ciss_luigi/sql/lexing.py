"""Where words, strings and comments of a SQL text begin and end, as each engine reads it.

Engines differ in backslashes, comments inside comments and a dozen small things. Where a statement is cut in
two, all readings must agree; or what is text for one engine could be a command for another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Reading:
    """How one engine reads quotes and comments."""

    engine: str
    backslash: bool = True
    """In quotes, a backslash and the next character belong together."""

    raw: bool = False
    """That does not hold for a string with an r before it."""

    nested: bool = False
    """A comment may hold another comment."""

    continued: bool = False
    """A backslash at the end of a line comment continues it."""


SERVERS = (
    Reading("Hive"),
    Reading("Spark", raw=True, nested=True, continued=True),
    Reading("Impala"),
)
"""The engines that get the head of a write inside a query; DuckDB judges a whole query itself."""


class Token(NamedTuple):
    """A string, a comment, a word or a single character."""

    start: int
    text: str

    @property
    def is_comment(self) -> bool:
        """Whether it means nothing."""
        return self.text.startswith(("--", "/*"))


_PLAIN = r"'[^']*'|\"[^\"]*\""
_ESCAPED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_OTHERS = r"`[^`]*`|/\*|[A-Za-z_][A-Za-z0-9_]*|\S"


def tokens(text: str, reading: Reading) -> Iterator[Token]:
    """All tokens, comments too; a quote that is never closed is a token of its own."""
    pattern = _pattern(reading)
    at = 0
    while found := pattern.search(text, at):
        end = found.end()
        if found[0] == "/*":
            end = _end_of_comment(text, end, nested=reading.nested)
        yield Token(found.start(), text[found.start() : end])
        at = end


def _pattern(reading: Reading) -> re.Pattern[str]:
    line = r"--(?:\\\n|[^\r\n])*" if reading.continued else r"--[^\r\n]*"
    raw = rf"[rR](?:{_PLAIN})|" if reading.raw else ""
    strings = _ESCAPED if reading.backslash else _PLAIN
    return re.compile(rf"{line}|{raw}{strings}|{_OTHERS}", re.DOTALL)


def _end_of_comment(text: str, at: int, *, nested: bool) -> int:
    depth = 1
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        if mark[0] == "*/":
            depth -= 1
        elif nested:
            depth += 1
        if not depth:
            return at + mark.end()
    return len(text)
