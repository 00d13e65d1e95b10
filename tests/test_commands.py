"""Every command that a message tells to type stands in one file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi import commands

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
