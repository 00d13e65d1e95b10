"""Every command that a message tells to type stands in one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi import commands
from ciss_luigi.cli.group import VERBS

PACKAGE = Path(commands.__file__).parent


def _texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """The strings of a module that are not a docstring: those that a program may print."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def _that_hold(words: str) -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)}:{text.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if words in str(text.value)
    ]


@pytest.mark.parametrize("words", ["--module ciss_luigi", "MergeMain --date", "RangeDaily --of MergeMain "])
def test_no_other_file_writes_a_command_of_luigi(words: str) -> None:
    assert [place for place in _that_hold(words) if not place.startswith("commands.py:")] == []


PROSE = (
    "ciss load makes an absent one",
    "ciss load fills only an embedded warehouse",
    "ciss alerts says who was told",
    "ciss reset came after it",
    "was removed afterwards (ciss reset)",
    "Written by ciss import-properties",
)
"""Where a sentence names a verb, and asks nobody to type it."""


def _verbs_in(path: Path) -> Iterator[str]:
    """The texts of a file with a verb of ``ciss``: no docstring, no help of a verb, no name of a thread."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("help", "epilog", "name"):
            left_out.update(map(id, ast.walk(node.value)))
    for text in _texts(tree):
        words = str(text.value)
        if re.search(rf"\bciss ({'|'.join(VERBS)})\b", words) and id(text) not in left_out:
            yield f"{path.relative_to(PACKAGE)}:{text.lineno}: {words}"


def test_no_other_file_writes_a_command_of_ciss() -> None:
    found = [text for path in sorted(PACKAGE.rglob("*.py")) for text in _verbs_in(path)]

    assert [
        text
        for text in found
        if not text.startswith("commands.py:") and not any(words in text for words in PROSE)
    ] == []
    assert any(text.startswith("commands.py:") for text in found)
    assert [words for words in PROSE if not any(words in text for text in found)] == []


def test_the_search_finds_a_command_that_a_file_writes() -> None:
    assert any(place.startswith("commands.py:") for place in _that_hold("--module ciss_luigi"))


@pytest.fixture
def flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command keeps is forgotten after the test."""
    for name in ("flags", "again"):
        monkeypatch.setattr(commands._Kept, name, getattr(commands._Kept, name))


def test_a_verb_says_a_command_that_needs_no_luigid() -> None:
    assert commands.merge("2016-11-22").endswith(" MergeMain --date 2016-11-22 --local-scheduler")


@pytest.mark.usefixtures("flags")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("--local-scheduler --workers 2", " --local-scheduler --workers 2"),
        ("--workers=3 --scheduler-host there", " --workers 3 --scheduler-host there"),
        ("--scheduler-url http://me:secret@there:8082", ""),
    ],
)
def test_a_command_keeps_the_flags_of_this_one(given: str, kept: str) -> None:
    commands.keep_flags(["--module", "ciss_luigi", "MergeMain", "--date", "2016-11-22", *given.split()])

    following = "ciss reset --date 2016-11-22 && luigi --module ciss_luigi MergeMain --date 2016-11-22"
    assert commands.run_again("2016-11-22") == following + kept
