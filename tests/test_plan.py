"""``ciss plan`` prints what a run sends, statement for statement."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.cli.plan import command, render
from ciss_luigi.done import is_done
from ciss_luigi.engines.base import BEGIN, COMMIT, ROLLBACK
from ciss_luigi.errors import EngineUnavailable, Refused, StepFailed
from ciss_luigi.operator import plan
from ciss_luigi.operator.rehearsal import Planned
from ciss_luigi.operator.stage import RUN_ID
from ciss_luigi.queries.named import Statement
from ciss_luigi.site import Site
from ciss_luigi.sql import files as sqlfiles
from ciss_luigi.state.markers import Step
from ciss_luigi.steps import runner
from ciss_luigi.steps.sourcesready import Sources
from tests.helpers import as_sent, typed
from tests.sample import MAIN, Make, change

pytestmark = pytest.mark.whole

TEMP = f"{MAIN}_temp"
ANY = {"required_sources": "register"}


@contextmanager
def recording() -> Iterator[list[str]]:
    """Every statement that goes to a driver while this lasts."""
    import sqlalchemy

    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


def run(here: Site, date: str, until: Step = Step.MERGE) -> list[str]:
    """Run a date as the tasks do, and answer with all that was sent."""
    day = RunDate.parse(date)
    with recording() as sent:
        if not is_done(here, day, Step.MERGE):
            _run_steps(here, day, until)
    return sent


def _run_steps(here: Site, day: RunDate, until: Step) -> None:
    built, sources = is_done(here, day, Step.BUILD), Sources()
    if not built and not sources.are_ready(here, day, alone=True):
        return
    for step in list(Step)[: list(Step).index(until) + 1]:
        if not is_done(here, day, step) and not (built and step is Step.TRUNCATE):
            runner.perform(here, day, step, tell=lambda _: None, known=sources.known(day))


def planned(here: Site, date: str) -> list[str]:
    sent = plan.make(here, RunDate.parse(date)).sent()
    nameless = [text for text in sent if not isinstance(text, Statement)]
    assert set(nameless) <= {BEGIN, COMMIT, ROLLBACK}  # of any other the plan would not know what it changes
    return sent


def with_run_id(here: Site, date: str, expected: list[str]) -> list[str]:
    """A plan once the run has been: with the id that BuildTemp made."""
    built = here.markers.read(RunDate.parse(date), Step.BUILD)
    return [text.replace(RUN_ID, built.run_id) if built else text for text in expected]


def check(here: Site, date: str) -> list[str]:
    """Plan a date, run it, and hold the two against each other; answers with the plan."""
    expected = planned(here, date)
    sent = run(here, date)
    assert sent == with_run_id(here, date, expected)
    return expected


# --- the plan is what is sent ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("date", "keys"),
    [
        pytest.param("2017-01-20", {}, id="one month"),
        pytest.param("2017-01-03", ANY, id="two months"),
        pytest.param("2017-01-03", {}, id="a month left out"),
        pytest.param("2017-01-20", {"rate_fallback_months": 0}, id="no fallback"),
        pytest.param("2017-01-03", {"rate_fallback_months": 3, **ANY}, id="three months of fallback"),
        pytest.param("2017-01-03", {"grace_days": 0}, id="never the month before"),
        pytest.param("2017-01-20", {"database": "MNAAS"}, id="names in capitals"),
        pytest.param("2017-01-20", {"required_sources": "service, register"}, id="two required"),
        pytest.param("2016-11-22", {"month_partition": "partition_date"}, id="another month column"),
    ],
)
def test_a_first_run_sends_what_the_plan_says(make: Make, date: str, keys: dict[str, object]) -> None:
    here = make(**keys)
    check(here, date)
    assert is_done(here, RunDate.parse(date), Step.MERGE)


def test_the_plan_knows_which_finished_dates_are_dropped_from_temp(make: Make) -> None:
    here = make()
    for date in ("2016-11-07", "2016-11-08", "2016-11-14"):
        run(here, date)
    run(here, "2016-11-09", until=Step.BUILD)
    expected = check(here, "2016-11-22")
    assert any("\"run_date\" IN ('2016-11-07', '2016-11-08', '2016-11-14')" in text for text in expected)


def test_the_plan_knows_which_month_main_holds_a_newer_estimate_of(make: Make) -> None:
    here = make(**ANY)
    run(here, "2017-01-20")
    expected = check(here, "2017-01-03")
    assert [text for text in expected if f"DELETE FROM {as_sent(MAIN)} " in text] == [
        "/* ciss_luigi MergeMain 2017-01-03 {run_id} */\n"
        f"DELETE FROM {as_sent(MAIN)} WHERE \"month_year\" = '2016-12'"
    ]


def test_with_allow_older_no_month_is_conditional(make: Make) -> None:
    here = make(allow_older="true", **ANY)
    run(here, "2017-01-20")
    check(here, "2017-01-03")
    merge = plan.make(here, RunDate.parse("2017-01-04")).steps[-1]
    assert any(f"DELETE FROM {as_sent(MAIN)} " in line.text for line in merge.lines)
    assert [line.text for line in merge.lines if line.condition] == []


def test_the_plan_has_the_sites_own_billing_rules(make: Make, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    text = sqlfiles.built_in("build") + "\n-- the end of our own rules;\n"
    (tmp_path / "rules" / "build.sql").write_text(text)
    here = make(sql_dir="rules")
    expected = check(here, "2017-01-20")
    assert any("-- the end of our own rules;" in text for text in expected)


def test_a_second_date_finds_main_and_the_plan_knows(make: Make) -> None:
    here = make()
    run(here, "2016-11-22")
    check(here, "2017-01-03")


@pytest.mark.parametrize("done", [Step.TRUNCATE, Step.BUILD, Step.MERGE])
def test_what_is_done_is_in_no_plan(make: Make, done: Step) -> None:
    here = make(**ANY)
    run(here, "2017-01-03", until=done)
    expected = check(here, "2017-01-03")
    assert bool(expected) == (done is not Step.MERGE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        f"DELETE FROM {TEMP}",
        f"UPDATE {TEMP} SET run_id = 'other'",
        f"DROP TABLE {TEMP}",
        f"DROP TABLE {MAIN}",
    ],
)
@pytest.mark.parametrize("done", [Step.TRUNCATE, Step.BUILD])
def test_the_plan_foresees_what_a_run_heals(make: Make, done: Step, damage: str) -> None:
    here = make(**ANY)
    run(here, "2017-01-03", until=done)
    change(here, damage)
    check(here, "2017-01-03")
    assert is_done(here, RunDate.parse("2017-01-03"), Step.MERGE)


@pytest.mark.parametrize(
    "lost", ["DELETE FROM mnaas.billable_sub_with_charge_and_limit", "DROP SCHEMA mnaas CASCADE"]
)
@pytest.mark.parametrize("damage", [f"DELETE FROM {TEMP}", f"DROP TABLE {TEMP}"])
def test_the_plan_stops_where_a_run_that_heals_finds_no_sources(
    make: Make, ciss: Callable[..., str], tmp_path: Path, damage: str, lost: str
) -> None:
    here = make()
    run(here, "2017-01-20", until=Step.BUILD)
    change(here, damage, lost)
    stops_alike(here, "2017-01-20")
    with pytest.raises(Refused, match="the sources are not ready for 2017-01-20"):
        ciss("--date", "2017-01-20")
    printed = (tmp_path / "printed").read_text()
    assert "INSERT INTO" not in printed
    assert printed.endswith(
        "ROLLBACK;\n-- the run ends here: temp must be built again, and the sources are not ready\n"
    )


def test_plan_and_run_refuse_alike_where_the_whole_file_is_gone(make: Make) -> None:
    here = make()
    run(here, "2017-01-20", until=Step.BUILD)
    Path(here.settings.warehouse.place).unlink()
    for refusing in (planned, run):
        with pytest.raises(EngineUnavailable, match="in which 2017-01-20 was built"):
            refusing(here, "2017-01-20")


def stops_alike(here: Site, date: str) -> None:
    """Plan a date whose sources are missing, run it, and hold the two against each other."""
    expected = planned(here, date)
    built = here.markers.read(RunDate.parse(date), Step.BUILD)
    assert built is not None
    with recording() as sent, pytest.raises(StepFailed, match="sources are missing"):
        _run_steps(here, RunDate.parse(date), Step.MERGE)
    new = re.compile(rf"{date}-\d{{8}}T\d{{6}}-[0-9a-f]{{8}}")
    assert [
        new.sub(lambda found: found[0] if found[0] == built.run_id else RUN_ID, text) for text in sent
    ] == expected


def test_without_sources_only_the_question_for_them_is_sent(make: Make) -> None:
    here = make()
    expected = check(here, "2016-12-20")
    assert len(expected) == 2


def test_with_an_absent_source_table_only_the_tables_are_asked_for(make: Make) -> None:
    here = make()
    change(here, "DROP TABLE mnaas.usage_overage_charge")
    expected = check(here, "2017-01-20")
    assert len(expected) == 1


# --- the literal command ----------------------------------------------------------------------------

RECORDER = """
import json, sys
import sqlalchemy
from luigi.cmdline import luigi_run

log = open(sys.argv[1], "a")

def note(kind, text):
    log.write(json.dumps([kind, text]) + "\\n")
    log.flush()

sqlalchemy.event.listen(
    sqlalchemy.Engine, "before_cursor_execute", lambda c, cursor, text, *rest: note("statement", text)
)
sqlalchemy.event.listen(sqlalchemy.pool.Pool, "connect", lambda *rest: note("open", ""))
luigi_run(sys.argv[2:])
"""


def recorded_command(here: Site, date: str) -> tuple[int, list[str]]:
    """The literal command in a process of its own, with ears at the driver; opens and statements."""
    folder = here.config_path.parent
    arguments = ["--module", "ciss_luigi", "MergeMain", "--date", date, "--local-scheduler"]
    done = subprocess.run(
        [sys.executable, "-c", RECORDER, "log", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    (folder / "log").unlink()
    sent = [text for kind, text in events if kind == "statement"]
    return sum(kind == "open" for kind, _ in events), sent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("date", "keys", "most"),
    [("2017-01-20", {}, 30), ("2017-01-03", ANY, 45), ("2017-01-03", {**ANY, "temp_keep_days": 0}, 45)],
)
def test_the_literal_command_opens_little_and_sends_what_the_plan_says(
    make: Make, date: str, keys: dict[str, object], most: int
) -> None:
    here = make(**keys)
    for earlier in ("2016-11-08", "2016-11-22"):
        run(here, earlier)
    expected = planned(here, date)
    opened, sent = recorded_command(here, date)
    assert sent == with_run_id(here, date, expected)
    assert opened <= 5
    assert len(sent) <= most


@pytest.mark.slow
def test_the_number_of_statements_does_not_grow_with_the_data(make: Make) -> None:
    here = make(**ANY)
    opened, sent = recorded_command(here, "2017-01-03")
    shutil.rmtree(here.settings.state_dir / "markers")
    change(
        here,
        *(f"DROP TABLE {table}" for table in (MAIN, TEMP)),
        "INSERT INTO mnaas.usage_overage_charge "
        "SELECT '2017-01', 'org ' || i, 'unit', 'offer', '2017-01-01', "
        "CASE WHEN i % 2 = 0 THEN 'GBP' ELSE 'EUR' END, 1.5 FROM range(50000) t(i)",
    )
    reopened, resent = recorded_command(here, "2017-01-03")
    assert (reopened, len(resent)) == (opened, len(sent))


# --- the verb -----------------------------------------------------------------------------------------


@pytest.fixture
def ciss(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """``ciss plan`` in the folder of the site; answers with what it prints, raises what it raises."""
    monkeypatch.chdir(tmp_path)
    site.current.cache_clear()

    def plan_verb(*arguments: str) -> str:
        result = CliRunner().invoke(command, arguments)
        (tmp_path / "printed").write_text(result.stdout)
        if result.exception is not None:
            raise result.exception
        return result.stdout

    yield plan_verb
    site.current.cache_clear()


def test_the_printed_plan_is_sql_with_exactly_the_statements_that_are_sent(
    make: Make, ciss: Callable[..., str]
) -> None:
    here = make(**ANY)
    run(here, "2017-01-20")
    bodies = [_body(text) for text in statements_in(ciss("--date", "2017-01-03"))]
    assert bodies == [_body(text) for text in planned(here, "2017-01-03")]


def statements_in(text: str) -> list[str]:
    """The statements that DuckDB's own parser finds in a text."""
    import duckdb

    return [statement.query for statement in duckdb.extract_statements(text)]


def _body(statement: str) -> str:
    """A statement without its comments and layout."""
    return " ".join(re.sub(r"/\*.*?\*/|--[^\n]*", " ", statement, flags=re.DOTALL).split()).rstrip(" ;")


def test_the_plan_shows_a_superseded_month_as_not_sent(make: Make, ciss: Callable[..., str]) -> None:
    here = make(**ANY)
    run(here, "2017-01-20")
    printed = ciss("--date", "2017-01-03").splitlines()
    head = (
        "-- only if main holds no newer estimate of 2017-01 than 2017-01-03 (now one of 2017-01-20): not sent"
    )
    assert printed[printed.index(head) + 1] == "-- BEGIN TRANSACTION"
    assert "-- only if main holds no newer estimate of 2016-12 than 2017-01-03 (now none):" in printed


def test_steps_that_are_done_are_named_and_shown_on_demand(make: Make, ciss: Callable[..., str]) -> None:
    run(make(), "2017-01-20")
    short, whole = ciss("--date", "2017-01-20"), ciss("--date", "2017-01-20", "--all")
    heads = [line for line in short.splitlines() if line.startswith("-- step")]
    assert heads == [
        f"-- step {step}: skipped, MergeMain of 2017-01-20 is done" for step in ("SourcesReady", *Step)
    ]
    assert statements_in(short) == []
    assert f"INSERT INTO {as_sent(TEMP)}" in whole
    assert f"INSERT INTO {as_sent(MAIN)}" in whole


def test_a_plan_without_sources_says_what_is_missing_and_shows_the_rest(
    make: Make, ciss: Callable[..., str], tmp_path: Path
) -> None:
    make()
    with pytest.raises(Refused, match="billable_sub_with_charge_and_limit has no row for 2016-12") as refused:
        ciss("--date", "2016-12-20")
    printed = (tmp_path / "printed").read_text()
    assert refused.value.exit_code == 1
    assert "-- step BuildTemp: not before the sources are ready" in printed
    assert "partition_date IN ('2016-12')" in printed


def test_a_plan_makes_no_file(make: Make, ciss: Callable[..., str], tmp_path: Path) -> None:
    make(loaded=False)
    with pytest.raises(Refused, match=r"there is no table mnaas\.usage_overage_charge"):
        ciss("--date", "2017-01-20")
    assert list((tmp_path / "var").iterdir()) == []
    assert f"INSERT INTO {as_sent(MAIN)}" in (tmp_path / "printed").read_text()


def test_an_error_of_the_engine_comes_with_state_and_the_next_command(make: Make, tmp_path: Path) -> None:
    change(make(), f"CREATE TABLE {MAIN} (org_id VARCHAR)")
    ending = ("State: a plan writes nothing", "Next:  ciss check --date 2017-01-20")
    typed(tmp_path, "plan", "--date", "2017-01-20").explained(1, "month_year", *ending)
    (tmp_path / "var" / "ciss.duckdb").write_bytes(b"no database " * 4096)
    typed(tmp_path, "plan", "--date", "2017-01-20").explained(35, "is another kind of file", ending[0])


def test_a_plan_leaves_every_byte_as_it_was(make: Make, ciss: Callable[..., str], tmp_path: Path) -> None:
    here = make(**ANY)
    run(here, "2017-01-03", until=Step.BUILD)
    before = _bytes(tmp_path / "var")
    ciss("--date", "2017-01-03")
    ciss("--date", "2017-01-03", "--all")
    assert _bytes(tmp_path / "var") == before


def _bytes(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_values_of_session_settings_are_not_shown(make: Make, ciss: Callable[..., str]) -> None:
    make(session_settings='{"search_path": "main", "memory_limit": "431MB"}')
    printed = ciss("--date", "2017-01-20")
    assert "-- each session begins with SET of search_path, memory_limit" in printed
    assert "431MB" not in printed


@pytest.mark.parametrize("arguments", [(), ("--date", "22.11.2016"), ("--date", "2016-11-31")])
def test_a_missing_or_bad_date_is_a_mistake_of_usage(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "--date" in result.stderr


def test_a_statement_that_ends_in_a_comment_keeps_its_semicolon(make: Make) -> None:
    one = plan.StepPlan("MergeMain", (Planned("SELECT 1 -- one", "duckdb x"),))
    day = RunDate.parse("2017-01-20")
    text = "\n".join(render(plan.Plan(day, (day.month,), {}, (), (one,))))
    assert text.endswith("SELECT 1 -- one\n;")
