"""Generated files: the values that are read are those that a real bash has, or the file is listed."""

from __future__ import annotations

import shutil
import subprocess
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


# --- what may be misread ------------------------------------------------------------------------------

ODD = (
    "\\ ", "\\\n", "\\\t", "\\", "\\~", "\\{", "$$", "$#", "$_", "$?", "$0", "$", "${A", "${A}", "$A",
    "${A:-", "}", "${#A}", "$[1]", "$((1))", "{q,z}", "{1..2}", "{", "#", "# ", "`", "``", "`q`", '$"q"',
    "$'q'", '"', "'", '"$"', "\f", "\v", "\x01", "\x1b", "\x7f", " ", "\t", "\n", "\n\n", ";", "=", "~",
    ":~", "*", "[", "]", "?", "!", "(", ")", "\xa0", "\u2003", "\ufeff", "q", "z=", "A=q", "dbname=z", "-",
    "+", "0=", "%", "@", ",", "/", "^", "é",
)  # fmt: skip
STARTS = ("", "", "export ", "declare -x ", "readonly ", " ", "\f", "B_1=1 ", "export B_1=q ")
odd_value = st.lists(st.one_of(st.sampled_from(ODD), st.sampled_from(ODD), piece), max_size=4).map("".join)
odd_line = st.tuples(
    st.sampled_from(STARTS), name, st.sampled_from(["=", "=", "=", "+=", "", " ="]), odd_value
).map("".join)


def bash_or_fault(folder: Path, file: str) -> dict[str, str] | None:
    """What bash has; None if it ends with a fault, as it does at a command that is not there."""
    try:
        return bash(folder, file, list(NAMES), {"PATH": str(folder / "no_programs")})
    except subprocess.CalledProcessError:
        return None


@settings(max_examples=200, deadline=None)
@given(odd=odd_line, more=st.lists(odd_line, max_size=1), after=st.lists(assignment, min_size=1, max_size=2))
def test_what_is_not_read_as_bash_reads_it_is_listed(odd: str, more: list[str], after: list[str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="properties-"))
    start = [f"{one}={one}0" for one in NAMES]
    try:
        (folder / "own").write_text("\n".join([*start, odd, *more, *after]) + "\n")
        found = propertiesfile.read(folder / "own")
        if not found.not_understood:
            assert {one: found.variables[one].value for one in NAMES} == bash_or_fault(folder, "own")
    finally:
        shutil.rmtree(folder)
