"""``ciss plan --from --to`` as an operator types it, and the command that it says."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.command import Place
from tests.helpers import process, typed
from tests.migration.javasite import section

NEXT = re.compile(r"^Next:  luigi (.*)$", re.MULTILINE)


def fates(text: str) -> dict[str, str]:
    """The fate of each date."""
    return dict(re.findall(r"^(\d{4}-\d\d-\d\d)  (\w+)", text, re.MULTILINE))


def test_each_date_with_what_would_happen_counts_and_the_command(sample: Path) -> None:
    answer = typed(sample, "plan", "--from", "2016-11-20", "--to", "2016-12-06").expect(0)
    found = fates(answer.out)
    assert len(found) == 17
    assert (found["2016-11-21"], found["2016-11-22"]) == ("superseded", "skip")
    assert (found["2016-11-30"], found["2016-12-01"], found["2016-12-06"]) == ("run", "run", "missing")
    assert "2016-11 is left alone: main holds that of 2016-11-22" in answer.out
    assert (
        "2016-12-06  missing     mnaas.billable_sub_with_charge_and_limit has no row for 2016-12"
        in answer.out
    )
    assert "2016-12 left out" in answer.out
    assert "17 dates: " in answer.out
    assert "RangeDaily --of MergeMain --start 2016-11-20 --stop 2016-12-07" in answer.out


@pytest.mark.slow
def test_the_range_then_does_what_was_foretold(sample: Path) -> None:
    answer = typed(sample, "plan", "--from", "2016-11-20", "--to", "2016-12-06").expect(0)
    command = NEXT.search(answer.out)
    assert command is not None
    process(sample, [str(Path(sys.executable).with_name("luigi")), *shlex.split(command[1])]).expect(20)
    after = typed(sample, "plan", "--from", "2016-11-20", "--to", "2016-12-06").expect(0)
    before = fates(answer.out)
    assert fates(after.out) == {
        date: "missing" if fate == "missing" else "skip" for date, fate in before.items()
    }


def test_mistakes_of_the_command_line(sample: Path) -> None:
    for arguments in (
        [],
        ["--from", "2016-11-01"],
        ["--date", "2016-11-01", "--from", "2016-11-01", "--to", "2016-11-02"],
    ):
        assert "Give --date, or --from and --to." in typed(sample, "plan", *arguments).expect(2).err
    assert (
        "is later than" in typed(sample, "plan", "--from", "2016-11-02", "--to", "2016-11-01").expect(2).err
    )
    assert (
        "at most 10,000" in typed(sample, "plan", "--from", "1990-11-02", "--to", "2026-11-01").expect(2).err
    )
    done = typed(sample, "plan", "--from", "2016-11-22", "--to", "2016-11-22").expect(0)
    assert "Nothing is left to run." in done.out


def test_what_the_command_would_refuse_is_refused(place: Place) -> None:
    tomorrow = dt.datetime.now().astimezone().date() + dt.timedelta(days=1)
    late = tomorrow + dt.timedelta(days=1)
    answer = typed(place.folder, "plan", "--from", str(tomorrow), "--to", str(late))
    answer.explained(40, f"{late} lies after tomorrow")
    assert typed(place.folder, "plan", "--from", str(tomorrow), "--to", str(tomorrow)).code == 0


def test_a_range_of_the_old_classes_is_not_foretold(place: Place) -> None:
    place.configure(section("classes"), loader="java")
    typed(place.folder, "plan", "--from", "2016-11-01", "--to", "2016-11-06").explained(
        1, "with loader = java a range cannot be foretold", "ciss plan --date 2016-11-06"
    )
