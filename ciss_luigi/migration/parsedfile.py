"""A properties file beside what the parser sees in it: its words, blanks and comments as bash takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciss_luigi.migration.properties import is_secret
from ciss_luigi.migration.shelltext import NotUnderstood, Word, WordPlace, Words
from ciss_luigi.plaintext import one_line, shortened

if TYPE_CHECKING:
    from tree_sitter import Node

_SHOWN = 60
_BLANKS = re.compile(r"(?:[ \t]|\\\n)*")
_CONTINUED = re.compile(r"(?:\\\n)*")
_COMMENT = re.compile(r"#[^\n]*")


class ParsedFile(NamedTuple):
    """A file that is being read; its text has one character for each byte."""

    path: Path
    text: str

    def word(self, node: Node, start: int, values: Words, place: WordPlace) -> str:
        """The value of a word that begins there, if the parser sees its end where bash would."""
        if node.has_error or node.is_missing:
            raise NotUnderstood("something that is not shell syntax")
        found: Word = values.word(self.text, start, place)
        if found.end < node.end_byte or not _CONTINUED.fullmatch(self.text, node.end_byte, found.end):
            last = self.text.count("\n", 0, node.end_byte) + 1
            raise NotUnderstood(f"what the parser cannot place, and nothing was read up to line {last}")
        return found.value

    def has_blanks_only(self, nodes: Iterable[Node]) -> bool:
        """Whether between the parts of a statement there is only what bash takes for blanks."""
        ends = [(node.start_byte, node.end_byte) for node in nodes]
        return all(
            end < start and _BLANKS.fullmatch(self.text, end, start)
            for (_, end), (start, _) in pairwise(ends)
        )

    def is_comment(self, node: Node) -> bool:
        """Whether bash too would see a comment there, and its end there."""
        begins = node.start_byte == 0 or self.text[node.start_byte - 1] in " \t\n;"
        return begins and bool(_COMMENT.fullmatch(self.text, node.start_byte, node.end_byte))


def names(node: Node) -> Iterator[Node]:
    """The names that a declaration sets or only names."""
    for child in node.named_children:
        yield from names_of(child)


def names_of(node: Node) -> Iterator[Node]:
    """The name in one part of a declaration, if there is one."""
    if node.type == "variable_name":
        yield node
    elif node.type == "variable_assignment":
        name = node.child_by_field_name("name")
        if name is not None:
            yield name


def words(node: Node) -> list[str]:
    """The words of a command as they are written; one empty word if there are none."""
    return [text_of(child) for child in node.named_children] or [""]


def text_of(node: Node) -> str:
    """What is written there."""
    return (node.text or b"").decode(errors="surrogateescape")


def shown(node: Node) -> str:
    """The beginning of what is there, without what may be a secret's value."""
    text = one_line(text_of(node).partition("\n")[0])
    if is_secret(text):
        return "(not shown: it may hold a secret)"
    return shortened(text, _SHOWN)
