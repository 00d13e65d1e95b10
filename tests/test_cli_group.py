"""The frame of ``ciss``: help, verbs by name, usage."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click
import pytest

from ciss_luigi.cli.group import VERBS
from ciss_luigi.version import VERSION
from tests.helpers import ciss, process, typed


def test_help_lists_every_verb_with_its_line(tmp_path: Path) -> None:
    answer = typed(tmp_path, "--help").expect(0)
    words = " ".join(answer.out.split())  # a long verb leaves the lines less room, and they are broken
    for verb, line in VERBS.items():
        assert f"\n  {verb} " in answer.out
        assert f"{verb} {line}" in words


def test_help_imports_no_verb_no_engine_and_no_rich(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom ciss_luigi.cli import main\nsys.argv = ['ciss', '--help']\n"
        "try: main()\nexcept SystemExit: print(sorted(sys.modules))"
    )
    modules = process(tmp_path, [sys.executable, "-c", program]).out.splitlines()[-1]
    assert "'ciss_luigi.cli.group'" in modules
    for heavy in ("duckdb", "sqlalchemy", "rich", "pyhive", "impala"):
        assert f"'{heavy}'" not in modules
    assert not [verb for verb in VERBS if f"'ciss_luigi.cli.{verb}'" in modules]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_a_command_with_help_of_its_own(verb: str, tmp_path: Path) -> None:
    command = importlib.import_module(f"ciss_luigi.cli.{verb.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    assert command.name == verb
    answer = typed(tmp_path, verb, "--help").expect(0, f"Usage: ciss {verb} ")
    assert answer.err == ""


@pytest.mark.parametrize(("wrong", "right"), [("stauts", "status"), ("verfy", "verify"), ("rest", "reset")])
def test_a_misspelt_verb_gets_the_nearest_spelling(wrong: str, right: str, tmp_path: Path) -> None:
    assert f"There is no verb '{wrong}'. Did you mean {right}?" in typed(tmp_path, wrong).expect(2).err


def test_there_is_no_run(tmp_path: Path) -> None:
    assert "There is no verb 'run'." in typed(tmp_path, "run", "--date", "2016-11-05").expect(2).err


@pytest.mark.parametrize("text", ["2016-11-31", "22.11.2016", "20161122", "", "2016-11-22T00:00", "-1"])
def test_a_date_that_is_none_is_a_mistake_of_usage(text: str, tmp_path: Path) -> None:
    answer = typed(tmp_path, "verify", f"--date={text}").expect(2)
    assert "Invalid value for '--date'" in answer.err


def test_version_and_module_are_the_same_command(tmp_path: Path) -> None:
    module = [sys.executable, "-m", "ciss_luigi", "--version"]
    said = process(tmp_path, module).expect(0).out
    assert said == ciss(tmp_path, "--version").expect(0).out == f"ciss, version {VERSION}\n"
