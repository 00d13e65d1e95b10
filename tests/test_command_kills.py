"""Signals and kills at any moment; then the same command gives what an undisturbed run gives."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import signal
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command import (
    LUIGI,
    STEPS,
    TRACEBACK,
    Finished,
    Place,
    Running,
    name_of,
    session_of,
    slow_sql,
    wait_until,
)

pytestmark = pytest.mark.whole

DATE = "2016-11-03"
ONE: tuple[str, ...] = ()
TWO = ("--workers", "2")
HOURS = 1_000_000


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, small_warehouse: Path) -> list[tuple[Any, ...]]:
    """Main as a run that nobody disturbs leaves it."""
    place = Place(tmp_path_factory.mktemp("undisturbed"), small_warehouse)
    place.merge(DATE).explained(0)
    return place.main()


@pytest.fixture
def slow(place: Place, tmp_path: Path) -> Place:
    """A site whose BuildTemp sends a statement that would run for hours."""
    place.configure(sql_dir=slow_sql(tmp_path / "sql", HOURS))
    return place


def in_the_statement(slow: Place, *options: str) -> Running:
    """A command whose BuildTemp is in the midst of its long statement."""
    running = slow.merging(DATE, *options)
    slow.wait_for_step(DATE, "BuildTemp")
    time.sleep(0.5)
    return running


def has_open(place: Place) -> bool:
    """Whether somebody else has the DuckDB file open."""
    import duckdb

    try:
        duckdb.connect(str(place.warehouse)).close()
    except duckdb.IOException:
        return True
    return False


def nothing_left(running: Running) -> bool:
    """Whether all of a command's processes are gone, or go within a moment."""
    give_up = time.monotonic() + 5
    while session_of(running.pid) and time.monotonic() < give_up:
        time.sleep(0.01)
    return not session_of(running.pid)


def heals(place: Place, undisturbed: list[tuple[Any, ...]], *options: str) -> None:
    """The same command, with the rules at their usual speed, ends as if nothing had been."""
    place.configure()
    place.merge(DATE, *options).explained(0)
    assert place.main() == undisturbed
    assert place.read_marker(DATE, "MergeMain")["months"] != []


def stopped(place: Place, running: Running, finished: Finished, name: str) -> None:
    """What a signal inside BuildTemp leaves."""
    state = "State: main was not touched; temp is rebuilt by the next run"
    again = f"Next:  luigi --module ciss_luigi MergeMain --date {DATE}"
    finished.explained(30, f"stopped by {name}", state, again)
    assert nothing_left(running)
    assert place.marked(DATE) == ["TruncateTemp"]
    assert [attempt.outcome for attempt in place.attempts(DATE)] == ["done", "stopped"]
    assert place.attempts(DATE)[-1].error.startswith(f"stopped by {name}")


# --- signals ------------------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.slow
def test_sigterm_in_a_long_statement(slow: Place, undisturbed: list[tuple[Any, ...]]) -> None:
    running = in_the_statement(slow)
    running.send(signal.SIGTERM)
    stopped(slow, running, running.finish(), "SIGTERM")
    heals(slow, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_in_a_long_statement_of_a_worker(
    slow: Place,
    undisturbed: list[tuple[Any, ...]],
    whole_group: bool,
    number: signal.Signals,
) -> None:
    running = in_the_statement(slow, *TWO)
    (running.send_group if whole_group else running.send)(number)
    finished = running.finish()
    # the parent ends its workers by SIGTERM, which may be there before the SIGINT of the terminal
    stopped(slow, running, finished, "SIG")
    heals(slow, undisturbed, *TWO)


@pytest.mark.slow
@pytest.mark.parametrize("options", [ONE, TWO])
def test_ctrl_c_on_a_terminal(
    slow: Place, tmp_path: Path, undisturbed: list[tuple[Any, ...]], options: tuple[str, ...]
) -> None:
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [LUIGI, "--module", "ciss_luigi", "MergeMain", "--date", DATE, "--local-scheduler", *options],
        cwd=slow.folder,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        stdin=terminal,
        stdout=(tmp_path / "output").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - there are no threads
    )
    running = Running(process, tmp_path / "output")
    slow.wait_for_step(DATE, "BuildTemp")
    time.sleep(0.5)
    os.write(master, b"\x03")
    stopped(slow, running, running.finish(), "SIGINT")
    heals(slow, undisturbed, *options)


@pytest.mark.slow
@pytest.mark.parametrize("options", [ONE, TWO])
def test_further_signals_change_nothing(
    slow: Place, undisturbed: list[tuple[Any, ...]], options: tuple[str, ...]
) -> None:
    running = in_the_statement(slow, *options)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
        running.send_group(number)
        time.sleep(0.03)
    stopped(slow, running, running.finish(), "SIG")
    heals(slow, undisturbed, *options)


@pytest.mark.parametrize("options", [ONE, TWO])
def test_before_the_first_step_the_exit_code_is_that_of_the_signal(
    place: Place, options: tuple[str, ...]
) -> None:
    import duckdb

    with duckdb.connect(str(place.warehouse)):  # so the command waits while it schedules
        running = place.merging(DATE, *options)
        running.wait_for("waiting for it")
        running.send(signal.SIGTERM)
        finished = running.finish()
    finished.explained(143, "stopped by SIGTERM before a step began; nothing was touched")
    assert nothing_left(running)
    assert place.attempts(DATE) == []


SLOW_SOURCE = """
ALTER TABLE mnaas.{name} RENAME TO kept;
CREATE VIEW mnaas.{name} AS SELECT * FROM mnaas.kept WHERE (
    SELECT COUNT(*) FROM range(50000) a(x), range(1000000) b(y) WHERE (x * y + x) % 7 = 8) = 0
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", [ONE, TWO])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_inside_a_statement_that_asks_for_the_sources_too(
    place: Place, options: tuple[str, ...], number: int
) -> None:
    place.query(SLOW_SOURCE.format(name=name_of("overage")))
    running = place.merging(DATE, *options)
    wait_until(lambda: has_open(place))
    time.sleep(1)
    running.send_group(number)
    running.finish().explained(128 + number, "before a step began; nothing was touched")
    assert nothing_left(running)
    assert place.attempts(DATE) == []


@pytest.mark.slow
def test_a_signal_while_a_range_waits_for_a_date(place: Place) -> None:
    from ciss_luigi.locking.filelocks import FileLock

    with FileLock(place.state / "locks" / f"date-{DATE}.lock").waited():
        running = place.ranging(DATE, "2016-11-05", *TWO)
        wait_until(lambda: place.marked("2016-11-04") == list(STEPS))
        running.send(signal.SIGTERM)
        running.finish().explained(30)
    assert nothing_left(running)
    assert place.marked(DATE) == []


# --- kills --------------------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.slow
def test_a_killed_worker_is_a_failed_step(slow: Place, undisturbed: list[tuple[Any, ...]]) -> None:
    running = in_the_statement(slow, *TWO)
    (worker,) = running.others()
    os.kill(worker, signal.SIGKILL)
    running.finish().explained(30, f"the process that worked on BuildTemp(date={DATE}) was killed by SIGKILL")
    assert slow.attempts(DATE)[-1].outcome is None
    heals(slow, undisturbed, *TWO)


@pytest.mark.slow
@pytest.mark.parametrize("options", [ONE, TWO])
def test_a_killed_group_in_a_long_statement(
    slow: Place, undisturbed: list[tuple[Any, ...]], options: tuple[str, ...]
) -> None:
    running = in_the_statement(slow, *options)
    running.send_group(signal.SIGKILL)
    assert running.finish().code == -signal.SIGKILL
    assert slow.marked(DATE) == ["TruncateTemp"]
    heals(slow, undisturbed, *options)


@pytest.mark.slow
def test_a_worker_whose_command_was_killed_keeps_the_date_until_its_step_has_ended(
    slow: Place, undisturbed: list[tuple[Any, ...]]
) -> None:
    running = in_the_statement(slow, *TWO)
    (worker,) = running.others()
    running.send(signal.SIGKILL)
    running.finish()
    assert running.others() == [worker]
    slow.merge(DATE).explained(10, f"pid {worker} on ")
    os.kill(worker, signal.SIGTERM)
    assert nothing_left(running)
    assert slow.marked(DATE) == ["TruncateTemp"]
    heals(slow, undisturbed)


# --- at random moments --------------------------------------------------------------------------------

HOWS = ("kill", "kill group", "kill worker", "term", "term group", "int", "int group")


def strike(running: Running, how: str, dice: random.Random) -> int:
    """Send the signal; returns its number."""
    name, _, whom = how.partition(" ")
    number = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}[name]
    workers = running.others() if whom == "worker" and "Running Worker" in running.text else []
    if whom == "group":
        running.send_group(number)
    elif workers:
        os.kill(dice.choice(workers), number)
    elif whom != "worker":
        running.send(number)
    return number


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 32))]
)
def test_at_any_moment(place: Place, undisturbed: list[tuple[Any, ...]], seed: int) -> None:
    dice = random.Random(seed)
    options = dice.choice([ONE, TWO])
    running = place.merging(DATE, *options)
    running.wait_for("Informed scheduler")  # from here on signals are ours
    time.sleep(dice.uniform(0, 1.0))
    running.process.poll()
    number = strike(running, HOWS[seed % len(HOWS)], dice) if running.process.returncode is None else 0
    finished = running.finish()
    began = bool(place.attempts(DATE))
    assert nothing_left(running)
    if number in (signal.SIGTERM, signal.SIGINT):
        done = [attempt.step for attempt in place.attempts(DATE) if attempt.outcome == "done"]
        assert finished.code in ((30, 0) if began else (128 + number, 30, 0)), finished.text
        assert place.marked(DATE) == done
        assert TRACEBACK not in finished.text
    heals(place, undisturbed, *options)
