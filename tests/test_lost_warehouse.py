"""An embedded warehouse that is gone although markers speak of it: no second, empty one takes its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ciss_luigi.operator import load as loads
from ciss_luigi.operator import newwarehouse
from ciss_luigi.state.markers import Markers
from tests.command import Place, name_of
from tests.helpers import run, typed

DATE = "2016-11-05"


@pytest.fixture
def lost(place: Place) -> Place:
    """A site on which a date is merged, and whose warehouse is gone."""
    run(place.folder, DATE)
    place.warehouse.unlink()
    return place


@pytest.mark.slow
@pytest.mark.parametrize("task", ["MergeMain", "BuildTemp"])
@pytest.mark.parametrize("date", [DATE, "2016-11-06"])
def test_a_run_ends_with_35_and_makes_no_file(task: str, date: str, lost: Place) -> None:
    ended = lost.luigi(task, "--date", date, "--local-scheduler").explained(
        35, f"there is no duckdb {lost.warehouse}, in which {DATE} was built", "State: nothing was touched"
    )
    assert "ciss load DIR --new" in ended.text
    assert not lost.warehouse.exists()
    assert lost.marked(date) == (["TruncateTemp", "BuildTemp", "MergeMain"] if date == DATE else [])


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_range_ends_with_35(workers: str, lost: Place) -> None:
    lost.range(DATE, "2016-11-08", "--workers", workers).explained(35, "there is no duckdb")


@pytest.mark.slow
def test_a_warehouse_that_never_was_is_loaded_first(place: Place) -> None:
    place.warehouse.unlink()
    place.merge(DATE).explained(20, "ciss load DIR makes it")


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--from", DATE, "--to", DATE], ["plan", "--from", "2016-12-08", "--to", "2016-12-09"],
        ["check"], ["plan", "--date", DATE], ["plan", "--date", "2016-12-09"], ["init"], [],
        ["explain", "--date", DATE, "--org", "org-1"],
        ["report", "--month", DATE[:7], "--out", "report.html"],
        ["compare", "--date", DATE, "--with", "other"],
    ],
)  # fmt: skip
def test_the_other_verbs_say_so_too(arguments: list[str], lost: Place) -> None:
    answer = typed(lost.folder, *arguments).expect(35)
    assert f"there is no duckdb {lost.warehouse}, in which {DATE} was built" in answer.out + answer.err
    assert not lost.warehouse.exists()


@pytest.mark.slow
def test_an_empty_file_in_its_place_is_not_taken_for_it(lost: Place) -> None:
    import duckdb

    duckdb.connect(lost.warehouse).close()
    words = f"duckdb {lost.warehouse}, in which {DATE} was built, is empty"
    lost.merge(DATE).explained(35, words, "State: nothing was touched")
    typed(lost.folder, "status").expect(1, words)
    typed(lost.folder, "load", "--sample").explained(35, words, "ciss load --sample --new")
    typed(lost.folder, "load", "--sample", "--new").expect(0, "the markers of the warehouse")
    lost.merge(DATE).explained(0, f"{DATE} published in main")


@pytest.mark.slow
def test_a_journal_alone_is_not_taken_for_it_either(lost: Place) -> None:
    journal = lost.warehouse.with_name(f"{lost.warehouse.name}.wal")
    journal.write_bytes(b"what a killed program left")
    words = f"there is no duckdb {lost.warehouse}, in which {DATE} was built"
    lost.merge(DATE).explained(35, words)
    typed(lost.folder, "load", "--sample").explained(35, words)
    assert journal.exists()


def test_a_folder_in_its_place_is_named_before_any_marker_is_set_aside(lost: Place) -> None:
    lost.warehouse.mkdir()
    typed(lost.folder, "load", "--sample", "--new").explained(1, "is a folder, and the warehouse is a file")
    assert len(lost.marked(DATE)) == 3


def test_a_disk_that_is_mounted_during_the_load_wins(lost: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    old = b"the old warehouse" * 10_000

    def mounted(*given: object, load: Callable[..., object] = loads.load, **more: object) -> object:
        loaded = load(*given, **more)
        lost.warehouse.write_bytes(old)
        return loaded

    monkeypatch.setattr(loads, "load", mounted)
    typed(lost.folder, "load", "--sample", "--new").explained(1, "is there")
    assert lost.warehouse.read_bytes() == old
    assert len(lost.marked(DATE)) == 3
    assert [path.name for path in lost.folder.glob("warehouse*")] == [lost.warehouse.name]


def test_the_markers_come_back_if_the_new_file_cannot_take_its_place(
    lost: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".new-" in self.name:
            raise OSError(5, "Input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    assert typed(lost.folder, "load", "--sample", "--new").code != 0
    monkeypatch.undo()
    assert len(lost.marked(DATE)) == 3
    assert not list(lost.folder.glob("warehouse*"))


def test_what_a_killed_load_has_left_is_removed_by_the_next_one(lost: Place) -> None:
    left = lost.warehouse.with_name(f"{lost.warehouse.name}.new-4194305")
    left.write_bytes(b"half a warehouse")
    typed(lost.folder, "load", "--sample", "--new").expect(0)
    assert not left.exists()
    lost.merge(DATE).explained(0)


GONE = """
from ciss_luigi.scheduling import guard
from pathlib import Path
def hold(*given, hold=guard.holding, **more):
    Path("warehouse.duckdb").unlink(missing_ok=True)
    return hold(*given, **more)
guard.holding = hold
"""


@pytest.mark.slow
@pytest.mark.parametrize("date", [DATE, "2016-11-06"])
def test_a_disk_that_goes_away_before_a_step_is_not_replaced_by_an_empty_file(
    date: str, place: Place
) -> None:
    run(place.folder, DATE)
    if date == DATE:
        typed(place.folder, "reset", "--date", DATE, "--from-step", "build").expect(0)
    place.merge(date, prelude=GONE).explained(30, f"there is no duckdb {place.warehouse}")
    assert not place.warehouse.exists()


def test_status_shows_the_dates_and_says_it_too(lost: Place) -> None:
    for option in ((), ("--json",)):
        answer = typed(lost.folder, "status", "--from", DATE, "--to", DATE, *option)
        answer.explained(1, f"there is no duckdb {lost.warehouse}, in which {DATE} was built")
        assert "done" in answer.out


def test_a_load_wants_new_and_then_every_date_runs_again(lost: Place, tmp_path: Path) -> None:
    typed(lost.folder, "load", "--sample").explained(
        35, f"in which {DATE} was built", "if it is gone for good: ciss load --sample --new"
    )
    assert not lost.warehouse.exists()
    answer = typed(lost.folder, "load", "--sample", "--new").expect(0, "the markers of the warehouse")
    (aside,) = lost.state.glob("markers-before-*")
    assert str(aside) in answer.out
    assert (aside / DATE / "MergeMain.json").exists()
    assert lost.marked(DATE) == []
    assert lost.warehouse.exists()


@pytest.mark.parametrize("fault", ["no folder", "no file", "a bad file"])
def test_a_load_that_fails_sets_no_marker_aside(fault: str, lost: Place, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    if fault != "no folder":
        folder.mkdir()
    if fault == "a bad file":
        (folder / f"{name_of('rate')}.csv").write_text("cal_month\n2016-11\n")
    answer = typed(lost.folder, "load", str(folder), "--new").explained(1, str(folder))
    assert f"ciss load {folder} --new" in answer.err
    assert not list(lost.state.glob("markers-before-*"))
    assert len(lost.marked(DATE)) == 3
    assert not list(lost.folder.glob("warehouse*"))
    lost.merge(DATE).explained(35, "there is no duckdb")


@pytest.mark.parametrize(
    ("owner", "name"), [(Markers, "set_aside"), (newwarehouse, "sync_folder")], ids=["before", "after"]
)
def test_a_kill_leaves_no_new_file_beside_markers_that_count(
    owner: object, name: str, lost: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*given: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, killed)
        typed(lost.folder, "load", "--sample", "--new").expect(137)
    if name == "set_aside":
        assert not lost.warehouse.exists()
        assert len(lost.marked(DATE)) == 3
        typed(lost.folder, "load", "--sample", "--new").expect(0, "the markers of the warehouse")
    assert lost.marked(DATE) == []
    typed(lost.folder, "load", "--sample").expect(0)
    lost.merge(DATE).explained(0)


def test_new_is_refused_where_the_warehouse_is_there(place: Place) -> None:
    typed(place.folder, "load", "--sample", "--new").explained(1, "--new is for a warehouse that is gone")
    run(place.folder, DATE)
    typed(place.folder, "load", "--sample", "--new").explained(1, "Next:  ciss load --sample")
    assert len(place.marked(DATE)) == 3
