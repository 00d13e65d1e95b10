"""A command's last three lines: what was done, what was not and why, what to do."""

from __future__ import annotations

import pytest

from tests.command import Finished, Luigid, Place, luigid, name_of
from tests.helpers import typed
from tests.oddfiles import make_odd
from tests.two_at_once.test_luigid import FAILING, task_of

pytestmark = pytest.mark.slow

DATE = "2016-11-10"


def last_words(finished: Finished) -> tuple[str, str, str]:
    """The three lines; nothing comes after them."""
    *_, done, not_done, following = finished.text.rstrip("\n").splitlines()
    assert done.partition(": ")[2].startswith("Done:     "), finished.text
    assert not_done.startswith("  Not done: ")
    assert following.startswith("  Next:     ")
    return done.partition("Done:     ")[2], not_done[12:], following[12:]


def test_a_night_and_the_same_again(place: Place) -> None:
    done, not_done, following = last_words(place.merge(DATE).explained(0))
    assert (done, not_done, following) == (
        f"{DATE} published in main (2016-11: 6 rows)",
        "nothing",
        "nothing",
    )
    run = place.read_marker(DATE, "MergeMain")["run_id"]
    done, not_done, following = last_words(place.merge(DATE).explained(0))
    assert done.startswith(f"nothing; {DATE} was done before at 20")
    assert done.endswith(f" UTC by run {run}")
    assert following == f"nothing; to do it again: ciss reset --date {DATE}"


@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_a_step_that_fails(place: Place, way: tuple[str, ...]) -> None:
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = 'XXX' WHERE partition_date = '2016-11'")
    done, not_done, following = last_words(place.merge(DATE, *way).explained(30))
    assert done == f"TruncateTemp of {DATE}; main was not touched"
    why = "the source data has errors; nothing was published: no XXX rate for 2016-11"
    assert not_done.startswith(f"BuildTemp of {DATE} failed ({why}")
    flags = "".join(f" {flag}" for flag in way)
    again = f"luigi --module ciss_luigi MergeMain --date {DATE}{flags} --local-scheduler"
    assert following == f"correct the source rows, then {again}"


def test_a_range_of_which_a_part_lacks_sources(place: Place) -> None:
    finished = place.range("2017-02-04", "2017-02-08").explained(20)
    done, not_done, following = last_words(finished)
    assert done == "2 dates published in main, 2017-02-04 to 2017-02-05"
    missing = "sources are missing for 2017-02-06, 2017-02-07"
    assert not_done == f"{missing}; 2017-02 not built on 2 dates: no source rows"
    assert following.startswith("ciss check --date 2017-02-06, and once the rows are there luigi --module")


def test_dates_whose_months_had_newer_runs_are_not_called_published(place: Place) -> None:
    place.merge("2016-11-12").explained(0)
    done, not_done, _ = last_words(place.range(DATE, "2016-11-12").explained(0))
    assert done == "2 dates are done; none of them published anything"
    assert not_done == "2 dates not published, main has newer runs, 2016-11-10 to 2016-11-11"
    done, not_done, _ = last_words(place.merge("2016-11-09").explained(0))
    assert done == "2016-11-09 is done; it published nothing"
    assert not_done == "2016-11 not published: main has a newer run"


def test_single_months_that_dates_of_a_range_left_alone_are_counted(place: Place) -> None:
    place.query(f"DELETE FROM mnaas.{name_of('billable')} WHERE partition_date = '2016-11'")
    done, not_done, _ = last_words(place.range("2016-11-01", "2016-11-04").explained(0))
    assert done == "3 dates published in main, 2016-11-01 to 2016-11-03"
    assert not_done == "2016-11 not built on 3 dates: no source rows"


def test_months_that_newer_runs_had_published_are_counted(place: Place) -> None:
    place.merge("2016-11-12").explained(0)
    _, not_done, _ = last_words(place.range("2016-11-04", "2016-11-07").explained(0))
    assert not_done == (
        "1 date not published, main has newer runs, 2016-11-06; "
        "2016-11 not published on 2 dates: main has newer runs"
    )


@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_dates_that_fail_alike_keep_what_their_errors_say_to_do(place: Place, way: tuple[str, ...]) -> None:
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = 'XXX' WHERE partition_date = '2016-11'")
    _, not_done, following = last_words(place.range("2016-11-06", "2016-11-11", *way).explained(30))
    assert not_done.endswith("2 more steps failed")
    assert following.startswith("correct the source rows, then luigi --module ciss_luigi RangeDaily --of ")


@pytest.mark.parametrize("way", [(), ("--workers", "2")])
def test_a_step_whose_begin_could_not_be_written_has_its_reason(place: Place, way: tuple[str, ...]) -> None:
    prelude = """
import errno
from ciss_luigi.state.ledger import Ledger
def full(*given, **more):
    raise OSError(errno.ENOSPC, "No space left on device", "ledger")
Ledger.start = full
"""
    _, not_done, following = last_words(place.merge(DATE, *way, prelude=prelude).explained(30))
    assert not_done == f"TruncateTemp of {DATE} failed ([Errno 28] No space left on device: 'ledger')"
    assert following.startswith("give it what it lacks (df, ulimit -n), then luigi --module ciss_luigi Merge")


def test_a_pipe_in_the_place_of_a_months_lock_is_checked_before_the_run_is_tried_again(place: Place) -> None:
    lock = place.state / "locks" / "month-2016-11.lock"
    lock.parent.mkdir(parents=True)
    make_odd(lock, "pipe")
    _, not_done, following = last_words(place.merge(DATE).explained(30))
    assert f"{lock} cannot be taken: is not a plain file" in not_done
    assert following.startswith(f"ciss check --date {DATE}, then luigi --module ciss_luigi MergeMain")
    typed(place.folder, "check").expect(40, f"{lock} is not a plain file", f"rm -r {lock}")


def test_an_earlier_step_alone_says_that_main_is_not_updated(place: Place) -> None:
    done, _, following = last_words(
        place.luigi("BuildTemp", "--date", DATE, "--local-scheduler").explained(0)
    )
    assert done == f"BuildTemp of {DATE}, TruncateTemp of {DATE}; main is not updated by BuildTemp alone"
    assert following == f"luigi --module ciss_luigi MergeMain --date {DATE} --local-scheduler"


def test_a_range_that_is_done_says_so_too(place: Place) -> None:
    place.range("2016-11-10", "2016-11-12").explained(0)
    done, not_done, following = last_words(place.range("2016-11-10", "2016-11-12").explained(0))
    assert (done, not_done) == ("nothing; 2 dates were done before, 2016-11-10 to 2016-11-11", "nothing")
    assert following == "nothing; to do one again: ciss reset --date 2016-11-11"
    done, _, following = last_words(place.range("2016-11-10", "2016-11-13").explained(0))
    assert done == "2016-11-12 published in main (2016-11: 6 rows); 2 were done before"
    assert following == "nothing"
    done, _, following = last_words(place.range("2016-11-12", "2016-11-13").explained(0))
    assert done.startswith("nothing; 2016-11-12 was done before at 20")


def test_an_earlier_step_that_was_done_before_says_what_main_lacks(place: Place) -> None:
    alone = ("--date", DATE, "--local-scheduler")
    of = ("RangeDaily", "--of", "BuildTemp", "--start", DATE, "--stop", "2016-11-12", "--local-scheduler")
    place.luigi("BuildTemp", *alone).explained(0)
    done, _, following = last_words(place.luigi("BuildTemp", *alone).explained(0))
    assert done == f"nothing; BuildTemp of {DATE} was done before; main is not updated by BuildTemp alone"
    assert following == f"luigi --module ciss_luigi MergeMain --date {DATE} --local-scheduler"
    place.luigi(*of).explained(0)
    done, _, following = last_words(place.luigi(*of).explained(0))
    words = f"nothing; 2 dates were done before, {DATE} to 2016-11-11; main is not updated by BuildTemp alone"
    assert done == words
    assert following == f"luigi --module ciss_luigi {' '.join(of).replace('BuildTemp', 'MergeMain')}"


def test_a_paused_luigid_is_named(place: Place, daemon: Luigid) -> None:
    daemon.call("pause")
    done, not_done, following = last_words(place.merge(DATE, *daemon.options).explained(25))
    assert (done, not_done[:16]) == ("nothing", "luigid is paused")
    assert following.startswith("click Unpause on luigid's page, then luigi --module ciss_luigi MergeMain")
    daemon.call("unpause")
    place.merge(DATE, *daemon.options).explained(0)


def test_a_step_that_was_marked_as_done_on_the_page(place: Place) -> None:
    with luigid(place.folder / "luigid", stable_done_cooldown_secs=60) as daemon:
        place.merge(DATE, *daemon.options, prelude=FAILING.format(step="MergeMain")).explained(30)
        daemon.call("mark_as_done", task_id=task_of(daemon, "MergeMain"))
        _, not_done, following = last_words(place.merge(DATE, *daemon.options).explained(25))
    assert f"luigid did not start MergeMain of {DATE}: it was marked as done on luigid's page" in not_done
    assert following.endswith(", after 10 s")


def test_a_step_that_ended_a_moment_ago_and_was_reset(place: Place) -> None:
    with luigid(place.folder / "luigid", stable_done_cooldown_secs=60) as daemon:
        place.merge(DATE, *daemon.options).explained(0)
        typed(place.folder, "reset", "--date", DATE, "--from-step", "merge").expect(0)
        _, not_done, following = last_words(place.merge(DATE, *daemon.options).explained(25))
    assert f"luigid did not start MergeMain of {DATE}: it ended less than 10 s ago" in not_done
    assert following.endswith(", after 10 s")


def test_without_a_level_of_the_log_no_debug_lines_are_shown(place: Place) -> None:
    place.config.write_text(place.config.read_text().replace("log_level = INFO\n", ""))
    finished = place.merge(DATE).explained(0)
    assert "DEBUG" not in finished.text
    assert f"INFO: Done:     {DATE} published in main" in finished.text
