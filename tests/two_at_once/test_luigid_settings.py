"""What docs/operations.md says of luigid's own settings, on a real luigid."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command import LUIGID, STEPS, Luigid, Place, free_port, luigid, wait_until
from tests.helpers import ciss
from tests.two_at_once.test_luigid import FAILING
from tests.two_at_once.watching import Hold

pytestmark = pytest.mark.slow

DATE = "2016-11-10"
FAILS = FAILING.format(step="BuildTemp")


def listening_on(port: int) -> set[str]:
    """The addresses that somebody listens on at a port, as the kernel writes them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    local = [fields[1].split(":") for fields in lines if fields[3] == "0A"]
    return {address for address, number in local if int(number, 16) == port}


def test_by_its_address_only_this_machine_can_reach_it(daemon: Luigid) -> None:
    assert listening_on(daemon.port) == {"0100007F"}


def test_its_state_is_written_on_a_clean_stop_only(place: Place, tmp_path: Path) -> None:
    state = tmp_path / "luigid.pickle"
    with luigid(tmp_path / "luigid", state_path=state) as daemon:
        place.merge(DATE, *daemon.options).explained(0)
        daemon.kill()
        assert not state.exists()
        daemon.start()
        place.merge("2016-11-11", *daemon.options).explained(0)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(20)
        assert state.exists()
        daemon.start()
        known = daemon.call("task_list", status="", upstream_status="")
    assert any("2016_11_11" in name for name in known)
    assert not any("2016_11_10" in name for name in known)


# with 1 s luigid may forget the dead worker between two answers to the same command: that one ends with 25
@pytest.mark.parametrize(("delay", "codes"), [(600, {10}), (1, {0, 10, 25})])
def test_a_killed_run_is_remembered_for_worker_disconnect_delay(
    place: Place, tmp_path: Path, delay: int, codes: set[int]
) -> None:
    at_once = {"worker_disconnect_delay": delay, "prune_on_get_work": "true"}  # else once a minute
    with luigid(tmp_path / "luigid", **at_once) as daemon:
        hold = Hold(place, "BuildTemp")
        running = place.merging(DATE, *daemon.options, **hold.how)
        hold.wait(running)
        running.send_group(signal.SIGKILL)
        running.finish()
        again = place.merge(DATE, *daemon.options)
        assert again.code in codes
        assert (", after two minutes at most" in again.text) == (again.code == 10)
        if 0 in codes:
            wait_until(lambda: place.merge(DATE, *daemon.options).code == 0)
            assert place.marked(DATE) == list(STEPS)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_range_is_remembered_too(place: Place, daemon: Luigid, workers: str) -> None:
    bounds = "2016-11-09", "2016-11-12"
    hold = Hold(place, "BuildTemp")
    running = place.ranging(*bounds, "--workers", workers, *daemon.options, **hold.how)
    hold.wait(running)
    running.send_group(signal.SIGKILL)
    running.finish()

    again = place.range(*bounds, "--workers", workers, *daemon.options)

    again.explained(10, ", after two minutes at most")
    place.range(*bounds, "--workers", workers, "--local-scheduler").explained(0)
    assert all(place.marked(f"2016-11-{day:02d}") == list(STEPS) for day in (9, 10, 11))


def test_a_luigid_that_is_away_is_given_up_before_it_would_forget_a_worker(place: Place) -> None:
    place.config.write_text("[ciss]\nwarehouse_url = duckdb:///warehouse.duckdb\nstate_dir = state\n")
    began = time.monotonic()
    finished = place.merge(DATE, "--scheduler-port", str(free_port()))
    finished.explained(40, "luigid does not answer", "Wait for 2 seconds")
    assert "Wait for 30 seconds" not in finished.text
    assert 4 <= time.monotonic() - began < 60


@pytest.mark.parametrize(("seconds", "code"), [(10, 25), (0, 0)])
def test_a_step_that_has_just_ended_is_done_again_after_the_cooldown(
    place: Place, tmp_path: Path, seconds: int, code: int
) -> None:
    with luigid(tmp_path / "luigid", stable_done_cooldown_secs=seconds) as daemon:
        place.merge(DATE, *daemon.options).explained(0)
        ciss(place.folder, "reset", "--date", DATE).expect(0)
        at_once = place.merge(DATE, *daemon.options).explained(code)
        assert (", after 10 s" in at_once.text) == (code == 25)
        wait_until(lambda: place.merge(DATE, *daemon.options).code == 0)
        assert place.marked(DATE) == list(STEPS)


def test_retry_count_would_disable_a_date_that_failed(place: Place, tmp_path: Path) -> None:
    with luigid(tmp_path / "luigid", retry_count=1) as daemon:
        place.merge(DATE, *daemon.options, prelude=FAILS).explained(30, "it broke")
        again = place.merge(DATE, *daemon.options)
        assert again.code != 0
        assert "MergeMain" not in place.marked(DATE)
    with luigid(tmp_path / "without") as daemon:
        place.merge(DATE, *daemon.options, prelude=FAILS).explained(30, "it broke")
        place.merge(DATE, *daemon.options).explained(0)


def test_record_task_history_would_not_let_it_start(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[scheduler]\nrecord_task_history = true\n")
    started = subprocess.run(
        [str(LUIGID), "--port", str(free_port()), "--address", "127.0.0.1"],
        cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, timeout=60,
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert started.returncode != 0
    assert "Error" in started.stderr
