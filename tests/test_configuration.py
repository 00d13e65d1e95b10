"""What a ``luigi.cfg`` means, and what is said of one that means nothing; read in this process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.errors import ConfigurationError
from tests.helpers import clean, run, typed
from tests.sample import make_sample, make_site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the configuration, with others beside it."""
    made = tmp_path / "site"
    made.mkdir()
    return made


def faults(folder: Path, text: str) -> list[str]:
    (folder / "luigi.cfg").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        site.load({}, folder)
    return [str(fault) for fault in caught.value.faults]


# --- one file, several ways to it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "way", ["../site/luigi.cfg", "linked/luigi.cfg", "linked/../site/luigi.cfg", "luigi.cfg"]
)
def test_a_done_date_is_done_whichever_way_leads_to_the_configuration(folder: Path, way: str) -> None:
    make_site(folder, make_sample(folder.parent / "sample.duckdb"))
    run(folder, "2016-11-22")
    other = folder.parent / "other"
    other.mkdir()
    (other / "linked").symlink_to(folder)
    if way == "luigi.cfg":
        (other / way).symlink_to(folder / way)
    here = site.load({"LUIGI_CONFIG_PATH": way}, other)
    assert (here.config_path, here.settings.state_dir) == (folder / "luigi.cfg", folder / "var")
    (done,) = here.markers.dates()
    assert here.markers.is_merged(done)


@pytest.mark.parametrize(("name", "parser"), [("site.toml", ""), ("site.cfg", "toml")])
def test_a_file_that_luigi_passes_over_is_none_of_ours(folder: Path, name: str, parser: str) -> None:
    """Its other sections, such as [retcode], would not count."""
    (folder / name).write_text("[ciss]\n")
    environment = {"LUIGI_CONFIG_PATH": name, **({"LUIGI_CONFIG_PARSER": parser} if parser else {})}
    with pytest.raises(ConfigurationError, match=f"names {name}, which Luigi ignores"):
        site.load(environment, folder)


@pytest.mark.parametrize(
    "line", ["state_dir = var  # markers", "warehouse_url = duckdb:///a.duckdb ; the file"]
)
def test_a_comment_behind_a_value_is_no_part_of_a_path(folder: Path, line: str) -> None:
    (fault,) = faults(folder, f"[ciss]\n{line}\n")
    assert fault.startswith(f"[ciss] {line.split(maxsplit=1)[0]}: a comment needs a line of its own")


def test_a_warehouse_is_the_same_behind_links_and_dots(folder: Path) -> None:
    (folder.parent / "linked").symlink_to(folder)
    (folder / "file.duckdb").symlink_to(folder / "not_there_yet.duckdb")
    places = set()
    for url in ("not_there_yet.duckdb", "../linked/not_there_yet.duckdb", "x/../file.duckdb"):
        (folder / "luigi.cfg").write_text(f"[ciss]\nwarehouse_url = duckdb:///{url}\n")
        places.add(site.load({}, folder).settings.warehouse.place)
    assert places == {str(folder / "not_there_yet.duckdb")}


def test_links_that_lead_in_a_circle_are_a_fault(folder: Path) -> None:
    (folder / "var").symlink_to(folder / "var")
    (fault,) = faults(folder, "[ciss]\n")
    assert fault.startswith(f"[ciss] warehouse_url: {folder}/var/ciss.duckdb is a link that leads back")
    (folder / "loop.cfg").symlink_to(folder / "loop.cfg")
    with pytest.raises(ConfigurationError, match=r"names a missing file: loop\.cfg"):
        site.load({"LUIGI_CONFIG_PATH": "loop.cfg"}, folder)


# --- indented lines -----------------------------------------------------------------------------------


def test_an_indented_line_is_a_fault_of_the_key_above_it_beside_all_others(folder: Path) -> None:
    found = faults(
        folder,
        "[ciss]\nstate_dir = var\n  grace_days = 0\ntypo = 1\n  2\nretries = many\n"
        "lease_url =\n  postgresql://h/x\n  password: s3cret\n",
    )
    swallows = "the next line is indented and so belongs to this value"
    assert found[0].startswith("[ciss] typo: unknown key")
    assert found[1:4] == [
        f"[ciss] state_dir: {swallows}; begin grace_days at the start of its line (example: var)",
        f"[ciss] typo: {swallows}",
        f"[ciss] lease_url: {swallows} (example: postgresql://ciss:${{LEASE_PASSWORD}}@db.example.net/ciss)",
    ]
    assert found[4].startswith("[ciss] retries: 'many' is not a whole number")


def test_no_wait_between_two_tries_is_a_sensible_wish(folder: Path) -> None:
    (folder / "luigi.cfg").write_text("[ciss]\nretries = 2\nretry_wait_seconds = 0\n")
    assert site.load({}, folder).settings.retry_wait_seconds == 0


def test_json_may_take_several_lines_and_a_value_may_begin_on_the_next(folder: Path) -> None:
    (folder / "luigi.cfg").write_text(
        '[ciss]\nsession_settings =\n  {"memory_limit": "1GB",\n  "threads": 2}\n'
        "state_dir =\n  # a comment\n  elsewhere\n\n[core]\n"
    )
    settings = site.load({}, folder).settings
    assert settings.warehouse.session_settings == {"memory_limit": "1GB", "threads": 2}
    assert settings.state_dir == folder / "elsewhere"


# --- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1000001", "an hour"])
def test_a_time_that_no_timer_takes_is_a_fault(folder: Path, text: str) -> None:
    (fault,) = faults(folder, f"[ciss]\nstatement_deadline_minutes = {text}\n")
    assert fault.startswith(
        f"[ciss] statement_deadline_minutes: {text!r} is not a number above 0 and up to 1,000,000"
    )


@pytest.mark.parametrize("text", ["${EMPTY}", '"var"', "$HOME/var", "  "])
def test_what_is_no_path_makes_no_second_set_of_markers(folder: Path, text: str) -> None:
    (folder / "luigi.cfg").write_text(f"[ciss]\nstate_dir = {text}\n")
    with pytest.raises(ConfigurationError, match=r"\[ciss\] state_dir: .* is not a path"):
        site.load({"EMPTY": ""}, folder)


def test_a_url_whole_in_a_variable_is_said_to_be_too_much(folder: Path) -> None:
    (unset,) = faults(folder, "[ciss]\nwarehouse_url = ${URL}\n")
    assert unset.startswith("[ciss] warehouse_url: the environment variable URL is not set")
    with pytest.raises(ConfigurationError, match="may stand for a part of it") as caught:
        site.load({"URL": "hive://me:s3cret@h/x"}, folder)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["temp", "System", "information_schema", "ciss", "CISS"])
def test_a_database_that_duckdb_takes_for_something_else_is_a_fault(folder: Path, name: str) -> None:
    (fault,) = faults(folder, f"[ciss]\ndatabase = {name}\n")
    assert fault.startswith(f"[ciss] database: {name!r} is ")
    (folder / "luigi.cfg").write_text(f"[ciss]\nmain_table = {name}\n")
    typed(folder, "init").expect(0, f"mnaas.{name} made")


def test_a_server_may_have_a_database_called_default(folder: Path) -> None:
    (folder / "luigi.cfg").write_text("[ciss]\ndatabase = default\nwarehouse_url = hive://h/default\n")
    assert site.load({}, folder).settings.main.startswith("default.")


# --- no section ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, "[core]\nlog_level = INFO"])
@pytest.mark.parametrize("verb", ["init", "check"])
def test_without_a_section_the_command_that_makes_one_is_said_and_works(
    folder: Path, verb: str, before: str | None
) -> None:
    if before is not None:
        (folder / "luigi.cfg").write_text(before)
    answer = typed(folder, verb).expect(40)
    text = answer.out + answer.err
    assert "no file has a [ciss] section; looked at: " in text
    (command,) = [line.strip(" ->") for line in text.replace("Next:  ", "-> ").splitlines() if "->" in line]
    assert command.startswith("cd to the folder of your luigi.cfg, or export LUIGI_CONFIG_PATH=")
    subprocess.run(
        command.partition("here: ")[2].partition(" && ")[0],
        shell=True,
        cwd=folder,
        env=clean(folder),
        check=True,
        executable="/bin/sh",
    )
    assert site.load({}, folder).config_path == folder / "luigi.cfg"
    assert (folder / "luigi.cfg").read_text() in ("[ciss]\n", f"{before}\n[ciss]\n")


@pytest.mark.parametrize("name", ["cis", "Ciss", "CISS", "ciss_luigi"])
def test_a_section_that_is_nearly_the_right_one_is_named(folder: Path, name: str) -> None:
    (folder / "luigi.cfg").write_text(f"[core]\n[{name}]\nretries = 1\n")
    typed(folder, "status").explained(
        40,
        f"no file has a [ciss] section, but {folder}/luigi.cfg has [{name}]; looked at: ",
        f"Next:  write [ciss] for [{name}] there, then: ciss check",
    )


def test_a_section_of_nearly_the_right_name_in_toml_is_named(folder: Path) -> None:
    (folder / "luigi.toml").write_text("ciss = 3\n[Ciss]\nretries = 1\n")
    with pytest.raises(ConfigurationError, match=r"luigi.toml has \[Ciss\]; looked at"):
        site.load({"LUIGI_CONFIG_PARSER": "toml"}, folder)
