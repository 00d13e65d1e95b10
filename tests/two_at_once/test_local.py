"""Commands without a luigid: nothing but the locks knows of the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.command import MAIN, TEMP, Place, Running
from tests.two_at_once import watching
from tests.two_at_once.conftest import Started
from tests.two_at_once.watching import BARE, WATCHED, Hold, overlapping, returns, spans

pytestmark = pytest.mark.whole

DATE = "2016-11-10"
DATES = tuple(f"2016-12-{day:02d}" for day in range(1, 6))
AFTER = "2016-12-06"


@pytest.fixture
def undisturbed(tmp_path: Path, small_warehouse: Path) -> Place:
    """A site that nobody disturbs, to compare with."""
    return Place(tmp_path / "undisturbed", small_warehouse)


def codes(commands: Iterable[Running]) -> list[int]:
    """Their exit codes, once all have ended."""
    return [command.finish(120).code for command in commands]


def test_a_second_command_leaves_while_the_first_runs_and_writes_nothing(
    place: Place, started: Started
) -> None:
    hold = Hold(place, "BuildTemp")
    first = started(place.merging(DATE, **hold.how))
    hold.wait(first)
    place.merge(DATE).explained(10, f"{DATE} is being run by pid {first.pid} on ")
    hold.let_go()
    assert codes([first]) == [0]
    assert [attempt.pid for attempt in place.attempts(DATE)] == [first.pid] * 3


@pytest.mark.core
@pytest.mark.slow
def test_a_range_waits_for_the_command_that_runs_one_of_its_dates(place: Place, started: Started) -> None:
    hold = Hold(place, "BuildTemp")
    first = started(place.merging(DATE, **hold.how))
    hold.wait(first)
    second = started(place.ranging(DATE, "2016-11-12"))
    second.wait_for(f"running   BuildTemp(date={DATE})")
    hold.let_go()
    assert codes([first, second]) == [0, 0]
    assert {attempt.pid for attempt in place.attempts(DATE)} == {first.pid}


@pytest.mark.core
@pytest.mark.slow
def test_of_many_at_once_each_date_and_month_has_one_writer_at_a_time(
    place: Place, undisturbed: Place, started: Started, tmp_path: Path
) -> None:
    log = tmp_path / "statements"
    how = {"prelude": WATCHED, "STATEMENTS": str(log)}
    commands = [
        place.ranging(DATES[0], AFTER, "--workers", "2", **how),
        place.ranging(DATES[1], AFTER, **how),
        *(place.merging(date, **how) for date in (DATES[0], DATES[-1])),
    ]
    assert set(codes([started(command) for command in commands])) <= {0, 10}
    undisturbed.range(DATES[0], AFTER).explained(0)
    written = spans(log)
    for table, column in ((TEMP, "run_date"), (MAIN, "month_year")):
        found = watching.partitions(written, table, column)
        assert found
        assert overlapping(found) == []
    assert returns(watching.partitions(written, TEMP, "run_date")) == []
    assert overlapping(watching.attempts(place, DATES)) == []
    assert place.main() == undisturbed.main()


@pytest.mark.core
@pytest.mark.slow
def test_the_locks_alone_see_to_that(place: Place, started: Started, tmp_path: Path) -> None:
    """Mocked: the steps write nothing, so that DuckDB, which lets one program in at a time, is no help."""
    log = tmp_path / "statements"
    how = {"prelude": BARE, "STATEMENTS": str(log)}
    commands = [
        place.ranging(DATES[0], AFTER, "--workers", "2", **how),
        place.ranging(DATES[1], AFTER, "--workers", "2", **how),
        *(place.merging(date, **how) for date in DATES[:3]),
    ]
    assert set(codes([started(command) for command in commands])) <= {0, 10}
    found = spans(log)
    assert {span.what for span in found} >= {f"temp {date}" for date in DATES} | {"main 2016-12"}
    assert len({span.who for span in found}) > 1
    assert overlapping(found) == []
