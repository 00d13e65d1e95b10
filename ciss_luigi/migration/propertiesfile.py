"""The old job's properties: shell assignments, in a file and in those that it sources. Nothing is run.

Whatever else bash would do with the file is told, line by line, and not done.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ciss_luigi import commands
from ciss_luigi.errors import Refused
from ciss_luigi.migration import parsedfile, shellsource
from ciss_luigi.migration.parsedfile import ParsedFile, shown, text_of
from ciss_luigi.migration.properties import Properties, Remark, Variable, is_secret
from ciss_luigi.migration.shelltext import NotUnderstood, WordPlace, Words, Work, require_fit
from ciss_luigi.plaintext import one_line, shortened

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_FILES = 50
_MOST_NAMED = 500
"""A file with more lines that are not understood is no properties file: the rest is not read."""
_LONGEST_REMARK = 500
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_BETWEEN = re.compile(r"(?:[ \t\n;]|\\\n)*")
_KEYWORDS = ("export", "declare", "typeset", "readonly")
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
    reading = _Reading(shellsource.TimedParser(), file.parent)
    try:
        problem = reading.file(file)
    except _Enough:
        problem = ""
    if problem:
        raise Refused(
            f"{file} {problem}",
            state="nothing was written",
            next_command=f"{commands.import_properties()} with the file that the old job's script sources",
        )
    return reading.found


class _Enough(Exception):
    """So much was not understood that nothing more is read."""


class _Reading:
    """One reading of a file and those that it sources."""

    def __init__(self, parser: shellsource.TimedParser, folder: Path) -> None:
        self.found = Properties()
        self._parser = parser
        self._folder = folder
        self._open: list[Path] = []
        self._count = 0
        self._read_only: set[str] = set()
        self._values: dict[str, str] = {}
        self._work = Work()

    def file(self, path: Path) -> str:
        """Read a file; returns why it could not be read, or nothing."""
        self._count += 1
        if path.resolve() in self._open:
            return "sources itself"
        if self._count > _MOST_FILES:
            return f"is one file too many: more than {_MOST_FILES} are sourced"
        source = shellsource.read(path)
        if source.problem:
            return source.problem
        for remark in source.remarks:
            self._not_understood(path, 0, remark)
        nodes = self._parser.parse(source.content)
        if nodes is None:
            return (
                f"takes longer than {shellsource.SECONDS:g} seconds to parse, which no properties file does"
            )
        self._open.append(path.resolve())
        # One character for each byte: the parser counts in bytes.
        opened = ParsedFile(path, source.content.decode("latin-1"))
        self._gaps(nodes, opened)
        for node in nodes:
            self._statement(node, opened)
        self._open.pop()
        return ""

    def _gaps(self, nodes: list[Node], file: ParsedFile) -> None:
        """List what the parser passed over, and statements without an end between them."""
        place, ended = 0, True
        for node in nodes:
            gap = file.text[place : node.start_byte]
            is_end = not node.is_named and node.type in (";", "\n")
            ended = ended or bool(_BETWEEN.fullmatch(gap) and set(gap.replace("\\\n", "")) & set("\n;"))
            if not _BETWEEN.fullmatch(gap) or not (ended or is_end or node.type == "comment"):
                begin = one_line(gap.strip(" \t\n") + text_of(node).partition("\n")[0])
                self._hidden(file, node, f"what the parser cannot place, before {begin}")
            ended = (ended and node.type == "comment") or is_end
            place = node.end_byte
        if not _BETWEEN.fullmatch(file.text[place:]):
            self._not_understood(file.path, 0, "ends with what the parser cannot place")

    def _hidden(self, file: ParsedFile, node: Node, text: str) -> None:
        """List a text, without what follows ``before`` if that may be a secret's value."""
        if is_secret(text):
            text = "what the parser cannot place (not shown: it may hold a secret)"
        self._not_understood(file.path, node.start_point[0] + 1, text)

    def _statement(self, node: Node, file: ParsedFile) -> None:
        if node.type == "comment" and file.is_comment(node):
            return
        if not node.is_named and node.type in (";", "\n"):
            return
        if node.type == "variable_assignment":
            self._assign(node, file, self._words(), WordPlace.ASSIGNED)
        elif node.type == "variable_assignments" and file.has_blanks_only(node.children):
            for child in node.children:
                self._statement(child, file)
        elif (
            node.type == "declaration_command" and not node.has_error and file.has_blanks_only(node.children)
        ):
            self._declare(node, file)
        elif node.type == "command" and not node.has_error and parsedfile.words(node)[0] in (".", "source"):
            self._sourced(node, file)
        else:
            what = (
                "no shell syntax"
                if node.has_error or node.is_error
                else _STATEMENTS.get(node.type, node.type.replace("_", " "))
            )
            self._not_understood(file.path, node.start_point[0] + 1, f"{what}, not run: {shown(node)}")

    def _declare(self, node: Node, file: ParsedFile) -> None:
        """``export A=1``, ``declare -A map=(...)`` and the like."""
        keyword, *rest = node.children
        options = [text_of(one) for one in rest if one.type == "word"]
        line = node.start_point[0] + 1
        if {"-A", "-a"} & set(options):
            names = [text_of(name) for name in parsedfile.names(node)]
            text = f"{', '.join(names)}: an array, which no setting needs"
            values = [one.child_by_field_name("value") for one in rest if one.type == "variable_assignment"]
            is_array = all(value is not None and value.type == "array" for value in values)
            if is_array and not set(names) & set(self._values):
                self.found.notes.append(Remark(file.path, line, shortened(text, _LONGEST_REMARK)))
            else:
                self._not_understood(file.path, line, f"an array in the place of a value: {shown(node)}")
            return
        named = rest[len(options) :]  # bash takes no option after a name
        is_known = text_of(keyword) in _KEYWORDS and not set(options) - {"-x", "-r", "-g"}
        if not is_known or any(one.type not in ("variable_assignment", "variable_name") for one in named):
            text = f"{' '.join([text_of(keyword), *options])}, more than names and values: {shown(node)}"
            self._not_understood(file.path, line, text)
            return
        before = dict(self._values)  # bash finds all values before it sets the first
        for child in named:
            if child.type == "variable_assignment":
                self._assign(child, file, Words(before, work=self._work), WordPlace.DECLARED)
            if text_of(keyword) == "readonly" or "-r" in options:
                self._read_only.update(text_of(name) for name in parsedfile.names_of(child))

    def _assign(self, node: Node, file: ParsedFile, words: Words, place: WordPlace) -> None:
        line = node.start_point[0] + 1
        sign = _ASSIGNED.match(file.text, node.start_byte)
        if sign is None:
            self._not_understood(file.path, line, f"an element of an array: {shown(node)}")
            return
        name = sign[0].rstrip("+=")
        try:
            if name in self._read_only:
                raise NotUnderstood(f"a value for {name}, which is read-only")
            text = file.word(node, sign.end(), words, place)
            if sign[0].endswith("+="):
                text = self._values.get(name, "") + text
                require_fit(text)
                self._work.add(len(text))
        except NotUnderstood as error:
            self._not_understood(
                file.path, line, f"{name} holds {error}: {shown(node)}", secret=is_secret(name)
            )
            return
        self.found.used |= words.used
        for unset in sorted(words.unset):
            self._not_understood(file.path, line, f"{name} takes ${unset}, which these files do not set")
        secret = is_secret(name) or any(self._is_secret(one) for one in words.used)
        self.found.variables[name] = Variable(name, text, file.path, line, secret)
        self._values[name] = text

    def _words(self) -> Words:
        return Words(self._values, work=self._work)

    def _is_secret(self, name: str) -> bool:
        return name in self.found.variables and self.found.variables[name].secret

    def _sourced(self, node: Node, file: ParsedFile) -> None:
        path, line = file.path, node.start_point[0] + 1
        arguments = node.named_children[1:]
        words = self._words()
        try:
            if len(arguments) != 1 or not file.has_blanks_only(node.children):
                raise NotUnderstood("no one file")
            named = file.word(arguments[0], arguments[0].start_byte, words, WordPlace.ARGUMENT)
            if "\0" in named:
                raise NotUnderstood("a date")
            if words.unset:
                names = ", ".join(f"${one}" for one in sorted(words.unset))
                raise NotUnderstood(f"{names}, which these files do not set")
        except NotUnderstood as error:
            self._not_understood(path, line, f"sources a file whose name holds {error}: {shown(node)}")
            return
        self.found.used |= words.used
        target = Path(path.parent, named)
        beside = self._folder / target.name
        if self._is_beside(target, beside):
            self.found.notes.append(Remark(path, line, f"{target} is not there; {beside} was read instead"))
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
        words = shortened(text.partition(": ")[0] if secret else text, _LONGEST_REMARK)
        self.found.not_understood.append(Remark(path, line, words))
        if len(self.found.not_understood) >= _MOST_NAMED:
            after = f"what follows is not read: {_MOST_NAMED} things before it were not understood"
            self.found.not_understood.append(Remark(path, line, after))
            raise _Enough
