"""Mistakes that Luigi, Python or the shell answer with a traceback are answered in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import STEPS, TRACEBACK, Place, free_port
from tests.helpers import ciss

pytestmark = pytest.mark.whole

DATE = "2016-11-10"


def test_a_logging_file_that_is_not_there_or_lacks_a_part(place: Place, tmp_path: Path) -> None:
    finished = place.merge(DATE, "--logging-conf-file", "nope.ini")
    finished.explained(40, "--logging-conf-file 'nope.ini': there is no such file", "State: ", "Next:  ")
    half = tmp_path / "half.ini"
    half.write_text("[loggers]\nkeys = root\n[handlers]\nkeys =\n")
    finished = place.merge(DATE, "--logging-conf-file", str(half))
    finished.explained(40, "it lacks [formatters] keys")
    half.write_text("no section\n")
    place.merge(DATE, "--logging-conf-file", str(half)).explained(40, "it cannot be read")
    assert place.attempts(DATE) == []


@pytest.mark.slow
def test_a_range_as_of_another_day(place: Place) -> None:
    place.range(DATE, "2016-11-12", "--now", "1480000000").explained(0)
    assert place.marked("2016-11-11") == list(STEPS)


def test_a_moment_in_milliseconds_is_none_of_ours(place: Place) -> None:
    place.range(DATE, "2016-11-12", "--now", "1480000000000").explained(40, "this makes no range")


def test_the_days_back_of_the_configuration_leave_dates_over_too(place: Place) -> None:
    with place.config.open("a") as config:
        config.write("\n[RangeDaily]\ndays_back = 3\n")
    place.range(DATE, "2016-11-13").explained(25, "3 dates of this range are left over")


def test_a_range_of_ranges(place: Place) -> None:
    finished = place.luigi("RangeDaily", "--of", "RangeDaily", "--start", DATE, "--local-scheduler")
    finished.explained(40, "--of RangeDaily is a range itself", "Next:  luigi --module ciss_luigi RangeDaily")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "left", "wider"),
    [
        (
            ("--days-back", "3"),
            "3 dates of this range are left over, 2016-11-10 to 2016-11-12",
            "--days-back ",
        ),
        (("--days-forward", "-100000"), "3 dates of this range are left over", "--days-forward "),
    ],
)
def test_a_range_beyond_its_days_says_what_is_left_over(
    place: Place, options: tuple[str, str], left: str, wider: str
) -> None:
    finished = place.range(DATE, "2016-11-13", *options).explained(25, left)
    command = finished.text.rpartition("Next:     ")[2].strip()
    assert command.startswith(f"luigi --module ciss_luigi RangeDaily --of MergeMain --start {DATE}")
    assert wider in command
    place.luigi(*command.split()[3:]).explained(0)
    assert all(place.marked(day) == list(STEPS) for day in (DATE, "2016-11-12"))


@pytest.mark.parametrize("verb", [["status"], ["check"], ["--help"], ["plan", "--date", DATE]])
def test_an_answer_to_a_full_disk(place: Place, verb: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "ciss_luigi", *verb],
            cwd=place.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert TRACEBACK not in ended.stderr
    assert "the answer cannot be written: No space left on device" in ended.stderr
    assert "Next:  make room" in ended.stderr


def test_a_proxy_before_luigid_is_named_without_its_password(place: Place) -> None:
    proxy = f"http://clerk:s3cret@127.0.0.1:{free_port()}"
    finished = place.merge(DATE, "--scheduler-port", str(free_port()), http_proxy=proxy)
    finished.explained(
        40, "luigid is asked through the proxy 127.0.0.1:", "(http_proxy)", "no_proxy=localhost"
    )
    assert "s3cret" not in finished.text
    finished = place.merge(DATE, "--scheduler-port", str(free_port()), http_proxy=proxy, no_proxy="localhost")
    finished.explained(40, "luigid does not answer")


@pytest.mark.slow
def test_a_long_folder_for_temporary_files(place: Place, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 110)
    long.mkdir()
    place.range(DATE, "2016-11-12", "--workers", "2", "--parallel-scheduling", TMPDIR=str(long)).explained(0)


def test_the_wrong_folder(tmp_path: Path) -> None:
    answer = ciss(tmp_path, "status")
    assert answer.code == 40
    assert "looked at: /etc/luigi/client.cfg" in answer.err
    first, then, last = (answer.err.index(text) for text in ("Next:  cd to", "LUIGI_CONFIG_PATH=", "printf"))
    assert first < then < last
    (tmp_path / "luigi.toml").write_text("[ciss]\n")
    answer = ciss(tmp_path, "status")
    assert f"Next:  export LUIGI_CONFIG_PARSER=toml, as {tmp_path}/luigi.toml has [ciss]" in answer.err
    assert "printf" not in answer.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\ufeff[ciss]\n", "byte order mark (BOM)"),
        ("[ciss]\ngrace_days = 1\ngrace_days = 2\n", "grace_days"),
        ("grace_days = 1\n", "comes before the first section"),
        ("[ciss]\n# \udce4\n", "it is not UTF-8 text (byte 10): save it as UTF-8"),
    ],
)
def test_a_file_at_which_luigi_itself_stumbles_is_explained_by_ciss_check(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "luigi.cfg").write_text(text, encoding="utf-8", errors="surrogateescape")
    answer = ciss(tmp_path, "check")
    assert answer.code == 40
    assert TRACEBACK not in answer.out + answer.err
    assert words in answer.out + answer.err
