"""A shell file before anything in it is understood: its bytes, and what the parser makes of them.

Both have an end: no file is too large, and none takes the parser minutes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciss_luigi.errors import ConfigurationError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LARGEST = 200_000
"""The largest file, in bytes; the old job's have about one thousand."""
SECONDS = 10.0
"""To parse a file and those that it sources; the parser takes minutes for thousands of here-documents."""
_PART = 4096


class Source(NamedTuple):
    """The bytes of a file, without those that bash would trip over, and what was odd about them.

    ``problem`` says why the file could not be read; then there are no bytes.
    """

    content: bytes = b""
    remarks: tuple[str, ...] = ()
    problem: str = ""


def read(path: Path) -> Source:
    """Read a file; whatever is wrong with it is told in the answer, and nothing is raised."""
    try:
        if not path.is_file():
            return Source(problem="is not a plain file" if path.exists() else "is not there")
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        return Source(problem=f"cannot be read: {error.strerror}")
    if len(content) > LARGEST:
        return Source(problem=f"has more than {LARGEST:,} bytes, which no properties file has")
    remarks = [text for byte, text in _ODD_BYTES.items() if byte in content]
    try:
        content.decode()
    except UnicodeDecodeError:
        remarks.append("is not UTF-8 text")
    for byte in _ODD_BYTES:
        content = content.replace(byte, b"")
    return Source(content, tuple(remarks))


_ODD_BYTES = {
    b"\0": "holds NUL characters, which bash leaves out, and so does this",
    b"\r": "holds CR characters, which bash would make part of values; they were left out",
}


class TimedParser:
    """A parser of shell syntax that gives up when the time for all files is over."""

    def __init__(self) -> None:
        self._parser = _parser()
        self._seconds = SECONDS

    def parse(self, content: bytes) -> list[Node] | None:
        """The statements of a file, and what stands between them; None if that takes too long."""
        return self._parser.parse(content).root_node.children if self._is_quick(content) else None

    def _is_quick(self, content: bytes) -> bool:
        began = time.monotonic()
        try:
            # only a source in parts can be given up, but its nodes do not know their texts
            self._parser.parse(
                lambda at, _: content[at : at + _PART],
                progress_callback=lambda *_: time.monotonic() - began > self._seconds,
            )
        except ValueError:
            self._parser.reset()
            return False
        finally:
            self._seconds -= time.monotonic() - began
        return True


def _parser() -> Parser:
    """A parser of bash; raises ConfigurationError if the extra ``migrate`` is not installed."""
    try:
        import tree_sitter_bash
        from tree_sitter import Language, Parser
    except ImportError:
        raise ConfigurationError(
            "tree-sitter, which reads shell syntax, is not installed",
            next_command="pip install 'ciss-luigi[migrate]', then the same command again",
        ) from None
    return Parser(Language(tree_sitter_bash.language()))
