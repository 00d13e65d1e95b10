"""Where ``ciss report`` and ``ciss compare`` may write, and what they never replace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.command import MAIN, Place
from tests.helpers import Answer, typed

pytestmark = pytest.mark.whole

DATE = "2016-11-22"


@pytest.fixture
def merged(place: Place) -> Place:
    """A site whose main holds a month, and another table that differs in a row."""
    place.merge(DATE).explained(0)
    place.query(f"CREATE TABLE mnaas.other AS SELECT * FROM mnaas.{MAIN} LIMIT 1")
    return place


def write(place: Place, verb: str, file: object) -> Answer:
    if verb == "report":
        return typed(place.folder, "report", "--month", "2016-11", "--out", str(file))
    return typed(place.folder, "compare", "--date", DATE, "--with", "other", "--html", str(file))


@pytest.mark.parametrize("verb", ["report", "compare"])
@pytest.mark.parametrize(
    "what", ["warehouse.duckdb", "warehouse.duckdb.wal", "luigi.cfg", "state/ledger/answer.html", "job.log"]
)
def test_what_belongs_to_the_site_is_not_replaced(merged: Place, verb: str, what: str) -> None:
    merged.configure("[ciss_log]\nfile = job.log")
    before = {path: path.read_bytes() for path in (merged.warehouse, merged.config)}

    write(merged, verb, merged.folder / what).explained(1, "belongs to this site and must not be replaced")

    assert {path: path.read_bytes() for path in before} == before
    assert not list(merged.state.glob("*/answer.html"))


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_an_earlier_answer_is_replaced_also_beside_the_folders_of_the_state(merged: Place, verb: str) -> None:
    page = merged.state / "answer.html"
    for _ in range(2):
        write(merged, verb, page)
        assert page.read_text().startswith("<!")
        page.write_text("an earlier answer")


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_a_pipe_is_refused_and_neither_replaced_nor_waited_for(merged: Place, verb: str) -> None:
    pipe = merged.folder / "pipe"
    os.mkfifo(pipe)
    write(merged, verb, pipe).explained(1, f"{pipe} is not a plain file")
    assert pipe.is_fifo()


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_a_folder_that_is_missing_is_named_and_not_made(merged: Place, verb: str) -> None:
    write(merged, verb, merged.folder / "gone" / "a.html").explained(1, "there is no folder")
    assert not (merged.folder / "gone").exists()


@pytest.mark.parametrize("verb", ["report", "compare"])
def test_a_link_stays_a_link(merged: Place, tmp_path: Path, verb: str) -> None:
    real, link = tmp_path / "real.html", merged.folder / "link.html"
    link.symlink_to(real)
    write(merged, verb, link)
    assert link.is_symlink()
    assert real.read_text().startswith("<!")


def test_drift_is_told_although_the_page_cannot_be_written(
    merged: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("ciss_luigi.cli.compare._tell", lambda *of: told.append("told"))
    monkeypatch.setattr("ciss_luigi.operator.comparetell.require_channel", lambda here: None)

    def full(*of: object, **how: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ciss_luigi.operator.answerfile.write_whole", full)
    arguments = ("compare", "--date", DATE, "--with", "other", "--html", "page.html", "--tell")
    answer = typed(merged.folder, *arguments).explained(1, "cannot be written: No space left on device")
    assert told == ["told"]
    assert "only in" in answer.out
