"""Impala's SQL cut into tokens: enough to know a statement's kind, its form and its table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

WORD, QUOTED, STRING, NUMBER, HINT, SYMBOL = "word", "quoted", "string", "number", "hint", "symbol"
_COMMENT = "comment"

# A comment whose first character is + is a hint to Impala, wherever it stands. Names may begin with
# digits (2g, 1L), so a number is one only where no letter follows.
_PATTERN: Final = re.compile(
    r"""
      (?P<hint>/\*\s*\+.*?\*/|--[ \t]*\+[^\n]*)
    | (?P<comment>/\*.*?\*/|--[^\n]*)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<quoted>`[^`]*`)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_]))
    | (?P<word>\w+)
    | (?P<symbol>\S)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token, and where it stands."""

    sort: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The position after it."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """A bare word in capitals, a symbol as it is, and for the rest its sort: what rules are made of."""
        if self.sort == WORD:
            return self.text.upper()
        return self.text if self.sort == SYMBOL else f"<{self.sort}>"

    @property
    def name(self) -> str:
        """The text without its quotes."""
        return self.text[1:-1] if self.sort in {QUOTED, STRING} else self.text


@dataclass(frozen=True)
class Sql:
    """A statement: its text, tokens (comments left out), and for each the index of the ( it stands in."""

    text: str
    tokens: tuple[Token, ...]
    openers: tuple[int, ...]

    @cached_property
    def words(self) -> list[str]:
        """The tokens as words."""
        return [token.word for token in self.tokens]

    def find(self, *words: str, start: int = 0, depth0: bool = False) -> int:
        """Give the index of the first place where these words follow each other, or -1."""
        for index in range(start, len(self.words) - len(words) + 1):
            if self.words[index] != words[0] or (depth0 and self.openers[index] >= 0):
                continue
            if tuple(self.words[index : index + len(words)]) == words:
                return index
        return -1

    def closer(self, opener: int) -> int:
        """Give the index of the ) that belongs to the ( at `opener`."""
        depth = 0
        for index in range(opener, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[index].word, 0)
            if depth == 0:
                return index
        return len(self.tokens)


def read(text: str) -> Sql:
    """Cut a statement."""
    tokens = tuple(
        Token(str(found.lastgroup), found.group(), found.start())
        for found in _PATTERN.finditer(text)
        if found.lastgroup != _COMMENT
    )
    return Sql(text, tokens, _openers(tokens))


def kind(sql: Sql) -> str:
    """Name what a statement does: its verb, also behind a WITH, or two words where one says too little."""
    words = [word for word in sql.words if word != "<hint>"]
    if not words:
        return ""
    two = " ".join(words[:2]).lower()
    if two in {"invalidate metadata", "show partitions", "show tables"}:
        return two
    if words[0] in {"COMPUTE", "DROP"} and "STATS" in words[1:3]:
        return f"{words[0].lower()} stats"
    if words[0] == "WITH":
        places = [(sql.find(verb, depth0=True), verb) for verb in ("INSERT", "UPSERT", "SELECT", "VALUES")]
        return min((place for place in places if place[0] >= 0), default=(0, "select"))[1].lower()
    return words[0].lower()


def table_name(sql: Sql, index: int) -> tuple[str, int]:
    """Read `t` or `db.t` at a token; give it without quotes, and the index after it."""
    if index >= len(sql.tokens) or sql.tokens[index].sort not in {WORD, QUOTED}:
        return "", index
    if sql.find(".", start=index + 1) == index + 1 and index + 2 < len(sql.tokens):
        return f"{sql.tokens[index].name}.{sql.tokens[index + 2].name}", index + 3
    return sql.tokens[index].name, index + 1


def syntax_error(sql: Sql, index: int) -> str:
    """Word the refusal as Impala does; it also lists what it expected, which differs by version."""
    token = sql.tokens[index] if index < len(sql.tokens) else Token("end", "", len(sql.text))
    before = sql.text[: token.start]
    line = sql.text.splitlines()[before.count("\n")] if sql.text else ""
    caret = " " * (token.start - before.rfind("\n") - 1) + "^"
    met = {STRING: "STRING LITERAL", NUMBER: "INTEGER LITERAL", QUOTED: "IDENTIFIER", "end": "EOF"}
    encountered = met.get(token.sort, token.word)
    place = f"ParseException: Syntax error in line {before.count(chr(10)) + 1}:\n{line}\n{caret}"
    return f"{place}\nEncountered: {encountered}\n\nCAUSED BY: Exception: Syntax error"


def _openers(tokens: Sequence[Token]) -> tuple[int, ...]:
    inside, stack = [], [-1]
    for index, token in enumerate(tokens):
        if token.word == ")" and len(stack) > 1:
            stack.pop()
        inside.append(stack[-1])
        if token.word == "(":
            stack.append(index)
    return tuple(inside)
