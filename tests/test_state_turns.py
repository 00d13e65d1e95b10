"""The turn of a date at what all dates share: held in each step, kept between two."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.locking.turns import Turn
from tests.command import wait_until

pytestmark = pytest.mark.whole

FIRST, SECOND = RunDate.parse("2016-11-22"), RunDate.parse("2016-12-23")


def turn(folder: Path, kept_seconds: float = 60.0) -> Turn:
    return Turn(folder / "lock", folder / "note.json", "temp", kept_seconds)


class Other:
    """Another date that wants one step, in a thread with descriptors of its own."""

    def __init__(self, folder: Path, kept_seconds: float = 60.0) -> None:
        self.began = 0.0
        self._turn = turn(folder, kept_seconds)
        self._thread = threading.Thread(target=self._step, daemon=True)
        self._thread.start()

    def _step(self) -> None:
        with self._turn.held(SECOND, last=True):
            self.began = time.monotonic()

    def waits(self) -> bool:
        """Whether it has not got in, although it had the time to."""
        self._thread.join(0.5)
        return self._thread.is_alive()

    def gets_in(self) -> bool:
        """Whether it gets in, and ends."""
        self._thread.join(10)
        return not self._thread.is_alive()


def test_another_date_waits_from_the_first_step_to_the_end_of_the_last(tmp_path: Path) -> None:
    mine = turn(tmp_path)
    with mine.held(FIRST, last=False):
        other = Other(tmp_path)
        assert other.waits(), "it got in amid a step"
    assert other.waits(), "it got in between two steps"
    with mine.held(FIRST, last=False):
        assert other.waits(), "it got in amid the second step"
    assert other.waits(), "it got in before the last step"
    with mine.held(FIRST, last=True):
        assert other.waits(), "it got in amid the last step"
    assert other.gets_in()


def test_a_step_that_failed_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="made"), turn(tmp_path).held(FIRST, last=False):
        raise ValueError("made to fail")
    assert Other(tmp_path).gets_in()


def test_a_date_that_left_keeps_nothing_and_nobody_leaves_for_another(tmp_path: Path) -> None:
    with turn(tmp_path).held(FIRST, last=False):
        pass
    turn(tmp_path).leave(SECOND)
    other = Other(tmp_path)
    assert other.waits()
    turn(tmp_path).leave(FIRST)
    assert other.gets_in()


def test_nobody_leaves_amid_anothers_step(tmp_path: Path) -> None:
    with turn(tmp_path).held(FIRST, last=False):
        pass
    with FileLock(tmp_path / "lock").waited():
        turn(tmp_path).leave(FIRST)
        assert (tmp_path / "note.json").exists()


def test_what_is_kept_lapses_and_not_before(tmp_path: Path) -> None:
    with turn(tmp_path, 1.5).held(FIRST, last=False):
        pass
    kept = time.monotonic()
    other = Other(tmp_path, 1.5)
    assert other.gets_in()
    assert other.began - kept > 1.0


def test_a_killed_step_keeps_nothing(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with turn(tmp_path).held(FIRST, last=False):
            (tmp_path / "inside").touch()
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    wait_until((tmp_path / "inside").exists)
    assert Other(tmp_path).gets_in()


@pytest.mark.parametrize(
    "note",
    [
        "", "{", "[]", "3", '{"date": "2016-11-22"}', '{"date": "2016-11-22", "until": "x"}',
        '{"date": "2016-11-22", "until": 1e300}', '{"date": "2016-11-22", "until": -1}', "[" * 100_000,
        '{"date": "2016-11-22", "until": NaN}',
    ],
)  # fmt: skip
def test_a_note_that_says_nothing_keeps_nothing(tmp_path: Path, note: str) -> None:
    """Among them one of a time before the machine was started: its clock was far ahead."""
    (tmp_path / "note.json").write_text(note)
    assert Other(tmp_path).gets_in()


def test_whoever_waits_says_for_whom(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "luigi-interface.ciss_luigi")
    with turn(tmp_path).held(FIRST, last=False):
        pass
    other = Other(tmp_path)
    assert other.waits()
    assert [one.getMessage() for one in caplog.records] == [
        "2016-12-23: temp is in use by 2016-11-22; waiting for it"
    ]
    turn(tmp_path).leave(FIRST)
    assert other.gets_in()
