"""A site's build.sql is one query that only reads, by the engine's own judgement, however it quotes."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Output
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from ciss_luigi.engines.duckdb.verdicts import why_no_query
from ciss_luigi.errors import ConfigurationError, StepFailed
from ciss_luigi.sql.files import Query, SqlFileError, built_in, fill, read_build, select_at
from ciss_luigi.state.markers import Step
from ciss_luigi.steps.job import job_of
from ciss_luigi.steps.sourcesready import ask
from tests.rules.harness import MAIN, Bench
from tests.rules.telling import DATE, EXPECTED, TELLING

UPDATE = "UPDATE victim SET x = 0"
SMUGGLED = {
    "an E string": f"SELECT E'\\'' AS a) written; {UPDATE}; SELECT 1 AS a FROM (SELECT 1 AS a -- '",
    "an E string with a comment": f"SELECT E'\\' /* ' AS a) written; {UPDATE}; -- */",
    "a dollar quote": f"SELECT $$'$$ AS a) written; {UPDATE}; SELECT ('",
    "a tagged dollar quote": f"SELECT $q$'$q$ AS a) written; {UPDATE}; SELECT ('",
    "a nested comment": f"SELECT 1 AS a /* /* */ '*/) written; {UPDATE}; SELECT ('",
    "a carriage return": f"SELECT 1 AS a -- \r) written; {UPDATE}; SELECT (1",
    "a backslash": f"SELECT '\\' AS a) written; {UPDATE}; --'",
    "a Unicode escape": f"SELECT U&'\\0027' AS a) written; {UPDATE}; --'",
    "a plain semicolon": f"SELECT 1 AS a; {UPDATE}",
    "nothing to read": UPDATE,
    "an insert with a query": "INSERT INTO victim SELECT 1",
    "a write in a table expression": "WITH w AS (UPDATE victim SET x = 0 RETURNING x) SELECT x AS a FROM w",
    "a write in a subquery": "SELECT * FROM (INSERT INTO victim VALUES (0) RETURNING x AS a)",
    "two queries": "SELECT 1 AS a; SELECT 2 AS a",
    "no statement": "-- nothing",
}
PIECES = (
    "'", "''", "'a'", "\\", "\\'", "E'", "e'\\'", "$$", "$q$", "/*", "*/", "--", "\n", "\r", ";", UPDATE,
    "SELECT 1", ")", "(", " written ", '"', '""', "`", "U&'", "r'", " AS a", ", 2 AS b",
    " UNION ALL SELECT 1", "{{", "FROM victim",
)  # fmt: skip


def wrapped(text: str) -> str:
    """The write that the job makes of a query, into a table out."""
    *_, write = DuckDbEngine.dialect.overwrite("out", ("p", "1"), [Output("a", "a")], Query(text))
    return write


@pytest.fixture
def database() -> Iterator[Any]:
    """A DuckDB with a table that nothing may touch."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE victim AS SELECT 1 AS x; CREATE TABLE out (a VARCHAR, p VARCHAR)")
        yield connection


def verdict(text: str) -> str:
    return DuckDbEngine(Path("nowhere.duckdb")).why_no_query(text)


def is_untouched(database: Any) -> bool:
    return bool(database.execute("SELECT * FROM victim").fetchall() == [(1,)])


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_second_statement_is_refused(name: str) -> None:
    assert verdict(SMUGGLED[name])


def test_the_attacks_would_work_where_nobody_judged(database: Any) -> None:
    database.execute(wrapped(SMUGGLED["an E string"]))
    assert not is_untouched(database)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 AS a",
        "WITH w AS (SELECT 1 AS a) SELECT * FROM w",
        "SELECT E'\\'; ' AS a",
        "SELECT $$;$$ AS a",
        "SELECT 1 AS a /* ; */ -- ;",
        "SELECT ';' AS a",
        "SELECT '\\' AS a",
    ],
)
def test_one_query_is_taken_whatever_it_quotes(text: str) -> None:
    assert verdict(text) == ""


@pytest.mark.slow
def test_whatever_is_taken_changes_nothing_else(database: Any) -> None:
    import duckdb

    rng = random.Random(16)
    taken = ran = 0
    for _ in range(4000):
        text = "SELECT 1 AS a" + "".join(rng.choices(PIECES, k=rng.randint(1, 6)))
        if why_no_query(database, text):
            continue
        taken += 1
        try:
            database.execute(wrapped(text))
            ran += 1
        except duckdb.Error:
            pass
        assert is_untouched(database), text
    assert taken > 100
    assert ran > 50


# --- through the job ----------------------------------------------------------------------------------


def put(bench: Bench, text: str) -> Path:
    folder = bench.folder / "sql"
    folder.mkdir(exist_ok=True)
    (folder / "build.sql").write_text(text, newline="")
    return folder / "build.sql"


ATTACKS = {
    f"WHERE org_id <> E'\\'' ) written; DELETE FROM {MAIN}; SELECT (1 --'": "DuckDB: Parser Error",
    f"WHERE org_id <> ''; DELETE FROM {MAIN}": "DuckDB reads 2 statements in it",
}


@pytest.mark.parametrize("more", ATTACKS)
def test_the_job_refuses_it_with_40_before_any_step(shared_bench: Bench, more: str) -> None:
    shared_bench.fill(TELLING)
    shared_bench.run(DATE)
    before = shared_bench.rows()
    shared_bench.reset(DATE)
    path = put(shared_bench, f"{built_in('build')} {more}")
    with pytest.raises(ConfigurationError) as raised:
        ask(job_of(shared_bench.site(sql_dir="sql"), RunDate.parse(DATE)), [Month(2017, 1)])
    assert raised.value.exit_code == 40
    assert f"[ciss] sql_dir: {path} is not one WITH ... SELECT: {ATTACKS[more]}" in str(raised.value)
    assert shared_bench.rows() == before


@pytest.mark.parametrize("more", ATTACKS)
def test_a_file_that_is_changed_after_that_is_refused_by_the_step(shared_bench: Bench, more: str) -> None:
    shared_bench.fill(TELLING)
    shared_bench.perform(DATE, Step.TRUNCATE)
    put(shared_bench, f"{built_in('build')} {more}")
    with pytest.raises(StepFailed, match=ATTACKS[more]):
        shared_bench.perform(DATE, Step.BUILD, sql_dir="sql")


def test_braces_of_the_sites_own_are_written_twice(shared_bench: Bench) -> None:
    shared_bench.fill(TELLING)
    pattern = "regexp_matches(month_year, '^[0-9]{{4}}-[0-9]{{2}}$')"
    put(shared_bench, f"{built_in('build')}\nWHERE {pattern}")
    shared_bench.run(DATE, sql_dir="sql")
    assert shared_bench.result() == EXPECTED


def test_a_single_brace_says_so(tmp_path: Path) -> None:
    (tmp_path / "build.sql").write_text("SELECT 1 WHERE regexp_matches('a', 'a{2}')")
    with pytest.raises(SqlFileError, match=r"\{2\}; a brace of your own is written twice: \{\{"):
        read_build(tmp_path)
    assert fill("{{a}} {b} }}{{", {"b": "c"}) == "{a} c }{"


# --- servers: where the write head goes ---------------------------------------------------------------


CUT_IN_TWO_WAYS = (
    "SELECT 1; DROP TABLE y",
    "SELECT 1 -- \r; DROP TABLE y",
    "SELECT 1 /* /* */ '*/; DROP TABLE y --'",
    "SELECT r'\\' FROM x; DROP TABLE y -- '",
    "SELECT 1 -- \\\n; DROP TABLE y",
    "WITH q AS (SELECT 1 -- \\\n) SELECT 1, (\n) SELECT 2 FROM q",
    "WITH q AS (SELECT r'\\') SELECT 1, '(' FROM (SELECT ') SELECT 2 FROM q",
    "WITH q AS (SELECT 1) FROM q INSERT OVERWRITE TABLE main SELECT 1",
    "FROM q INSERT OVERWRITE TABLE main SELECT 1",
    "WITH q AS (SELECT 1) INSERT INTO main SELECT 1",
)


@pytest.mark.parametrize("text", CUT_IN_TWO_WAYS)
def test_servers_get_no_query_that_could_be_cut_in_two_ways(text: str) -> None:
    with pytest.raises(SqlFileError):
        select_at(text)


def test_the_built_in_rules_are_cut_before_their_last_select() -> None:
    text = built_in("build")
    assert re.sub(r"\s+", " ", text[select_at(text) :]).startswith("SELECT org_id, COALESCE(org_name, '')")
    assert select_at("/* ; */ WITH a AS (SELECT ';') -- it's ;\n SELECT 1") == 42


# --- the file itself ----------------------------------------------------------------------------------


def test_a_pipe_or_a_huge_file_in_its_place_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "build.sql"
    os.mkfifo(path)
    with pytest.raises(SqlFileError, match=r"build\.sql cannot be read: .*is not a plain file"):
        read_build(tmp_path)
    path.unlink()
    with path.open("wb") as file:
        file.truncate(6_000_000_000)
    with pytest.raises(SqlFileError, match="6,000,000,000 bytes"):
        read_build(tmp_path)
