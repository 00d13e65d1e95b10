"""What the benchmarks keep of their results, and draw; and whether contestants do the same work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import others, othertools, phases, plot, record, results, threewrites
from benchmarks.processes import Cost
from benchmarks.scratch import Scratch
from benchmarks.warehouse import DATE, Size
from ciss_luigi.operator import plan

QUESTION = "whole run / its own build and merge"


def answer(*walls: float, limit: float | None = None) -> results.Answer:
    """A ratio of these walls beside one second."""
    return results.ratio(QUESTION, [Cost(wall, wall) for wall in walls], [Cost(1.0, 1.0)] * len(walls), limit)


def test_results_are_kept_for_people_and_for_the_picture(tmp_path: Path) -> None:
    for rows, walls in ((1000, (3.0, 2.0, 4.0)), (10_000, (1.5, 1.5, 1.5)), (1000, (2.5, 2.5, 2.5))):
        record.keep(tmp_path, ["a machine"], Size(rows), [answer(*walls, limit=2.0)], load=0.1)
    told = (tmp_path / record.FILE).read_text()
    assert (
        f"| {QUESTION} | 3.00 (2.00-4.00) | 3.00 (2.00-4.00) | 3.00 / 1.00 | 2.00 | DOES NOT HOLD |" in told
    )
    numbers = [json.loads(line) for line in (tmp_path / record.NUMBERS).read_text().splitlines()]
    series = plot.by_question(numbers)
    assert {rows: one["median"] for rows, one in series[QUESTION].items()} == {1000: 2.5, 10_000: 1.5}


@pytest.mark.parametrize(("load", "quiet"), [(0.0, True), (64.0, False)])
def test_a_machine_with_other_work_is_named(load: float, quiet: bool) -> None:
    lines = list(record.circumstances(Size(1000), 5, load))
    assert ("THE MACHINE WAS NOT QUIET" not in lines[-1]) == quiet


def test_seconds_have_limits_too() -> None:
    slow = [Cost(0.3, 0.1)] * 3
    assert results.duration("ciss --help", slow, 0.5).holds
    assert not results.duration("ciss --help", slow, 0.2).holds


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    series = {QUESTION: {rows: {"median": 2.0, "low": 1.0, "high": 3.0} for rows in (1000, 100_000)}}
    plot.draw(series, tmp_path / "cost.svg")
    assert QUESTION in (tmp_path / "cost.svg").read_text()


# --- the same job by others ---------------------------------------------------------------------------


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """An installation with a few rows, and tables of its own that are empty."""
    made = Scratch(tmp_path / "site")
    made.make_sources(Size(200))
    made.begin_again(made.statements().create_tables())
    return made


def write_main(scratch: Scratch) -> tuple[str, ...]:
    """Send the three writes; what main holds then."""
    scratch.ask(*(one for write in threewrites.whole(scratch.statements()).values() for one in write))
    return others.main_sums(scratch)


def test_the_models_of_other_tools_give_main_the_rows_that_the_writes_give(scratch: Scratch) -> None:
    written = write_main(scratch)
    assert int(written[0]) > 10
    scratch.begin_again(scratch.statements().create_tables())
    for model in threewrites.models(scratch.statements()):
        for _ in range(2):  # a second night replaces what the first has left
            scratch.ask(model.delete, f"INSERT INTO mnaas.{model.table} BY NAME {model.query}")
    assert others.main_sums(scratch) == written


def test_a_contestant_with_another_main_is_refused(scratch: Scratch) -> None:
    written = write_main(scratch)
    assert others.checked("same", lambda: Cost(1.0, 1.0), scratch, written) == Cost(1.0, 1.0)
    scratch.ask(f"UPDATE {scratch.site.settings.main} SET overage_charge = overage_charge + 1")
    with pytest.raises(results.UnlikeResults, match="main of cheap is not like ours"):
        others.checked("cheap", lambda: Cost(0.1, 0.1), scratch, written)


def test_a_program_is_taken_where_it_is_named_or_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dbt", "named"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert othertools.find({"dbt": None, "sqlmesh": None}) == {"dbt": tmp_path / "dbt"}
    assert othertools.find({"dbt": tmp_path / "named"}) == {"dbt": tmp_path / "named"}


@pytest.mark.slow
def test_contestants_take_turns_and_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    answers = others.measure(Scratch(tmp_path / "site"), Size(200), 1, {"dbt": None, "sqlmesh": None})
    told = {one.question.partition(" / ")[0]: one for one in answers}
    assert {name for name, one in told.items() if one.wall} == {"bare Luigi", "ours"}
    assert {name for name, one in told.items() if one.seconds == "not installed"} == {"dbt", "sqlmesh"}


# --- where the time goes ------------------------------------------------------------------------------

IMPORTS = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 |   encodings
import time:       250 |        350 | luigi.task
some other line
import time:      1000 |       1250 |     luigi
import time:        40 |         40 | duckdb
"""


def logged(action: str, message: str, seconds: float, **labels: str) -> str:
    """A line of the log."""
    event = {"action": action, "duration": int(seconds * 1e9)}
    return json.dumps({"message": message, "event": event, "labels": labels})


def test_imports_are_told_by_package_without_those_of_every_interpreter() -> None:
    bare = IMPORTS.splitlines()[1]
    assert phases.import_seconds(IMPORTS, bare) == pytest.approx({"luigi": 0.00125, "duckdb": 0.00004})


def test_statements_are_told_by_kind_whatever_the_run_is_called() -> None:
    kinds = {"/* MergeMain {run_id} */ SELECT 1": "merge", "COMMIT": "begin and commit"}
    sent = "/* MergeMain 2016-11-22-20261130T015253-63a7a2a8 */ SELECT 1"
    log = "\n".join(
        [
            json.dumps({"message": "not an event"}),
            logged("statement", sent, 0.5, step="MergeMain"),
            logged("statement", "COMMIT", 0.1, step="MergeMain"),
            logged("statement", "COMMIT", 0.2),
            logged("step-end", "MergeMain is done", 0.75, step="MergeMain"),
        ]
    )
    found = phases.statement_seconds(log, kinds, DATE)
    assert found == pytest.approx({"merge": 0.5, "begin and commit": 0.3})
    assert phases.step_seconds(log) == pytest.approx(0.15)
    with pytest.raises(results.UnlikeResults, match="its plan does not hold: SELECT 2"):
        phases.statement_seconds(logged("statement", "SELECT 2", 0.5), kinds, DATE)


def test_every_statement_of_a_run_has_a_kind(scratch: Scratch) -> None:
    scratch.begin_again()
    kinds = phases.kinds_of(plan.make(scratch.site, DATE).sent())
    assert set(kinds.values()) == set(phases.KINDS)


def test_the_parts_of_a_run_are_the_whole_of_it() -> None:
    one = phases.Profile(10.0, 0.5, {"luigi": 1.0, "duckdb": 2.0}, {"build": 3.0, "looks": 0.25}, 1.25)
    parts = dict(one.parts())
    assert sum(parts.values()) == pytest.approx(10.0)
    assert (parts["imports"], parts["statements: build"]) == (3.0, 3.0)


@pytest.mark.slow
def test_a_real_run_is_looked_at(scratch: Scratch) -> None:
    answers = {one.question: one for one in phases.measure(scratch, DATE, 1)}
    assert any(name.startswith("whole run: imports: sqlalchemy") for name in answers)
    took = float(answers["whole run: statements: build"].seconds.partition(" ms")[0])
    assert took > 0.5
