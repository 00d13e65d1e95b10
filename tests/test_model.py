"""The protocol as a model, all its states: what it promises holds, and without any one guard it does not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ciss_luigi
from tests.model import spin

DUCKDB, HIVE = 1, 0
OLDER = 0
PAGE = Path(__file__).parents[1] / "docs" / "protocol.md"

WHOLE = {
    "DuckDB, any three troubles": {"TRANSACTIONAL": DUCKDB, "TROUBLES": 3},
    "Hive, any one trouble": {"TRANSACTIONAL": HIVE, "TROUBLES": 1},
    "DuckDB, three commands, one trouble": {"TRANSACTIONAL": DUCKDB, "COMMANDS": 3, "TROUBLES": 1},
    "Hive, three commands": {"TRANSACTIONAL": HIVE, "COMMANDS": 3, "TROUBLES": 0},
    "DuckDB, two hosts, two troubles": {"TRANSACTIONAL": DUCKDB, "LEASE": 1, "TROUBLES": 2},
    "DuckDB, two hosts, one date": {"TRANSACTIONAL": DUCKDB, "LEASE": 1, "DATES": 1, "TROUBLES": 2},
    "Hive, two hosts, one trouble": {"TRANSACTIONAL": HIVE, "LEASE": 1, "TROUBLES": 1},
    "Hive, two hosts, one date": {"TRANSACTIONAL": HIVE, "LEASE": 1, "DATES": 1, "TROUBLES": 1},
}
LONG = {
    "DuckDB, any four troubles": {"TRANSACTIONAL": DUCKDB, "TROUBLES": 4},
    "Hive, any two troubles": {"TRANSACTIONAL": HIVE, "TROUBLES": 2},
    "DuckDB, three commands, two troubles": {"TRANSACTIONAL": DUCKDB, "COMMANDS": 3, "TROUBLES": 2},
    "Hive, three commands, one trouble": {"TRANSACTIONAL": HIVE, "COMMANDS": 3, "TROUBLES": 1},
    "Hive, two commands for the older date": {
        "TRANSACTIONAL": HIVE,
        "COMMANDS": 3,
        "THIRD": OLDER,
        "TROUBLES": 1,
    },
    "DuckDB, two hosts, three troubles": {"TRANSACTIONAL": DUCKDB, "LEASE": 1, "TROUBLES": 3},
    "DuckDB, two hosts, one date": {"TRANSACTIONAL": DUCKDB, "LEASE": 1, "DATES": 1, "TROUBLES": 3},
    "Hive, two hosts, two troubles": {"TRANSACTIONAL": HIVE, "LEASE": 1, "TROUBLES": 2},
    "Hive, two hosts, one date": {"TRANSACTIONAL": HIVE, "LEASE": 1, "DATES": 1, "TROUBLES": 2},
}

# The guard that is taken away, the engine, the promise that breaks, and what else it takes.
WITHOUT = [
    ("DATE_LOCK", DUCKDB, "NeverTwoWriters", {"DATES": 1, "TROUBLES": 0}),
    ("DATE_LOCK", HIVE, "MarkerIsHonest", {"DATES": 1, "TROUBLES": 0}),
    ("MONTH_LOCK", DUCKDB, "OlderNeverReplacesNewer", {"TROUBLES": 0}),
    ("MONTH_LOCK", HIVE, "MarkerIsHonest", {"TROUBLES": 0}),
    ("OVERWRITE", DUCKDB, "OneRunHeals", {"TROUBLES": 0}),
    ("OVERWRITE", HIVE, "NeverDoubled", {"TROUBLES": 0}),
    ("TEMP_BY_RUN_DATE", DUCKDB, "DatesNeverMixInTemp", {"TROUBLES": 0}),
    ("TEMP_BY_RUN_DATE", HIVE, "DatesNeverMixInTemp", {"TROUBLES": 0}),
    ("PROOF_BEFORE_MERGE", DUCKDB, "OneRunHeals", {"TROUBLES": 1}),
    ("PROOF_BEFORE_MERGE", HIVE, "OneRunHeals", {"TROUBLES": 1}),
    ("LOOK_INSIDE_LOCK", DUCKDB, "OlderNeverReplacesNewer", {"TROUBLES": 0}),
    ("LOOK_INSIDE_LOCK", HIVE, "OlderNeverReplacesNewer", {"TROUBLES": 0}),
    ("READ_BACK", DUCKDB, "MarkerIsHonest", {"TROUBLES": 1}),
    ("READ_BACK", HIVE, "MarkerIsHonest", {"TROUBLES": 1}),
    ("MARKER_AFTER_DATA", DUCKDB, "MarkerIsHonest", {"TROUBLES": 0}),
    ("MARKER_AFTER_DATA", HIVE, "MarkerIsHonest", {"TROUBLES": 0}),
    ("WAIT_FOR_ORPHANS", HIVE, "MarkerIsHonest", {"TROUBLES": 1}),
    ("WAIT_FOR_ORPHANS", HIVE, "OlderNeverReplacesNewer", {"TROUBLES": 1}),
    ("SETTLE_BEFORE_LOOK", HIVE, "OlderNeverReplacesNewer", {"TROUBLES": 1}),
    ("RECORD_FOLLOWS_LINE", HIVE, "MarkerIsHonest", {"TROUBLES": 2}),
    ("LEASE_CHECK", DUCKDB, "StalePublishesNothing", {"LEASE": 1, "TROUBLES": 1}),
    ("LEASE_CHECK", DUCKDB, "OlderNeverReplacesNewer", {"LEASE": 1, "TROUBLES": 1}),
    ("RECORD_IS_FENCED", HIVE, "OneRunHeals", {"LEASE": 1, "DATES": 1, "TROUBLES": 1}),
    ("BOTH_RECORDS", HIVE, "MarkerIsHonest", {"LEASE": 1, "TROUBLES": 2}),
    ("NO_PAUSE_AFTER_CHECK", DUCKDB, "StalePublishesNothing", {"LEASE": 1, "TROUBLES": 1}),
    ("NO_PAUSE_AFTER_CHECK", HIVE, "OlderNeverReplacesNewer", {"LEASE": 1, "TROUBLES": 1}),
]


@pytest.fixture(scope="module")
def checker() -> None:
    """The programs that check the model."""
    spin.require()


@pytest.mark.core
@pytest.mark.slow
@pytest.mark.usefixtures("checker")
@pytest.mark.parametrize("settings", WHOLE.values(), ids=WHOLE)
def test_every_promise_holds_in_every_state(settings: dict[str, int], tmp_path: Path) -> None:
    found = spin.search(tmp_path, settings, speed="-O1")

    print(f"{found.states} states")
    assert found.broken == ""
    assert found.states > 100_000


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.usefixtures("checker")
@pytest.mark.parametrize("settings", LONG.values(), ids=LONG)
def test_every_promise_holds_in_every_state_of_a_larger_world(
    settings: dict[str, int], tmp_path: Path
) -> None:
    found = spin.search(tmp_path, settings)

    print(f"{found.states} states")
    assert found.broken == ""
    assert found.states > 500_000


@pytest.mark.slow
@pytest.mark.usefixtures("checker")
@pytest.mark.parametrize(("guard", "engine", "promise", "more"), WITHOUT)
def test_without_a_guard_a_promise_breaks(
    guard: str, engine: int, promise: str, more: dict[str, int], tmp_path: Path
) -> None:
    settings = {"TRANSACTIONAL": engine, guard: 0, **more}

    found = spin.search(tmp_path, settings, only=promise, speed="-O0")

    print(f"{promise} breaks after {found.steps} steps")
    assert found.broken == promise


@pytest.mark.slow
@pytest.mark.usefixtures("checker")
def test_a_statement_that_outlives_the_wait_is_repaired_once_verify_has_found_it(tmp_path: Path) -> None:
    late = {"TRANSACTIONAL": HIVE, "WAIT_FOR_ORPHANS": 0, "VERIFY_FIRST": 1, "TROUBLES": 1}

    found = spin.search(tmp_path, late, only="OneRunHeals", speed="-O1")

    assert found.broken == ""
    assert found.states > 100_000


def test_every_guard_of_the_model_is_taken_away() -> None:
    assert {guard for guard, *_ in WITHOUT} == set(spin.GUARDS)


def test_what_the_model_calls_a_function_is_one_in_the_code() -> None:
    model = (spin.MODEL / "protocol.pml").read_text()
    named = set(re.findall(r"^(?:inline|#define) ([a-z_]\w*)\(", model, re.MULTILINE))

    assert len(named) > 20
    assert named - functions() == set()


def test_the_page_names_functions_that_are_in_the_code() -> None:
    named = set(re.findall(r"`([a-z_]+)\(\)`", page()))

    assert len(named) > 20
    assert named - functions() == set()


def test_the_page_names_every_guard_and_every_promise() -> None:
    guards = page().split("## The guards")[1].split("##")[0]
    promises = page().split("## What is promised")[1].split("##")[0]

    assert set(re.findall(r"`([A-Z_]{3,})`", guards)) == set(spin.GUARDS)
    assert set(re.findall(r"`([A-Z][a-zA-Z]+)`", promises)) == set(spin.PROMISES)


def functions() -> set[str]:
    """The names of all functions and methods of the package."""
    modules = Path(ciss_luigi.__file__).parent.rglob("*.py")
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in modules]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def page() -> str:
    return PAGE.read_text(encoding="utf-8")
