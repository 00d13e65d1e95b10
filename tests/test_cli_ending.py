"""How ``ciss`` ends: exit codes, the shape of errors, signals, closed pipes, hostile text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from ciss_luigi import errors
from ciss_luigi.cli.ending import code_of, exit_code
from ciss_luigi.cli.group import VERBS
from ciss_luigi.loading import LoadError
from tests.command import TRACEBACK, Place, wait_until
from tests.helpers import CISS, ciss, clean, in_use, process, run, typed
from tests.oddfiles import make_odd

pytestmark = pytest.mark.whole

Trouble = Callable[[BaseException], None]


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    """A verb ``trouble`` that only raises: the one way to see every kind of error through the frame."""

    def install(error: BaseException) -> None:
        def fail() -> None:
            raise error

        module = SimpleNamespace(command=click.Command("trouble", callback=fail))
        monkeypatch.setitem(VERBS, "trouble", "Raise an error.")
        monkeypatch.setitem(sys.modules, "ciss_luigi.cli.trouble", module)

    return install


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.Refused, 1),
        (errors.StepFailed, 1),
        (errors.StatementFailed, 1),
        (errors.BillingFault, 1),
        (errors.SourcesMissing, 1),
        (errors.AlreadyRunning, 1),
        (errors.EngineUnavailable, 35),
        (errors.ConfigurationError, 40),
        (errors.BadRunDate, 40),
    ],
)
def test_the_kind_of_an_error_decides_the_exit_code(
    kind: type[errors.CissError], code: int, trouble: Trouble, tmp_path: Path
) -> None:
    trouble(kind("it broke", next_command="ciss mend"))
    answer = typed(tmp_path, "trouble").expect(code)
    assert answer.out == ""
    assert answer.err.startswith("it broke\n")
    assert answer.err.endswith("Next:  ciss mend\n")


def test_an_error_of_a_load_is_a_no() -> None:
    assert exit_code(LoadError("bad")) == 1


def test_an_unexpected_error_is_named_in_one_line_and_never_ends_with_0(
    trouble: Trouble, tmp_path: Path
) -> None:
    trouble(RuntimeError("first\nsecond"))
    answer = typed(tmp_path, "trouble").explained(1, "unexpected RuntimeError: first second\n")
    assert "run again with --debug: ciss --debug " in answer.err


@pytest.mark.parametrize("error", [RuntimeError("boom"), errors.Refused("no", state="as before")])
def test_a_traceback_comes_only_with_debug(error: Exception, trouble: Trouble, tmp_path: Path) -> None:
    trouble(error)
    assert TRACEBACK not in typed(tmp_path, "trouble").err
    debugged = typed(tmp_path, "--debug", "trouble")
    assert debugged.code == 1
    assert TRACEBACK in debugged.err
    assert f"\nState: {'as before' if isinstance(error, errors.Refused) else 'not known'}" in debugged.err


def test_no_text_of_an_error_reaches_the_terminal_as_a_command(trouble: Trouble, tmp_path: Path) -> None:
    trouble(errors.Refused("\x1b[2J\x1b]0;title\x07 [red]x[/red] \u202e\r\x9b1m\udcff"))
    answer = typed(tmp_path, "trouble").expect(1)
    assert answer.err == "\\x1b[2J\\x1b]0;title\\x07 [red]x[/red] \\u202e\\r\\x9b1m\\xff\n"


# --- configuration ------------------------------------------------------------------------------------


def test_no_configuration_lists_the_files_looked_at(tmp_path: Path) -> None:
    ciss(tmp_path, "status").explained(40, f"{tmp_path}/luigi.cfg", "/etc/luigi/luigi.cfg")


def test_every_fault_of_the_configuration_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\ngrace_days = many\nstate_dirr = x\n")
    typed(tmp_path, "status").explained(40, "[ciss] grace_days: ", "did you mean state_dir?")


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [b"state_dir = var\n", b"[ciss]\n[ciss]\n", b"[ciss]\na = 1\na = 2\n", b"[ciss]\nname = \xff\n"],
    ids=["no section", "section twice", "key twice", "no UTF-8"],
)
@pytest.mark.parametrize("verb", ["status", "load --sample", "check", "verify --date 2016-11-05"])
def test_a_configuration_that_no_parser_can_read_is_named(content: bytes, verb: str, tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_bytes(content)
    answer = ciss(tmp_path, *verb.split())
    assert answer.code == 40, answer
    assert f"{tmp_path}/luigi.cfg" in answer.out + answer.err
    assert TRACEBACK not in answer.err


def test_help_needs_no_readable_configuration(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("no section\n")
    ciss(tmp_path, "--help").expect(0, "Verbs:")
    ciss(tmp_path, "status", "--help").expect(0, "Usage: ciss status")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Stopped("SIGTERM"), 143),
        (errors.Stopped("SIGINT"), 130),
        (click.exceptions.Exit(1), 1),
        (click.UsageError("no"), 2),
        (errors.Refused("no"), 1),
        (errors.ConfigurationError("no"), 40),
        (ValueError("no"), 1),
    ],
)
def test_the_log_has_the_code_that_the_verb_ends_with(error: BaseException, code: int) -> None:
    assert code_of(error) == code


def test_a_configuration_that_only_luigi_cannot_read_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\n[core]\nautoload_range = perhaps\n")
    ciss(tmp_path, "status").explained(40, "Luigi cannot read its configuration", "luigi.cfg", "perhaps")


def test_a_parser_that_luigi_does_not_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "luigi.toml").write_text("[ciss]\n")
    (tmp_path / "toml.py").write_text("raise ImportError('as if it were not installed')\n")
    answer = ciss(tmp_path, "status", LUIGI_CONFIG_PARSER="toml", PYTHONPATH=str(tmp_path))
    answer.explained(40, "Luigi cannot read its configuration", "luigi.toml")


def test_a_toml_that_no_parser_can_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "luigi.toml").write_text("[ciss\n")
    answer = ciss(tmp_path, "status", LUIGI_CONFIG_PARSER="toml")
    answer.explained(40, f"{tmp_path}/luigi.toml cannot be read")


ODD = {"pipe": "is not a plain file", "sparse": "holds 6,000,000,000 bytes"}


@pytest.mark.parametrize("arguments", ["status", "check", ""])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_with_luigis_name_is_neither_waited_for_nor_read(
    odd: str, arguments: str, tmp_path: Path
) -> None:
    make_odd(tmp_path / "luigi.cfg", odd)
    ciss(tmp_path, *arguments.split()).explained(40, f"{tmp_path}/luigi.cfg {ODD[odd]}")


@pytest.mark.parametrize("odd", ODD)
def test_nor_is_one_that_luigi_config_path_names(odd: str, place: Place) -> None:
    make_odd(place.folder / "other.cfg", odd)
    answer = ciss(place.folder, "status", LUIGI_CONFIG_PATH="other.cfg")
    answer.explained(40, f"{place.folder}/other.cfg {ODD[odd]}")


@pytest.mark.parametrize("arguments", ["status", "check", "load --sample", ""])
def test_a_folder_in_the_place_of_the_configuration_is_named(arguments: str, tmp_path: Path) -> None:
    make_odd(tmp_path / "luigi.cfg", "folder")
    answer = ciss(tmp_path, *arguments.split()).expect(40)
    told = answer.out + answer.err
    assert f"{tmp_path}/luigi.cfg is a folder" in told
    command = told.partition("put a file in its place: ")[2].partition(" && ciss check")[0]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert (tmp_path / "luigi.cfg").read_text() == "[ciss]\n"


def test_a_folder_that_luigi_config_path_names_is_named(tmp_path: Path) -> None:
    ciss(tmp_path, "status", LUIGI_CONFIG_PATH=str(tmp_path)).explained(
        40, "LUIGI_CONFIG_PATH names a folder"
    )


def test_a_folder_with_luigis_name_is_passed_over_as_luigi_does(place: Place) -> None:
    make_odd(place.folder / "client.cfg", "folder")
    ciss(place.folder, "status").expect(1)


def test_a_missing_file_of_luigi_config_path_is_said_once(tmp_path: Path) -> None:
    answer = ciss(tmp_path, "status", LUIGI_CONFIG_PATH="gone.cfg")
    answer.explained(40, "LUIGI_CONFIG_PATH names a missing file: gone.cfg")
    assert "UserWarning" not in answer.err


def test_the_tasks_are_registered_where_luigi_reads_its_configuration(place: Place) -> None:
    place.luigi("MergeMain", "--help").explained(0, "--date")


# --- signals and pipes --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_verb_that_waits_for_the_warehouse(
    number: signal.Signals, code: int, place: Place
) -> None:
    run(place.folder, "2016-11-05")
    with in_use(place.warehouse):
        waiting = subprocess.Popen(
            [str(CISS), "verify", "--date", "2016-11-05"],
            cwd=place.folder,
            env=clean(place.folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        wait_until(lambda: "duckdb" in Path(f"/proc/{waiting.pid}/maps").read_text())
        waiting.send_signal(number)
        _, err = waiting.communicate(timeout=90)
    assert (waiting.returncode, err.decode()) == (code, f"stopped by {number.name}\n")


def test_a_reader_that_leaves_early_gets_no_traceback(place: Place) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    answer = process(place.folder, [str(CISS), "status"], writing)
    os.close(writing)
    assert (answer.code, answer.err) == (128 + signal.SIGPIPE, "")


def test_a_full_disk_under_the_output_is_no_success(place: Place) -> None:
    run(place.folder, "2016-11-05")
    with Path("/dev/full").open("wb") as full:
        answer = process(place.folder, [str(CISS), "status", "--json"], full)
    answer.explained(1, "No space left on device")
    assert "Exception ignored" not in answer.err


def test_a_stdout_that_is_closed_changes_no_verdict(place: Place) -> None:
    run(place.folder, "2016-11-05")
    command = f"{CISS} verify --date 2016-11-05 >&- && {CISS} status >&-"
    assert process(place.folder, ["sh", "-c", command]).expect(0).err == ""


@pytest.mark.parametrize("verb", ["check", "verify --date 2016-11-05", "init", "reset --date 2016-11-05"])
def test_a_stderr_that_is_closed_changes_no_verdict(place: Place, verb: str) -> None:
    run(place.folder, "2016-11-05")
    process(place.folder, ["sh", "-c", f"{CISS} {verb} 2>&-"]).expect(0)


def test_a_terminal_without_unicode_gets_letters(place: Place) -> None:
    run(place.folder, "2016-11-05")
    answer = ciss(place.folder, "status", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert answer.expect(0, "o done").out.isascii()
