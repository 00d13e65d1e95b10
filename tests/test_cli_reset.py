"""``ciss reset``: markers away, and only markers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi import commands, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.markers import Step
from tests.command import MAIN, Place, free_port
from tests.helpers import CISS, Answer, ciss, impatient, in_use, process, run, running, typed
from tests.hosts.postgres import postgres

pytestmark = pytest.mark.whole

DATE = "2016-11-05"


@pytest.fixture
def merged(place: Place) -> Place:
    """A site on which 2016-11-05 is merged."""
    run(place.folder, DATE)
    return place


def reset(place: Place, *arguments: str) -> Answer:
    return typed(place.folder, "reset", "--date", DATE, *arguments)


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("truncate", []),
        ("build", ["TruncateTemp"]),
        ("merge", ["TruncateTemp", "BuildTemp"]),
    ],
)
def test_the_markers_of_a_step_and_all_later_ones_go(step: str, left: list[str], merged: Place) -> None:
    before = merged.main()
    answer = reset(merged, "--from-step", step).expect(0, f"{DATE}: removed the markers of ")
    assert merged.marked(DATE) == left
    assert merged.main() == before
    assert answer.out.endswith(f"Next:  {commands.merge(DATE)}\n")


def test_without_a_step_all_three_go_in_their_order(merged: Place) -> None:
    ciss(merged.folder, "reset", "--date", DATE).expect(0, "markers of TruncateTemp, BuildTemp, MergeMain\n")
    assert merged.marked(DATE) == []


def test_a_run_after_it_gives_the_same_main(merged: Place) -> None:
    before, run_id = merged.main(), merged.read_marker(DATE, "MergeMain")["run_id"]
    reset(merged).expect(0)
    merged.merge(DATE).explained(0)
    assert merged.main() == before
    assert merged.read_marker(DATE, "MergeMain")["run_id"] != run_id


def test_a_date_without_markers_is_as_it_should_be(place: Place) -> None:
    reset(place).expect(0, f"{DATE}: there was no marker to remove")
    assert not list(place.state.glob("locks/date-*")), "it may be a mistyped date"


def test_other_dates_keep_their_markers(merged: Place) -> None:
    run(merged.folder, "2016-11-06")
    reset(merged).expect(0)
    assert len(merged.marked("2016-11-06")) == 3


def test_a_date_that_runs_is_refused_and_its_holder_named(merged: Place) -> None:
    with running(merged.folder, DATE, Step.MERGE) as worker:
        answer = reset(merged).explained(1, f"{DATE} is being run by pid {worker.pid} on ", "since")
        assert f"Next:  ciss status --from {DATE} --to {DATE}" in answer.err
        assert len(merged.marked(DATE)) == 3
    reset(merged).expect(0)


def test_another_date_that_runs_does_not_matter(merged: Place) -> None:
    with running(merged.folder, "2016-11-06", Step.BUILD):
        reset(merged).expect(0, "removed")


@pytest.mark.parametrize("arguments", [["reset"], ["reset", "--date", DATE, "--from-step", "verify"]])
def test_a_mistake_of_usage_removes_nothing(arguments: list[str], merged: Place) -> None:
    typed(merged.folder, *arguments).expect(2)
    assert len(merged.marked(DATE)) == 3


# --- what main holds ----------------------------------------------------------------------------------


def test_a_newer_estimate_in_main_is_said(merged: Place) -> None:
    run(merged.folder, "2016-11-09")
    answer = reset(merged).expect(0, "main holds a newer estimate of 2016-11, as of 2016-11-09")
    assert "newer estimate of 2016-10" not in answer.out
    assert merged.merge(DATE).explained(0)
    assert merged.read_marker(DATE, "MergeMain")["superseded"] == ["2016-11"]


def test_with_allow_older_nothing_would_be_superseded(merged: Place) -> None:
    run(merged.folder, "2016-11-09")
    merged.configure(allow_older="true")
    assert "newer" not in reset(merged).expect(0).out


def test_an_engine_that_is_away_does_not_prevent_it(merged: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    with in_use(merged.warehouse) as pid:
        answer = reset(merged).expect(0, "removed the markers")
    assert "main could not be asked for newer estimates: " in answer.err
    assert f"(pid {pid})" in answer.err
    assert merged.marked(DATE) == []


@pytest.mark.parametrize("loss", [f"DROP TABLE mnaas.{MAIN}", f"ALTER TABLE mnaas.{MAIN} DROP as_of_date"])
def test_a_main_that_cannot_be_asked_does_not_prevent_it(loss: str, merged: Place) -> None:
    merged.query(loss)
    reset(merged).expect(0, "removed the markers")


def test_a_warehouse_that_is_gone_does_not_prevent_it_and_is_not_made(merged: Place) -> None:
    merged.warehouse.unlink()
    assert reset(merged).expect(0, "removed the markers").err == ""
    assert not merged.warehouse.exists()


# --- the state folder ---------------------------------------------------------------------------------


def test_a_state_dir_that_can_be_no_folder_is_a_fault_of_the_configuration(place: Place) -> None:
    place.configure(state_dir="luigi.cfg/state")
    reset(place).explained(40, "[ciss] state_dir: the lock ", "Not a directory", "nothing was touched")


@pytest.fixture
def read_only(merged: Place) -> list[str]:
    """The head of a command that sees the state folder read-only (root may write in spite of mode bits)."""
    head = [shutil.which("unshare") or "unshare", "--mount", "sh", "-c"]
    mount = f"mount --bind {merged.state} {merged.state} && mount -o remount,ro,bind {merged.state}"
    try:
        if process(merged.folder, [*head, mount], environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).code:
            pytest.skip("mounting is not permitted here")
    except OSError:
        pytest.skip("there is no unshare here (Debian: util-linux)")
    return [*head, f'{mount} && exec "$@"', "sh"]


def test_a_read_only_state_dir_is_said_and_keeps_its_markers(merged: Place, read_only: list[str]) -> None:
    answer = process(merged.folder, [*read_only, str(CISS), "reset", "--date", DATE])
    answer.explained(40, "[ciss] state_dir: the lock ", "Read-only file system")
    assert len(merged.marked(DATE)) == 3


def test_a_read_only_state_dir_can_be_looked_at(merged: Place, read_only: list[str]) -> None:
    process(merged.folder, [*read_only, str(CISS), "status"]).expect(0, "1 date: 1 done")
    process(merged.folder, [*read_only, str(CISS), "verify", "--date", DATE]).expect(0)


def test_a_marker_that_cannot_be_removed_is_said(merged: Place) -> None:
    marker = merged.marker(DATE, "BuildTemp")
    marker.unlink()
    Path(marker, "in the way").mkdir(parents=True)
    answer = reset(merged).explained(1, f"a marker of {DATE} cannot be removed", "BuildTemp.json")
    assert "markers of later steps are gone" in answer.err
    assert merged.marked(DATE) == ["TruncateTemp", "BuildTemp"]


# --- several hosts ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lease_url() -> Iterator[str]:
    """The URL of a PostgreSQL of the tests' own."""
    with postgres() as running:
        yield running.url


@pytest.mark.server
def test_a_date_that_another_host_runs_is_refused(merged: Place, lease_url: str) -> None:
    merged.configure(lease_url=lease_url)
    here = site.load({}, merged.folder)
    assert here.leases is not None
    with here.leases.waited(here.settings.temp_target(RunDate.parse(DATE))):
        reset(merged).explained(1, f"{DATE} is being run by pid {os.getpid()} on ", "no marker was removed")
    assert len(merged.marked(DATE)) == 3


@pytest.mark.slow
@pytest.mark.server
def test_its_own_lease_is_free_again_afterwards(merged: Place, lease_url: str) -> None:
    merged.configure(lease_url=lease_url)
    for _ in range(2):
        ciss(merged.folder, "reset", "--date", DATE).expect(0)
    assert merged.marked(DATE) == []


def test_leases_that_cannot_be_asked_keep_the_markers(merged: Place) -> None:
    merged.configure(lease_url=f"postgresql://ciss@127.0.0.1:{free_port()}/postgres")
    reset(merged).explained(35, "the leases (lease_url) cannot be asked", "State: no marker was removed")
    assert len(merged.marked(DATE)) == 3
