"""What a terminal shows: ``ciss status --watch``, colours only where they are wanted, ``ciss`` alone."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from ciss_luigi.operator.nights import today
from tests.helpers import CISS, clean, in_use, process, run, typed


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.said = ""
        around = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "100", "LINES": "40", **environment}
        self.command = subprocess.Popen(
            [str(CISS), *arguments],
            cwd=folder, env=clean(folder, **around), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def shows(self, text: str) -> None:
        """Wait until a text has been on the screen."""
        while text not in self.said:
            self.said += self._read()

    def _read(self) -> str:
        try:
            return os.read(self.master, 65536).decode()
        except OSError:
            raise AssertionError(f"it ended, after:\n{self.said}") from None

    def rest(self) -> str:
        """What it says until it ends."""
        try:
            while True:
                self.said += os.read(self.master, 65536).decode()
        except OSError:
            return self.said


@pytest.mark.slow
def test_watch_shows_what_changes_until_ctrl_c(sample: Path) -> None:
    screen = Terminal(sample, "status", "--watch", "--from", "2016-11-21", "--to", "2016-11-22")
    screen.shows("2 dates: 1 done, 1 missing")
    run(sample, "2016-11-21")
    screen.shows("2 dates: 2 done")
    os.kill(screen.command.pid, signal.SIGINT)
    assert "\x1b[?1049l" in screen.rest(), "the terminal was left as it was found"
    assert screen.command.wait() == 128 + signal.SIGINT


@pytest.mark.slow
def test_watch_on_a_small_terminal_wraps_what_is_to_be_typed_and_counts_what_it_hides(sample: Path) -> None:
    dates = ("--from", "2016-11-01", "--to", "2016-11-22")
    screen = Terminal(sample, "status", "--watch", *dates, COLUMNS="40", LINES="8", NO_COLOR="1")
    screen.shows("Ctrl-C ends")
    os.kill(screen.command.pid, signal.SIGINT)
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.rest())
    assert re.search(r"Ctrl-C ends  [0-9]+ lines", said)
    assert "--local-scheduler" in said


def test_watch_is_for_a_terminal(sample: Path) -> None:
    assert "--watch is for people" in typed(sample, "status", "--watch").expect(2).err


@pytest.mark.slow
def test_colours_on_a_terminal_and_none_where_they_are_not_wanted(sample: Path) -> None:
    dates = ("--from", "2016-11-22", "--to", "2016-11-22")
    coloured = re.compile(r"\x1b\[[0-9;]*3[0-9][;m]")
    assert coloured.search(Terminal(sample, "status", *dates).rest())
    assert not coloured.search(Terminal(sample, "status", *dates, NO_COLOR="1").rest())
    assert coloured.search(Terminal(sample, "check").rest())
    assert not coloured.search(Terminal(sample, "check", NO_COLOR="1").rest())
    assert coloured.search(Terminal(sample, "history").rest())
    assert not coloured.search(Terminal(sample, "history", NO_COLOR="1").rest())
    assert "\x1b" not in process(sample, [str(CISS), "status", *dates]).out


@pytest.mark.slow
def test_60_columns_are_enough_for_a_whole_month_and_its_totals(sample: Path) -> None:
    dates = ("--from", "2016-10-01", "--to", "2016-11-30")
    shown = Terminal(sample, "status", *dates, COLUMNS="60", NO_COLOR="1").rest()
    said = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    days = next(line for line in said if line.startswith("2016-10"))
    assert days.split()[-1] == "30"
    steps = [line for line in said if line.startswith(("TruncateTemp", "BuildTemp", "MergeMain"))]
    totals = [line for line in said if line.startswith("2016-11-22")]
    assert len(steps) == 6
    assert len(totals) == 1
    assert all(len(line) <= 60 for line in (days, *steps, *totals)), said


def test_alone_it_says_what_to_do_next(tmp_path: Path, sample: Path) -> None:
    def said(folder: Path) -> str:
        return typed(folder).expect(0, "ciss --help").out

    empty = tmp_path / "empty"
    empty.mkdir()
    assert "Next:  to begin here: printf '[ciss]\\n' > luigi.cfg && ciss load --sample" in said(empty)
    (empty / "luigi.cfg").write_text("[ciss]\n")
    assert "Next:  ciss load DIR, or to try it: ciss load --sample" in said(empty)
    typed(empty, "load", "--sample").expect(0)
    assert "Next:  ciss check, then luigi --module ciss_luigi MergeMain --date 2016-11-30 " in said(empty)
    with in_use(empty / "var" / "ciss.duckdb"):
        assert f"MergeMain --date {today()} " in said(empty), "a file in use is not waited for"
    assert "Next:  ciss status, or ciss report --month 2016-11 --out report.html" in said(sample)
    (sample / "var" / "markers" / "2016-11-22" / "MergeMain.json").unlink()
    assert "Next:  ciss status --from 2016-11-22 --to 2016-11-22" in said(sample)
    (empty / "luigi.cfg").write_text("[ciss]\nretries = x\n")
    typed(empty).explained(40, "retries")
