"""What the command makes of markers that are broken, foreign, or cannot be written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.command import MAIN, STEPS, Place, name_of

pytestmark = pytest.mark.slow

DATE = "2016-11-10"


needs_mounts = pytest.mark.usefixtures("mounts")

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
SMALL_DISK = (
    'mount -t tmpfs -o size=12k none "$0" && { "$@"; echo "first: $?"; ls -A "$0"/markers/*; '
    'mount -o remount,size=1m "$0"; "$@"; echo "second: $?"; }'
)


def mounted(how: str, folder: Path) -> tuple[str, ...]:
    """What goes before a command so that it sees a folder mounted in its own way."""
    return ("unshare", "-m", "sh", "-c", how, str(folder))


@pytest.fixture
def merged(place: Place) -> Place:
    """A site on which the date is done."""
    place.merge(DATE).explained(0)
    return place


@pytest.mark.parametrize("step", STEPS)
def test_a_broken_marker_costs_a_step_and_changes_nothing_in_main(merged: Place, step: str) -> None:
    before = merged.main()
    merged.marker(DATE, step).write_text("")
    finished = merged.merge(DATE).explained(0)
    assert merged.main() == before
    assert merged.marked(DATE) == (list(STEPS) if step == "MergeMain" else merged.marked(DATE))
    warned = f"{merged.marker(DATE, step)} is ignored" in finished.text
    assert warned == (step != "TruncateTemp")


@pytest.mark.parametrize("left_out", [[], ["2016-11"]], ids=["nothing", "all left out"])
@pytest.mark.parametrize("spoilt", [("BuildTemp",), ("MergeMain",), ("BuildTemp", "MergeMain")])
def test_a_marker_without_a_month_counts_as_absent(
    merged: Place, spoilt: tuple[str, ...], left_out: list[str]
) -> None:
    before = merged.main()
    merged.query(f"DELETE FROM mnaas.{MAIN}")
    if "MergeMain" not in spoilt:
        merged.marker(DATE, "MergeMain").unlink()
    for step in spoilt:
        values = {**merged.read_marker(DATE, step), "months": [], "superseded": [], "left_out": left_out}
        merged.marker(DATE, step).write_text(json.dumps(values))
    finished = merged.merge(DATE).explained(0, *(f"{step}.json is ignored" for step in spoilt))
    assert "complete() is still returning false" not in finished.text
    assert merged.main() == before
    assert all(merged.read_marker(DATE, step)["months"][0]["month"] == "2016-11" for step in STEPS[1:])


@pytest.mark.slow
def test_a_merge_that_rests_on_another_build_is_done_again(merged: Place) -> None:
    first = merged.read_marker(DATE, "MergeMain")["run_id"]
    for step in ("TruncateTemp", "BuildTemp"):
        merged.marker(DATE, step).unlink()
    merged.merge(DATE).explained(0, "Did not run any tasks")
    text = merged.marker(DATE, "MergeMain").read_text()
    merged.marker(DATE, "MergeMain").unlink()
    merged.merge(DATE).explained(0)
    second = merged.read_marker(DATE, "MergeMain")["run_id"]
    merged.marker(DATE, "MergeMain").write_text(text)
    merged.merge(DATE).explained(0, "merged 2016-11")
    assert first != second
    assert merged.read_marker(DATE, "MergeMain")["run_id"] == second


@pytest.mark.parametrize(("key", "value"), [("main_table", "other_main"), ("database", "other")])
def test_markers_of_another_table_or_database_do_not_count(merged: Place, key: str, value: str) -> None:
    merged.query("CREATE SCHEMA other")
    for role in ("billable", "overage", "service", "register", "rate", "mapping"):
        merged.query(f"CREATE TABLE other.{name_of(role)} AS FROM mnaas.{name_of(role)}")
    merged.configure(**{key: value})
    merged.merge(DATE).explained(0, "is ignored", "merged 2016-11")
    assert merged.read_marker(DATE, "MergeMain")[key] == value


def test_markers_of_another_warehouse_do_not_count(merged: Place) -> None:
    shutil.copy(merged.warehouse, merged.folder / "other.duckdb")
    merged.configure(warehouse_url="duckdb:///other.duckdb")
    merged.merge(DATE).explained(0, "is ignored: made for ", "merged 2016-11")


def test_markers_of_another_date_do_not_count(merged: Place) -> None:
    shutil.copytree(merged.marker(DATE, "MergeMain").parent, merged.marker("2016-11-12", "MergeMain").parent)
    merged.merge("2016-11-12").explained(0, "is ignored: date: made for ", "merged 2016-11")


@pytest.mark.slow
def test_a_folder_in_the_place_of_a_marker_fails_the_step_and_names_it(place: Place) -> None:
    place.marker(DATE, "BuildTemp").mkdir(parents=True)
    finished = place.merge(DATE)
    finished.explained(
        30, str(place.marker(DATE, "BuildTemp")), "State: main was not touched", "Next:  remove what"
    )
    place.marker(DATE, "BuildTemp").rmdir()
    place.merge(DATE).explained(0)


@needs_mounts
def test_a_read_only_state_dir_is_a_refusal_and_no_concern_of_a_date_that_is_done(merged: Place) -> None:
    before = mounted(READ_ONLY, merged.state)
    merged.merge(DATE, before=before).explained(0, "Did not run any tasks")
    for date in ("2016-11-11", "2016-12-11"):
        merged.merge(date, before=before).explained(40, "Read-only file system", "nothing was touched")
    merged.range("2016-11-11", "2016-11-12", before=before).explained(40, "Read-only file system")


@pytest.mark.slow
@needs_mounts
def test_a_full_disk_leaves_no_half_marker_and_the_next_run_goes_on(place: Place) -> None:
    place.state.mkdir()
    finished = place.merge(DATE, before=mounted(SMALL_DISK, place.state))
    finished.explained(0, "No space left on device", "first: 30", "second: 0", "merged 2016-11: 6 rows")
    between = finished.text.partition("first: 30")[2].split("INFO")[0].split()
    assert between in ([], ["TruncateTemp.json"])
