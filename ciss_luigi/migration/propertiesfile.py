"""The old job's properties: shell assignments, in a file and in those that it sources. Nothing is run.

Whatever else bash would do with the file is told, line by line, and not done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ciss_luigi import commands
from ciss_luigi.errors import ConfigurationError, Refused
from ciss_luigi.migration.properties import Line, Properties, Variable, is_secret
from ciss_luigi.migration.shelltext import NotUnderstood, Words
from ciss_luigi.plaintext import one_line

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LARGEST = 200_000
"""The largest file, in bytes; the old job's have about one thousand."""
_MOST_FILES = 50
_SHOWN = 60
_STATEMENTS = {
    "command": "a command",
    "if_statement": "an if",
    "for_statement": "a loop",
    "c_style_for_statement": "a loop",
    "while_statement": "a loop",
    "case_statement": "a case",
    "function_definition": "a function",
    "redirected_statement": "a command with a redirection",
    "pipeline": "a pipeline",
    "list": "commands that depend on each other",
    "subshell": "a subshell",
    "compound_statement": "a group of commands",
    "test_command": "a test",
    "negated_command": "a command",
    "unset_command": "an unset",
}


def read(file: Path) -> Properties:
    """Read a file and those that it sources; raises Refused if it cannot be read at all.

    Raises ConfigurationError if the extra ``migrate`` is not installed.
    """
    reading = _Reading(_parser(), file.parent)
    problem = reading.file(file)
    if problem:
        raise Refused(
            f"{file} {problem}",
            state="nothing was written",
            next_command=f"{commands.import_properties()} with the file that the old job's script sources",
        )
    return reading.found


def _parser() -> Parser:
    try:
        import tree_sitter_bash
        from tree_sitter import Language, Parser
    except ImportError:
        raise ConfigurationError(
            "tree-sitter, which reads shell syntax, is not installed",
            next_command="pip install 'ciss-luigi[migrate]', then the same command again",
        ) from None
    return Parser(Language(tree_sitter_bash.language()))


class _Reading:
    """One reading of a file and those that it sources."""

    def __init__(self, parser: Parser, folder: Path) -> None:
        self.found = Properties()
        self._parser = parser
        self._folder = folder
        self._open: list[Path] = []
        self._count = 0
        self._read_only: set[str] = set()

    def file(self, path: Path) -> str:
        """Read a file; returns why it could not be read, or nothing."""
        self._count += 1
        if path.resolve() in self._open:
            return "sources itself"
        if self._count > _MOST_FILES:
            return f"is one file too many: more than {_MOST_FILES} are sourced"
        try:
            problem, source = self._source(path)
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if problem:
            return problem
        self._open.append(path.resolve())
        for node in self._parser.parse(source).root_node.children:
            self._statement(node, path)
        self._open.pop()
        return ""

    def _source(self, path: Path) -> tuple[str, bytes]:
        try:
            if not path.is_file():
                return "is not there" if not path.exists() else "is not a plain file", b""
            with path.open("rb") as opened:
                source = opened.read(LARGEST + 1)
        except OSError as error:
            return f"cannot be read: {error.strerror}", b""
        if len(source) > LARGEST:
            return f"has more than {LARGEST:,} bytes, which no properties file has", b""
        if b"\0" in source:
            self._not_understood(path, 0, "holds NUL characters, which bash leaves out, and so does this")
        if b"\r" in source:
            text = "holds CR characters, which bash would make part of values; they were left out"
            self._not_understood(path, 0, text)
        try:
            source.decode()
        except UnicodeDecodeError:
            self._not_understood(path, 0, "is not UTF-8 text")
        return "", source.replace(b"\0", b"").replace(b"\r", b"")

    # --- statements -----------------------------------------------------------------------------------

    def _statement(self, node: Node, path: Path) -> None:
        line = node.start_point[0] + 1
        if node.type == "comment" or (not node.is_named and node.type in (";", "\n")):
            return
        if node.type == "variable_assignment":
            self._assign(node, path)
        elif node.type == "variable_assignments":
            for child in node.children:
                self._statement(child, path)
        elif node.type == "declaration_command" and not node.has_error:
            self._declare(node, path)
        elif node.type == "command" and not node.has_error and _words(node)[0] in (".", "source"):
            self._sourced(node, path)
        else:
            what = (
                "no shell syntax"
                if node.has_error or node.is_error
                else _STATEMENTS.get(node.type, node.type)
            )
            self._not_understood(path, line, f"{what}, not run: {_shown(node)}")

    def _declare(self, node: Node, path: Path) -> None:
        """``export A=1``, ``declare -A map=(...)`` and the like."""
        keyword, options = (
            _text(node.children[0]),
            [_text(one) for one in node.named_children if one.type == "word"],
        )
        line = node.start_point[0] + 1
        if {"-A", "-a"} & set(options):
            names = ", ".join(_text(name) for name in _names(node))
            self.found.notes.append(Line(path, line, f"{names}: an array, which no setting needs"))
            return
        if set(options) - {"-x", "-r", "-g"}:
            self._not_understood(path, line, f"{keyword} {' '.join(options)}: {_shown(node)}")
            return
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child, path)
        if keyword == "readonly" or "-r" in options:
            self._read_only.update(_text(name) for name in _names(node))

    def _assign(self, node: Node, path: Path) -> None:
        line = node.start_point[0] + 1
        target = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        if target is None or target.type != "variable_name" or target.is_missing:
            self._not_understood(path, line, f"an element of an array: {_shown(node)}")
            return
        name = _text(target)
        words = Words({one.name: one.value for one in self.found.variables.values()})
        try:
            if name in self._read_only:
                raise NotUnderstood(f"a value for {name}, which is read-only")
            if node.has_error:
                raise NotUnderstood("something that is not shell syntax")
            text = "" if value is None else words.value(value, _before(node, value))
        except NotUnderstood as error:
            self._not_understood(path, line, f"{name} holds {error}: {_shown(node)}", secret=is_secret(name))
            return
        self.found.used |= words.used
        for unset in sorted(words.unset):
            self._not_understood(path, line, f"{name} takes ${unset}, which these files do not set")
        before = self.found.variables.get(name)
        if any(_text(child) == "+=" for child in node.children):
            text = (before.value if before else "") + text
        secret = is_secret(name) or any(self._is_secret(one) for one in words.used)
        self.found.variables[name] = Variable(name, text, path, line, secret)

    def _is_secret(self, name: str) -> bool:
        return name in self.found.variables and self.found.variables[name].secret

    def _sourced(self, node: Node, path: Path) -> None:
        line = node.start_point[0] + 1
        arguments = node.named_children[1:]
        words = Words({one.name: one.value for one in self.found.variables.values()})
        try:
            if len(arguments) != 1:
                raise NotUnderstood("no one file")
            named = words.value(arguments[0])
        except NotUnderstood as error:
            self._not_understood(path, line, f"sources a file whose name holds {error}: {_shown(node)}")
            return
        self.found.used |= words.used
        target = Path(path.parent, named)
        beside = self._folder / target.name
        if self._is_beside(target, beside):
            self.found.notes.append(Line(path, line, f"{target} is not there; {beside} was read instead"))
            target = beside
        problem = self.file(target)
        if problem:
            self._not_understood(path, line, f"{target} {problem}")

    def _is_beside(self, target: Path, beside: Path) -> bool:
        """Whether a file, for example one of another host, is in the folder of the first file."""
        if not target.is_absolute() or os.path.exists(target) or not os.path.isfile(beside):
            return False
        return beside.resolve() not in self._open

    def _not_understood(self, path: Path, line: int, text: str, *, secret: bool = False) -> None:
        words = text.partition(": ")[0] if secret else text
        self.found.not_understood.append(Line(path, line, words))


def _before(node: Node, value: Node) -> bytes:
    """What is between ``=`` and the value."""
    sign = next(child for child in node.children if _text(child) in ("=", "+="))
    return (node.text or b"")[sign.end_byte - node.start_byte : value.start_byte - node.start_byte]


def _names(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "variable_name":
            yield child
        elif child.type == "variable_assignment":
            name = child.child_by_field_name("name")
            if name is not None:
                yield name


def _words(node: Node) -> list[str]:
    return [_text(child) for child in node.named_children] or [""]


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="surrogateescape")


def _shown(node: Node) -> str:
    """The beginning of what is there, without what may be a secret's value."""
    text = one_line(_text(node).partition("\n")[0])
    if is_secret(text):
        return "(not shown: it may hold a secret)"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
