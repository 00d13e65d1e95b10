"""A user's mistakes in ``luigi.cfg`` and on the command line: 40, in full, without a traceback."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ciss_luigi.plaintext import remember, without_parts
from tests.command import Place, free_port, name_of
from tests.helpers import ciss

pytestmark = pytest.mark.whole

DATE = "2016-11-10"
PASSWORD = "s3cr@t/%&pass"


def test_all_faults_are_reported_at_once_and_before_luigid_is_asked(place: Place) -> None:
    place.configure(grace_dayz=3, retries="many", database="a b", warehouse_url="oracle://x/y")
    finished = place.merge(DATE, "--scheduler-port", str(free_port()))
    finished.explained(
        40,
        "[ciss] grace_dayz: unknown key; did you mean grace_days?",
        "[ciss] retries: 'many' is not a whole number from 0 to 100 (example: 3)",
        "[ciss] database: 'a b' is not a plain SQL name",
        "[ciss] warehouse_url: there is no engine for 'oracle'",
        "State: nothing was touched",
    )
    assert "luigid does not answer" not in finished.text
    assert place.touched() == []


def test_faults_of_luigis_sections_and_of_ours_are_told_together(place: Place) -> None:
    place.configure("[smtp]\nport = 0\n[ciss_alerts]\nmail_to = nobody", retries="many")
    place.merge(DATE).explained(
        40, "[smtp] port: 0 is not a port", "[ciss] retries: 'many'", "[ciss_alerts] mail_to: 'nobody' is not"
    )


def test_a_range_says_the_same(place: Place) -> None:
    place.configure(retries="many")
    place.range(DATE, "2016-11-12").explained(40, "[ciss] retries: 'many' is not a whole number")


def test_no_section_lists_the_files_looked_at(place: Place) -> None:
    place.config.write_text("[core]\nlog_level = INFO\n")
    finished = place.merge(DATE)
    finished.explained(40, "no file has a [ciss] section", "/etc/luigi/luigi.cfg", str(place.config))


LUIGIS_OWN = {
    "[core]\nlog_level = LOUD": "[core] log_level: cannot be used: LOUD is not a valid choice",
    "[core]\ndefault-scheduler-port = abc": "[core] default-scheduler-port: cannot be used: ",
    "[core]\nlogging_conf_file = none.cfg": "[core] logging_conf_file: 'none.cfg': there is no such file",
    "[core]\ndefault_scheduler_url = h:8082": "default_scheduler_url: 'h:8082' is not a URL of a luigid",
    "[retcode]\nmissing_data = abc": "[retcode] missing_data: cannot be used: ",
    "[worker]\ntimeout = abc": "[worker] timeout: cannot be used: ",
    "[email]\nmethod = pigeon": "[email] method: cannot be used: pigeon is not a valid choice",
    "[smtp]\npassword = s3cret%q": "[smtp] password: cannot be read: a % is written %%",
}


@pytest.mark.parametrize("text", LUIGIS_OWN)
def test_a_fault_in_luigis_own_sections_is_one_before_anything_begins(place: Place, text: str) -> None:
    ours = "[ciss]\nwarehouse_url = duckdb:///warehouse.duckdb\nstate_dir = state\n"
    place.config.write_text(f"{ours}{text}\n")
    finished = place.merge(DATE).explained(40, LUIGIS_OWN[text], "State: nothing was touched")
    assert "s3cret" not in finished.text
    assert place.touched() == []
    checked = ciss(place.folder, "check").expect(40, LUIGIS_OWN[text])
    assert "has no faults" not in checked.out


def test_a_scheduler_url_that_is_none(place: Place) -> None:
    place.merge(DATE, "--scheduler-url", "notaurl").explained(40, "luigid's address is not a URL")


def test_a_current_directory_that_is_gone(place: Place) -> None:
    gone = "import os, tempfile\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)\n"
    place.merge(DATE, prelude=gone).explained(40, "the current directory", "has been removed", "Next:  cd ")


def test_a_missing_file_in_luigi_config_path(place: Place) -> None:
    finished = place.merge(DATE, LUIGI_CONFIG_PATH="/nowhere/luigi.cfg")
    finished.explained(40, "LUIGI_CONFIG_PATH names a missing file: /nowhere/luigi.cfg", str(place.config))


def test_two_files_with_the_section(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other.cfg"
    other.write_text("[ciss]\n")
    finished = place.merge(DATE, LUIGI_CONFIG_PATH=str(other))
    finished.explained(40, f"more than one file has a [ciss] section: {place.config} and {other}")


@pytest.mark.parametrize("date", ["2016-11-33", "22.11.2016", "2016-11", "2016-1-1", "yesterday"])
def test_a_bad_date(place: Place, date: str) -> None:
    place.merge(date).explained(40, f"--date '{date}' is not a date; a date looks like 2016-11-22")


def test_a_missing_date(place: Place) -> None:
    place.luigi("MergeMain", "--local-scheduler").explained(40, "requires the 'date' parameter")


def test_a_state_dir_that_cannot_be_made(place: Place) -> None:
    (place.folder / "file").write_text("in the way")
    place.configure(state_dir="file/state")
    place.merge(DATE).explained(40, "file/state/locks", "Not a directory", "nothing was touched")
    place.range(DATE, "2016-11-12").explained(40, "file/state/locks", "Not a directory")


def test_the_number_of_workers_must_be_1_or_more(place: Place) -> None:
    finished = place.merge(DATE, "--workers", "0")
    finished.explained(40, "--workers 0: the number must be 1 or more", "nothing was touched")
    assert place.attempts(DATE) == []


def test_help_works_with_any_configuration_that_can_be_parsed(place: Place) -> None:
    place.configure(retries="many", warehouse_url="nonsense")
    place.luigi("MergeMain", "--help").explained(0, "--date", "the run date, for example 2016-11-22")
    place.luigi("MergeMain", "--help", LUIGI_CONFIG_PATH="/nowhere/luigi.cfg").expect(0, "--date")


@pytest.mark.parametrize("key", ["threads", "no_such_setting_at_all"])
def test_values_from_the_environment_appear_nowhere(place: Place, key: str) -> None:
    place.configure(session_settings=f'{{"{key}": "${{PASSWORD}}"}}')
    finished = place.merge(DATE, "--parallel-scheduling", PASSWORD=PASSWORD)
    finished.explained(40, f"session_settings: {key}: DuckDB:")
    written = {path.name: path.read_text() for path in place.state.rglob("*") if path.is_file()}
    assert any(name.endswith(".jsonl") for name in written), "the ledger of commands was not looked at"
    assert [name for name, text in written.items() if PASSWORD in text] == []
    assert PASSWORD not in finished.text


def test_a_part_of_one_that_the_engine_repeats_does_not_either(place: Place) -> None:
    place.configure(session_settings='{"memory_limit": "12${PASSWORD}"}')
    finished = place.merge(DATE, PASSWORD="34Hunter2-Secret")
    finished.explained(40, "session_settings: memory_limit: DuckDB: ", "Unknown unit for memory: '***'")
    assert "hunter2" not in finished.text.lower()


def test_what_the_engine_says_beside_a_part_stays_readable() -> None:
    remember("34Hunter2-Secret")
    words = "Unknown unit 'hunter2-secret' and 'HUNTER', not 34 or un"
    assert without_parts(words, "12 34Hunter2-Secret") == "Unknown unit '***' and '***', not 34 or un"
    assert without_parts(words, "12") == words


def test_a_name_from_the_environment_is_no_secret(place: Place) -> None:
    place.configure(database="${SCHEMA}")
    place.merge("2017-05-10", SCHEMA="mnaas").explained(20, f"mnaas.{name_of('billable')} has no row for")


def test_the_value_of_a_key_that_luigi_does_not_know_is_not_shown(place: Place) -> None:
    given = place.config.read_text()
    place.config.write_text(given.replace("[core]\n", "[core]\npasswort = s3cret-word\n"))
    words = "the parameter 'passwort' that is not consumed by the task 'core'"
    assert "s3cret" not in place.merge(DATE).explained(0, words).text


def test_but_a_password_in_the_place_of_a_name_is(place: Place) -> None:
    place.configure(database="${PASSWORD}", warehouse_url="${PASSWORD}")
    finished = place.merge(DATE, PASSWORD=PASSWORD).explained(
        40, "[ciss] database: '***' is not a plain SQL name"
    )
    assert PASSWORD not in finished.text


def test_nor_in_the_ledger_and_the_log_of_a_step(place: Place) -> None:
    place.configure(session_settings='{"application_name": "${PASSWORD}"}')
    failing = f"""
from ciss_luigi.errors import StatementFailed
def fail(job):
    raise StatementFailed("the server said: no such pool {PASSWORD}")
from ciss_luigi.steps import runner
runner.steps.ACTIONS["BuildTemp"] = fail
"""
    finished = place.merge(DATE, PASSWORD=PASSWORD, prelude=failing)
    finished.explained(30, "no such pool ***")
    assert place.attempts(DATE)[-1].error.startswith(
        "BuildTemp of 2016-11-10: the server said: no such pool ***"
    )


def test_a_password_with_every_special_character_reaches_the_engine(place: Place) -> None:
    place.configure(session_settings='{"application_name": "${PASSWORD}"}')
    place.merge(DATE, PASSWORD='it\'s "50%" @/${x}').explained(0)


def test_an_unset_variable_is_a_fault_that_names_it(place: Place) -> None:
    place.configure(connect_args='{"config": {"password": "${PASSWORD}"}}')
    place.merge(DATE).explained(40, "[ciss] connect_args: the environment variable PASSWORD is not set")


def test_percent_signs_are_no_concern_of_luigis_parser(place: Place) -> None:
    place.configure(session_settings='{"application_name": "100%"}', state_dir="state%20here")
    place.merge(DATE).explained(0)
    assert (place.folder / "state%20here" / "markers" / DATE / "MergeMain.json").exists()


@pytest.mark.skipif(importlib.util.find_spec("toml") is None, reason="Luigi reads TOML with the package toml")
def test_a_configuration_in_toml(place: Place) -> None:
    place.config.unlink()
    (place.folder / "luigi.toml").write_text(
        '[ciss]\nwarehouse_url = "duckdb:///warehouse.duckdb"\nstate_dir = "state"\ngrace_days = 0\n'
        'allow_older = false\nrequired_sources = ["billable", "register"]\n'
        'session_settings = {application_name = "${NAME}"}\n[core]\nlog_level = "INFO"\n'
    )
    finished = place.merge("2016-11-02", LUIGI_CONFIG_PARSER="toml", NAME="100%")
    finished.explained(0, "merged 2016-11: 6 rows")
    assert "2016-10" not in finished.text
    place.merge("no date", LUIGI_CONFIG_PARSER="toml", NAME="x").explained(40)


def test_unknown_sections_and_keys_and_clashes_come_at_once_with_examples(place: Place) -> None:
    place.configure(
        more="[ciss_alert]\nto = nobody\n",
        grace_day="5",
        main_table="customer_invoice_summary_estimated_temp",
        session_settings='{"hive.query.name": "ciss"}',
    )
    finished = place.merge(DATE).explained(40, "[ciss_alert]: unknown section in", "(example: [ciss])")
    finished.expect(40, "[ciss] grace_day: unknown key; did you mean grace_days? (example: grace_days = 5)")
    finished.expect(40, "names the same table as temp_table", "'hive.query.name' goes to no engine here")


@pytest.mark.parametrize("arguments", ['{"config": {"nosuch": 1}}', '{"config": {"memory_limit": "zzz"}}'])
def test_an_argument_that_duckdb_does_not_know(place: Place, arguments: str) -> None:
    place.configure(warehouse_url="duckdb:///warehouse.duckdb?threads=2", connect_args=arguments)
    place.merge(DATE).explained(40, "[ciss] connect_args: ", '(example: {"config": {"threads": 2}})')
    faulty = '{"config": 5, "url_config": [], "preload_extensions": "icu", "read_only": "maybe"}'
    place.configure(connect_args=faulty)
    ciss(place.folder, "check").expect(40, "config: is not a JSON object", "is not a JSON list", "4 faults")


@pytest.mark.parametrize("option", ["nonsense=1", "memory_limit=zzz"])
def test_an_option_of_the_url_that_duckdb_does_not_know(place: Place, option: str) -> None:
    place.configure(warehouse_url=f"duckdb:///warehouse.duckdb?{option}")
    place.merge(DATE).explained(
        40, "[ciss] warehouse_url: ", "(example: duckdb:///var/ciss.duckdb?threads=2)"
    )
