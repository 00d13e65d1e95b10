"""What the benchmarks keep of their results, and draw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import plot, record, results
from benchmarks.processes import Cost
from benchmarks.warehouse import Size

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
