"""Generated harmless files: the values that are read are those that a real bash has."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ciss_luigi.migration import propertiesfile
from tests.migration.test_import_properties import bash

NAMES = ("A", "B_1", "dbname", "x_tblname", "Dname_x")
PLAIN = st.text("abcXYZ019_./:,@%+=-é", max_size=8)
QUOTED = st.text("ab \t$`\"\\'#;&|<>(){}*?!~é€", max_size=8)


def _double(text: str) -> str:
    """In double quotes four characters need a backslash; before others a backslash stays."""
    return '"' + "".join(f"\\{one}" if one in '$`"\\' else one for one in text) + '"'


name = st.sampled_from(NAMES)
default = st.one_of(PLAIN, PLAIN.map(lambda text: f'"{text}"'))
piece = st.one_of(
    PLAIN,
    QUOTED.map(_double),
    QUOTED.map(lambda text: "'" + text.replace("'", "") + "'"),
    name.map(lambda one: f"${{{one}}}"),
    name.map(lambda one: f'"${one}-$"'),
    st.tuples(name, st.sampled_from([":-", "-", ":+", "+"]), default).map(
        lambda all_: f"${{{''.join(all_)}}}"
    ),
    st.sampled_from("$\"'#;&|<>()*?\\").map(lambda one: f"x\\{one}x"),
    st.tuples(name, PLAIN).map(lambda both: f'"a ${{{both[0]}}} {both[1]}"'),
)
value = (
    st.lists(piece, max_size=4)
    .map("".join)
    .filter(lambda text: not text.startswith("~") and ":~" not in text)
)
assignment = st.tuples(
    st.sampled_from(["", "export ", "declare ", "typeset "]), name, st.sampled_from(["=", "=", "+="]), value
).map("".join)
line = st.one_of(assignment, st.just(""), QUOTED.map(lambda text: f"# {text}"), st.just(". ./sourced"))
lines = st.lists(line, max_size=8)


@settings(max_examples=30, deadline=None)
@given(own=lines, sourced=st.lists(assignment, max_size=3))
def test_generated_files_mean_what_bash_makes_of_them(own: list[str], sourced: list[str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="properties-"))
    start = [f"{one}=" for one in NAMES]
    try:
        (folder / "sourced").write_text("\n".join(sourced) + "\n")
        (folder / "own").write_text("\n".join([*start, *own]) + "\n")
        found = propertiesfile.read(folder / "own")
        assert found.not_understood == []
        assert {one: found.variables[one].value for one in NAMES} == bash(folder, "own", list(NAMES))
    finally:
        shutil.rmtree(folder)
