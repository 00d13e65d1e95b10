"""Rows that mean harm: they are data to the last byte, and never a line, a command or a statement."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from ciss_luigi.engines.hiveserver2 import session as hiveserver2
from ciss_luigi.engines.hiveserver2.verdicts import Verdict
from ciss_luigi.errors import StepFailed
from ciss_luigi.plaintext import remember
from ciss_luigi.scheduling.messages import Readable
from tests.command import MAIN, Place, name_of
from tests.helpers import Answer, ciss, run
from tests.hostile.words import FORGED, NASTY, silent, tame
from tests.two_at_once.watching import WATCHED, spans

pytestmark = pytest.mark.whole

DATE = "2016-11-10"


def put(place: Place, table: str, *columns: str) -> None:
    """Put the text that means harm into some columns, as a value."""
    import duckdb

    assignments = ", ".join(f"{column} = $1" for column in columns)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS mnaas.canary (alive INTEGER)")
        connection.execute(f"UPDATE mnaas.{table} SET {assignments}", [NASTY])


def add_rate(place: Place) -> None:
    """A rate for it, and a mapping with it."""
    import duckdb

    with duckdb.connect(str(place.warehouse)) as connection:
        rates, mapping = name_of("rate"), name_of("mapping")
        connection.execute(f"INSERT INTO mnaas.{rates} VALUES ('2016-11', $1, 'USD', 1.5)", [NASTY])
        connection.execute(f"INSERT INTO mnaas.{mapping} VALUES ($1, $1, $1, $1, $1, NULL, NULL)", [NASTY])


def told(answer: Answer) -> str:
    """All that a verb said, harmless."""
    return tame(answer.out + answer.err)


def test_a_currency_cannot_forge_a_line_of_the_log(place: Place) -> None:
    put(place, name_of("overage"), "currency")
    finished = place.merge(DATE).explained(30, " rate for ", "State: main was not touched")
    tame(finished.text)
    tame(place.attempts(DATE)[-1].error)
    assert FORGED in told(ciss(place.folder, "status"))


@pytest.mark.slow
def test_keys_names_and_currencies_are_kept_to_the_last_byte_and_stand_in_no_statement(
    place: Place, tmp_path: Path
) -> None:
    for role in ("overage", "service"):
        put(place, name_of(role), "org_id", "business_unit", "commercial_offer", "currency")
    add_rate(place)
    log = tmp_path / "statements"
    finished = place.merge(DATE, prelude=WATCHED, STATEMENTS=str(log)).explained(0)
    tame(finished.text)
    columns = "org_id, org_name, business_unit, commercial_offer, contract_offer_group, currency"
    rows = place.query(f"SELECT {columns} FROM mnaas.{MAIN} WHERE overage_charge <> 0")
    assert rows == [(NASTY,) * 6]
    assert not [span for span in spans(log) if FORGED in span.what]
    assert list(place.read_marker(DATE, "MergeMain")["months"][0]["totals"]) == ["GBP", "USD", NASTY]
    assert place.query("SELECT COUNT(*) FROM mnaas.canary") == [(0,)]
    place.merge(DATE).explained(0, "Did not run any tasks")
    for verb in ("status", "verify", "check", "plan"):
        dates = ("--from", DATE, "--to", DATE) if verb == "status" else ("--date", DATE)
        told(ciss(place.folder, verb, *dates).expect(0))
    document = json.loads(ciss(place.folder, "status", "--json").expect(0).out)
    assert NASTY in document["dates"][0]["months"][0]["totals"]


@pytest.mark.slow
def test_what_somebody_wrote_into_main_is_nobodys_next_command(place: Place) -> None:
    run(place.folder, DATE)
    put(place, MAIN, "as_of_date", "run_id")
    answer = ciss(place.folder, "verify", "--date", DATE).expect(1, "rows of run X\\n")
    assert f"Next:  ciss reset --date {DATE} --from-step merge && luigi " in told(answer)
    assert "as of X\\n" in told(ciss(place.folder, "reset", "--date", DATE).expect(0))
    assert "(now one of X\\n" in told(ciss(place.folder, "plan", "--date", DATE).expect(0))
    tame(place.merge(DATE).explained(0, "main has a newer estimate").text)


@pytest.mark.slow
def test_the_engines_own_words_command_no_terminal(place: Place) -> None:
    table = f"mnaas.{name_of('service')}"
    place.query(f"ALTER TABLE {table} ALTER charge TYPE VARCHAR")
    put(place, name_of("service"), "charge")
    place.query(f"ALTER TABLE {table} RENAME TO texts")
    numbers = "* REPLACE (CAST(charge AS DECIMAL(18,4)) AS charge)"
    place.query(f"CREATE VIEW {table} AS SELECT {numbers} FROM mnaas.texts")
    tame(place.merge(DATE).explained(30, "Could not convert string", "State: ").text)
    told(ciss(place.folder, "check", "--date", DATE).expect(1))


def test_a_servers_answer_is_one_line_of_ours() -> None:
    broken = hiveserver2._Broken(f"line one\n{NASTY}", Verdict.NEVER)
    assert "\n" not in tame(broken.words)
    assert broken.words.startswith("line one X")


class Kept(logging.Handler):
    """Keeps what a log would show."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += self.format(record) + "\n"


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def log(kept: Kept) -> logging.Logger:
    """A logger of ours, with the filter that every log of ours has."""
    made = logging.Logger("luigi-interface.ciss_luigi")
    made.addHandler(kept)
    made.addFilter(Readable())
    return made


def test_only_luigis_handler_begins_a_line(log: logging.Logger, kept: Kept) -> None:
    log.warning("%s", f"the server said: {NASTY}\nERROR: forged")
    lines = tame(kept.text).rstrip("\n").split("\n")
    assert lines[0].startswith("WARNING: the server said: X")
    assert len(lines) > 1
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize("error", [StepFailed(NASTY), KeyError(NASTY), ValueError(NASTY)])
def test_so_it_is_with_what_was_raised(log: logging.Logger, kept: Kept, error: Exception) -> None:
    try:
        raise error
    except Exception:
        log.exception("it failed")
    strange = [character for character in kept.text if not character.isprintable() and character != "\n"]
    assert strange == []


def test_a_traceback_shows_no_secret(log: logging.Logger, kept: Kept) -> None:
    remember("hunter2-hunter2")
    try:
        raise TypeError("connect() got hunter2-hunter2")
    except TypeError:
        log.exception("it failed")
    assert "connect() got ***" in kept.text
    assert "Traceback" in kept.text


VERBS = (
    ("check",),
    ("check", "--json"),
    ("--debug", "init"),
    ("plan", "--date", DATE),
)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_secret_that_the_engine_repeats_is_not_shown(place: Place, verb: tuple[str, ...]) -> None:
    """DuckDB names the value that it does not take."""
    place.configure(session_settings='{"threads": "${TOKEN}"}')
    answer = ciss(place.folder, *verb, TOKEN="hunter2hunter2")
    assert answer.code != 0
    assert "***" in answer.out + answer.err
    silent("hunter2hunter2", answer.out, answer.err)
