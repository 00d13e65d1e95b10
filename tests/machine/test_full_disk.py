"""Disks that are full when a lock is signed, the ledger or a marker is written, or DuckDB commits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import Place, name_of
from tests.helpers import CISS, process
from tests.machine.around import DATE, explained, limited, needs_mounts, on_a_small_disk

PAGE = 4096
NO_GROWTH = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
"""


@needs_mounts
@pytest.mark.slow
@pytest.mark.parametrize(
    ("pages", "told"),
    [
        (2, ("locks/date-2016-11-10.lock", "nothing was touched", "first: 35")),
        (3, ("ledger/2016-11-10.jsonl", "main was not touched", "first: 30")),
        (5, ("markers/2016-11-10/BuildTemp.json", "main was not touched", "first: 30")),
        (6, ("locks/month-2016-11.lock", "every month in main is whole", "first: 30")),
    ],
)
def test_a_full_disk_under_the_state_folder_is_told_by_its_file_and_heals(
    place: Place, tmp_path: Path, undisturbed: list[Any], pages: int, told: tuple[str, ...]
) -> None:
    """A page each: ballast, the command's line, date's lock, ledger, two markers, the month's lock."""
    place.state.mkdir()
    ballast = tmp_path / "ballast"
    ballast.mkdir()
    (ballast / "ballast").write_text("x")
    finished = on_a_small_disk(place, place.state, pages * PAGE, holding=ballast)
    explained(finished, 0, "No space left on device", *told, "second: 0")
    assert place.main() == undisturbed


@needs_mounts
@pytest.mark.slow
@pytest.mark.parametrize(("free", "step"), [(0, "TruncateTemp"), (1, "MergeMain")])
def test_a_full_disk_under_duckdb_undoes_the_step_and_heals(
    place: Place, tmp_path: Path, undisturbed: list[Any], free: int, step: str
) -> None:
    """Its write-ahead log finds no room when the step commits."""
    disk, holding = place.folder / "disk", tmp_path / "holding"
    disk.mkdir()
    holding.mkdir()
    place.warehouse.rename(holding / "warehouse.duckdb")
    place.warehouse = disk / "warehouse.duckdb"
    place.configure(warehouse_url="duckdb:///disk/warehouse.duckdb")
    used = -(-(holding / "warehouse.duckdb").stat().st_size // PAGE)
    finished = on_a_small_disk(place, disk, (used + free) * PAGE, holding=holding)
    explained(finished, 0, f"{step} of {DATE}: DuckDB: ", "No space left on device", "first: 30", "second: 0")
    assert "Trying again" not in finished.text
    assert place.main() == undisturbed


@needs_mounts
@pytest.mark.slow
def test_a_load_onto_a_full_disk_keeps_nothing_and_says_so(place: Place) -> None:
    disk = place.folder / "disk"
    disk.mkdir()
    place.configure(warehouse_url="duckdb:///disk/warehouse.duckdb")
    full = (
        'mount -t tmpfs -o size=64k none "$0"; "$@"; echo "first: $?"; '
        'mount -o remount,size=64m "$0"; "$@"; echo "second: $?"'
    )
    how = ["unshare", "-m", "sh", "-c", full, str(disk), str(CISS), "load", "--sample"]
    answer = process(place.folder, how).expect(0, "first: 1", "second: 0")
    assert "No space left on device" in answer.err
    assert answer.err.index("State: nothing of this load was kept") < answer.err.index("Next:  ")


@pytest.mark.slow
def test_a_log_that_cannot_be_written_changes_neither_run_nor_exit_code(
    place: Place, undisturbed: list[Any]
) -> None:
    assert place.merge(DATE, before=limited("exec >/dev/full 2>&1")).code == 0
    assert place.main() == undisturbed
    place.query(f"UPDATE mnaas.{name_of('overage')} SET currency = 'XXX'")
    assert place.merge("2016-12-20", before=limited("exec >/dev/full 2>&1")).code == 30


@pytest.mark.slow
def test_a_file_that_may_not_grow_is_a_full_disk_too(place: Place, undisturbed: list[Any]) -> None:
    """Where nothing can be mounted: the kernel lets no file of the command grow beyond some bytes."""
    to_a_pipe = ("bash", "-o", "pipefail", "-c", '"$@" 2>&1 | cat', "bash")
    finished = place.merge(DATE, prelude=NO_GROWTH, before=to_a_pipe)
    explained(finished, 30, f"TruncateTemp of {DATE}", "File too large")
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed
