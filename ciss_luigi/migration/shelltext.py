"""The values of words in shell syntax, as bash would expand them; nothing is run.

A word is read character by character from the file's text, up to the end that bash would give it. What is
not one of a few harmless forms raises NotUnderstood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

DATED = re.compile("\0([^\0]*)\0")
"""How a value holds ``$(date +FORMAT)``: the format, between two NUL characters, which no file has."""

_DEEPEST = 60
LONGEST = 100_000
"""The longest value, in characters; the old job's have about one hundred."""
_MOST_READ = 10_000_000
_SIMPLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)(\\\n)?")
_BRACED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(\}|:?[-+])")
_DATE = re.compile(r"""\$\([ \t]*date[ \t]+\+(?P<quote>['"]?)([-_.:%/A-Za-z0-9]*)(?P=quote)[ \t]*\)""")
_OLD_DATE = re.compile(r"`[ \t]*date[ \t]+\+(?P<quote>'?)([-_.:%/A-Za-z0-9]*)(?P=quote)[ \t]*`")
"""The same between backquotes. In double quotes, others inside them would be another matter."""
_QUOTED_DEFAULT = re.compile(r'"([A-Za-z0-9_./:,@%+=-]*)"')
_SPLIT = re.compile(r"[ \t\n*?\[]")

_TOO_LONG = f"more than {LONGEST:,} characters"
_COMMAND = "a command, which was not run"
_OTHER = {
    "$(": _COMMAND,
    "$[": "arithmetic",
    "${": "a ${...} that changes a value",
    "$'": "a string in $'...'",
    '$"': 'a string in $"..."',
    "$\\": "a $ at the end of a line",
    **{f"${one}": "a variable of the shell itself" for one in "$!#?@*-0123456789"},
}
_SHELLS_OWN = re.compile(
    r"_|BASH.*|DIRSTACK|EPOCH.*|EUID|GROUPS|HOSTNAME|HOSTTYPE|IFS|LINENO|MACHTYPE|OLDPWD|OPT(ARG|ERR|IND)|OSTYPE"
    r"|PATH|PIPESTATUS|PPID|PS4|PWD|RANDOM|SECONDS|SHELL|SHELLOPTS|SHLVL|SRANDOM|TERM|UID"
)
"""Variables that bash sets: without a value in the files they have one all the same."""


class NotUnderstood(Exception):
    """A word whose value only a shell could find; the text says what it holds."""


@dataclass
class Work:
    """How much was read and put in for variables. Few lines can double a value until no memory is left."""

    characters: int = 0

    def add(self, characters: int) -> None:
        """Count some characters; raises NotUnderstood once there are too many."""
        self.characters += characters
        if self.characters > _MOST_READ:
            raise NotUnderstood(f"too much: the values before it have {_MOST_READ:,} characters")


class WordPlace(Enum):
    """Where a word stands: each place has characters that bash treats in a way of its own."""

    ASSIGNED = ""
    DECLARED = "{"
    ARGUMENT = "{*?["


class Word(NamedTuple):
    """A word's value, and where the word ends in the text."""

    value: str
    end: int


@dataclass
class Words:
    """Expands words; ``used`` gathers the variables that they name, ``unset`` those without a value."""

    values: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    unset: set[str] = field(default_factory=set)
    work: Work = field(default_factory=Work)

    def word(self, text: str, start: int, place: WordPlace) -> Word:
        """The word that starts there, in a text with one character for each byte; raises NotUnderstood."""
        reader = _Reader(self, text, start, place)
        self.work.add(1)
        try:
            value = reader.unquoted(0)
        finally:  # what was not understood took its time, too
            self.work.characters += reader.at - start
        require_fit(value)
        return Word(value.encode("latin-1").decode(errors="surrogateescape"), reader.at)

    def variable(self, name: str) -> str:
        """The value of a variable; empty if it has none."""
        self.used.add(name)
        if name not in self.values:
            self.unset.add(name)
        self.work.add(len(self.values.get(name, "")))
        return _bytes(self.values.get(name, ""))

    def other(self, name: str, operator: str) -> str | None:
        """What ``${name-...}`` or ``${name+...}`` is without its default; None if it is the default."""
        if name not in self.values and _SHELLS_OWN.fullmatch(name):
            raise NotUnderstood("a variable of the shell itself")
        self.used.add(name)
        there = bool(self.values.get(name)) if operator.startswith(":") else name in self.values
        if operator.endswith("-"):
            self.work.add(len(self.values.get(name, "")))
            return _bytes(self.values[name]) if there else None
        return None if there else ""


@dataclass
class _Reader:
    """Reads one word."""

    words: Words
    text: str
    at: int
    place: WordPlace

    def __post_init__(self) -> None:
        self._start = self.at
        self._put_in = 0

    def unquoted(self, depth: int) -> str:
        """What is outside quotes, up to the end of the word; in a ``${...}``, up to the brace."""
        if depth > _DEEPEST:
            raise NotUnderstood("too many things inside each other")
        found = []
        while self._next not in (("}",) if depth else ("", " ", "\t", "\n", ";")):
            found.append(self._piece(depth))
        return "".join(found)

    @property
    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _piece(self, depth: int) -> str:
        char = self._next
        if char == "\\":
            return self._escaped()
        if char == "'":
            return self._single()
        if char == '"':
            return self._double(depth)
        if char in "$`":
            return self._dollar(depth, quoted=False)
        if depth and char in (" ", "\t", "\n", ""):
            raise NotUnderstood("a ${...} with a default of several words")
        if char == "~" and (depth or self.at == self._start or self.text[self.at - 1] in ":="):
            raise NotUnderstood("a home directory, ~")
        if char == "{" and (depth or char in self.place.value):
            raise NotUnderstood("a list in braces")
        if char in self.place.value:
            raise NotUnderstood("a pattern of file names")
        if char in "|&;<>()":
            raise NotUnderstood(
                "an array" if char == "(" and self.at == self._start else f"{char} without quotes"
            )
        return self._plain()

    def _plain(self) -> str:
        char = self._next
        if (char < " " and char not in "\t\n") or char == "\x7f":
            raise NotUnderstood("a control character")
        self.at += 1
        return char

    def _escaped(self) -> str:
        self.at += 1
        if self._next == "\n":
            self.at += 1
            return ""
        if not self._next:
            raise NotUnderstood("a backslash at the end of the file")
        return self._plain()

    def _single(self) -> str:
        self.at += 1
        found = []
        while self._next != "'":
            self._require_more()
            found.append(self._plain())
        self.at += 1
        return "".join(found)

    def _double(self, depth: int) -> str:
        self.at += 1
        found = []
        while self._next != '"':
            self._require_more()
            if self._next in "$`":
                found.append(self._dollar(depth, quoted=True))
            elif self._next == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                found.append(self._escaped())
            else:
                found.append(self._plain())
        self.at += 1
        return "".join(found)

    def _require_more(self) -> None:
        if not self._next:
            raise NotUnderstood("a quote that is not closed")

    def _dollar(self, depth: int, *, quoted: bool) -> str:
        """What a ``$`` or a backquote begins."""
        date = _DATE.match(self.text, self.at) or _OLD_DATE.match(self.text, self.at)
        if date:
            self.at = date.end()
            return f"\0{date[2]}\0"
        if self._next == "`":
            raise NotUnderstood(_COMMAND)
        simple = _SIMPLE.match(self.text, self.at)
        if simple:
            if simple[2]:
                raise NotUnderstood("a variable's name at the end of a line that goes on")
            self.at = simple.end()
            return self._unsplit(self._own(simple[1]), quoted=quoted)
        braced = _BRACED.match(self.text, self.at)
        if braced:
            self.at = braced.end()
            return self._unsplit(self._braced(braced[1], braced[2], depth, quoted=quoted), quoted=quoted)
        two = self.text[self.at : self.at + 2]
        if self.text.startswith("$((", self.at):
            raise NotUnderstood("arithmetic")
        if two in _OTHER and not (quoted and two in ("$'", '$"')):
            if quoted and two == "$\\" and self.text[self.at + 2 : self.at + 3] != "\n":
                return self._plain()
            raise NotUnderstood(_OTHER[two])
        return self._plain()

    def _own(self, name: str) -> str:
        if name == "_":
            raise NotUnderstood("a variable of the shell itself")
        return self.words.variable(name)

    def _unsplit(self, value: str, *, quoted: bool) -> str:
        """A variable's value, unless bash would make several words of it, or the word gets too long."""
        self._put_in += len(value)
        if self._put_in > LONGEST:
            raise NotUnderstood(_TOO_LONG)
        if self.place is WordPlace.ARGUMENT and not quoted and _SPLIT.search(value):
            raise NotUnderstood("a variable with spaces, outside quotes")
        return value

    def _braced(self, name: str, operator: str, depth: int, *, quoted: bool) -> str:
        if operator == "}":
            return self._own(name)
        value = self.words.other(name, operator)
        apart = self.words if value is None else Words(self.words.values, work=self.words.work)
        mine, self.words = self.words, apart  # a default that is not taken names no variable
        try:
            default = self._quoted_default(depth + 1) if quoted else self.unquoted(depth + 1)
        finally:
            self.words = mine
        self.at += 1
        return default if value is None else value

    def _quoted_default(self, depth: int) -> str:
        """The default of a ``${...}`` in double quotes, where other rules hold for quotes."""
        if depth > _DEEPEST:
            raise NotUnderstood("too many things inside each other")
        found = []
        while self._next != "}":
            self._require_more()
            inner = _QUOTED_DEFAULT.match(self.text, self.at)
            if inner:
                self.at = inner.end()
                found.append(inner[1])
            elif self._next in "$`":
                found.append(self._dollar(depth, quoted=True))
            elif self._next in "\"'\\~{\n":
                raise NotUnderstood("a ${...} that changes a value")
            else:
                found.append(self._plain())
        return "".join(found)


def require_fit(value: str) -> None:
    """Raise NotUnderstood if a value is longer than any setting."""
    if len(value) > LONGEST:
        raise NotUnderstood(_TOO_LONG)


def _bytes(value: str) -> str:
    """A value with one character for each byte."""
    return value.encode(errors="surrogateescape").decode("latin-1")
