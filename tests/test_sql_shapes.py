"""Shapes of SQL that an engine is known to answer wrongly: none of our statements may have them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ciss_luigi
from tests.servers.impalagrammar import refusal

FILES = sorted(Path(ciss_luigi.__file__).parent.joinpath("sql").glob("*.sql"))
WRITERS = sorted(
    file
    for room in ("queries", "engines", "operator", "steps")
    for file in Path(ciss_luigi.__file__).parent.joinpath(room).rglob("*.py")
    if "SELECT" in file.read_text(encoding="utf-8")
)
"""What puts statements together in Python."""
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def inside(text: str, opened: int) -> str:
    """What stands in the parentheses that open at a place."""
    depth = 0
    for place in range(opened, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[opened : place + 1]
    return text[opened:]


def joined_to_distinct_rows(text: str) -> list[str]:
    """The right sides of LEFT JOINs that are distinct rows, by name or as they stand."""
    plain = _COMMENT.sub(" ", text)
    named = {found[1]: inside(plain, found.end() - 1) for found in re.finditer(r"(\w+) AS \(", plain)}
    sides = [
        (found[1], inside(plain, found.end() - 1) if found[1] == "(" else named.get(found[1], ""))
        for found in re.finditer(r"\bLEFT (?:OUTER )?JOIN\s+(\(|\w+)", plain)
    ]
    return [name for name, body in sides if re.search(r"\bDISTINCT\b|\bGROUP BY\b", body)]


def test_the_search_finds_what_hive_got_wrong() -> None:
    wrong = "WITH m AS (SELECT DISTINCT a FROM t) SELECT * FROM k LEFT JOIN m ON m.a = k.a"
    assert joined_to_distinct_rows(wrong) == ["m"]
    assert joined_to_distinct_rows(
        wrong.replace("LEFT JOIN m", "LEFT JOIN (SELECT DISTINCT a FROM t) m")
    ) == ["("]
    assert joined_to_distinct_rows(wrong.replace("DISTINCT ", "")) == []


@pytest.mark.parametrize("file", [*FILES, *WRITERS], ids=lambda file: file.name)
def test_no_left_join_to_distinct_rows(file: Path) -> None:
    """Hive 4.0.1 makes a semi join of it, and the rows without a partner are lost."""
    assert joined_to_distinct_rows(file.read_text(encoding="utf-8")) == []


def test_a_word_that_impala_reserves_is_found() -> None:
    assert "Encountered: ONE" in refusal("SELECT n FROM (SELECT 1 AS one FROM r LIMIT 1) a", (2, 12))


@pytest.mark.parametrize("version", [(2, 12), (4, 5)], ids=["2.12", "4.5"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_impalas_grammar_takes_every_file(file: Path, version: tuple[int, int]) -> None:
    """With a plain name in each placeholder's place; an alias that is a reserved word fails here."""
    text = re.sub(r"\{(\w+)\}", r"\1", file.read_text(encoding="utf-8"))
    assert refusal(text, version) == ""
