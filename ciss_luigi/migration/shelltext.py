"""The values of words in shell syntax, as bash would expand them; nothing is run.

Tree-sitter parses; this module reads the tree. What has no value without running something raises
NotUnderstood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

DATED = re.compile("\0([^\0]*)\0")
"""How a value holds ``$(date +FORMAT)``: the format, between two NUL characters, which no file has."""

_DEEPEST = 60
_ESCAPED_IN_QUOTES = re.compile(r'\\([$`"\\])|\\\n')
_ESCAPED = re.compile(r"\\\n|\\(.)", re.DOTALL)
_PLAIN = re.compile(r"[\w./:,@%+=-]*")
"""Characters that mean themselves everywhere in a word."""

_DATE = re.compile(r"[-_.:%/A-Za-z0-9]*")
_NAMES = {
    "command_substitution": "a command, which was not run",
    "process_substitution": "a process substitution, which was not run",
    "arithmetic_expansion": "arithmetic",
    "array": "an array",
    "ansi_c_string": "a string in $'...'",
    "translated_string": 'a string in $"..."',
    "special_variable_name": "a variable of the shell itself",
    "brace_expression": "a list in braces",
}


class NotUnderstood(Exception):
    """A word whose value only a shell could find; the text says what it holds."""


@dataclass
class Words:
    """Expands words; ``used`` gathers the variables that they name, ``unset`` those without a value."""

    values: Mapping[str, str]

    def __post_init__(self) -> None:
        self.used: set[str] = set()
        self.unset: set[str] = set()

    def value(self, node: Node, before: bytes = b"") -> str:
        """The value of what follows ``=``; raises NotUnderstood.

        ``before`` is what is between the two: the parser leaves an escaped space there out of the word.
        """
        text = _text(node)
        if text.startswith("~") or (node.type in ("word", "concatenation") and ":~" in text):
            raise NotUnderstood("a home directory, ~")
        gap = before.decode(errors="surrogateescape")
        return _ESCAPED.sub(_without_backslash, gap) + self._value(node, 0, quoted=False)

    def _value(self, node: Node, depth: int, *, quoted: bool) -> str:  # noqa: PLR0911 - one for each kind
        if depth > _DEEPEST:
            raise NotUnderstood("too many things inside each other")
        if node.has_error or node.is_missing:
            raise NotUnderstood("something that is not shell syntax")
        text = _text(node)
        if node.type in ("word", "number", "extglob_pattern") and not node.named_children:
            return _ESCAPED.sub(_without_backslash, text)
        if node.type == "raw_string" and not quoted:
            return text[1:-1]
        if node.type in ("string", "concatenation"):
            return self._parts(node, depth, quoted=node.type == "string")
        if node.type == "string_content":
            return _ESCAPED_IN_QUOTES.sub(_without_backslash, text)
        if node.type == "simple_expansion":
            return self._variable(node.named_children[0])
        if node.type == "expansion":
            return self._expansion(node, depth, quoted=quoted)
        if node.type == "command_substitution":
            return _date(node)
        raise NotUnderstood(_NAMES.get(node.type, f"something unknown ({node.type})"))

    def _parts(self, node: Node, depth: int, *, quoted: bool) -> str:
        """The parts, one after the other; in quotes, what is between two parts belongs to the text."""
        source = node.text or b""
        found, place = [], node.start_byte
        for child in node.children:
            between = source[place - node.start_byte : child.start_byte - node.start_byte]
            gap = between.decode(errors="surrogateescape")
            found.append((_ESCAPED_IN_QUOTES if quoted else _ESCAPED).sub(_without_backslash, gap))
            place = child.end_byte
            if child.is_named:
                found.append(self._value(child, depth + 1, quoted=quoted))
            elif quoted:  # the closing quote may come with the spaces before it
                found.append(_text(child).replace('"', ""))
            else:
                found.append(_text(child))
        return "".join(found)

    def _variable(self, node: Node) -> str:
        if node.type != "variable_name":
            raise NotUnderstood(_NAMES.get(node.type, "a variable of the shell itself"))
        name = _text(node)
        self.used.add(name)
        if name not in self.values:
            self.unset.add(name)
        return self.values.get(name, "")

    def _expansion(self, node: Node, depth: int, *, quoted: bool) -> str:
        """``${name}``, ``${name:-word}`` and the like."""
        inner = node.children[1:-1]
        if not inner or inner[0].type != "variable_name":
            raise NotUnderstood("a ${...} that changes a value")
        name = _text(inner[0])
        if len(inner) == 1:
            return self._variable(inner[0])
        operator = _text(inner[1])
        if operator not in (":-", "-", ":+", "+"):
            raise NotUnderstood("a ${...} that changes a value")
        self.used.add(name)
        there = bool(self.values.get(name)) if operator.startswith(":") else name in self.values
        if operator.endswith("-"):
            return self.values[name] if there else self._default(node, inner[2:], depth, quoted=quoted)
        return self._default(node, inner[2:], depth, quoted=quoted) if there else ""

    def _default(self, whole: Node, nodes: list[Node], depth: int, *, quoted: bool) -> str:
        begin = whole.children[2].end_byte - whole.start_byte
        end = whole.children[-1].start_byte - whole.start_byte
        plain = (whole.text or b"")[begin:end].decode(errors="surrogateescape")
        if _PLAIN.fullmatch(
            plain
        ):  # the parser takes some of it for other things, such as 0= for an assignment
            return plain
        if any(not child.is_named for child in nodes):
            raise NotUnderstood("a ${...} that changes a value")
        if len(nodes) > 1 or whole.children[1].end_byte + 2 < nodes[0].start_byte:
            raise NotUnderstood("a ${...} with a default of several words")
        return self._value(nodes[0], depth + 1, quoted=quoted)


def _without_backslash(match: re.Match[str]) -> str:
    return match[1] or ""


def _date(node: Node) -> str:
    """The command ``date +FORMAT``, the only one with a meaning here; raises NotUnderstood for any other."""
    commands = node.named_children
    if len(commands) == 1 and commands[0].type == "command":
        parts = [_text(child) for child in commands[0].named_children]
        if len(parts) == _DATE_WORDS and parts[0] == "date" and parts[1].startswith("+"):
            form = parts[1][1:].strip("'\"")
            if _DATE.fullmatch(form):
                return f"\0{form}\0"
    raise NotUnderstood(_NAMES["command_substitution"])


_DATE_WORDS = 2


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="surrogateescape")
