"""Files are written whole or not at all."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ciss_luigi.state.files import remove, write_whole


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """The kernel refuses to let files grow beyond a size: a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_replaces_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file"
    write_whole(path, "old")
    write_whole(path, "new: é €")
    assert path.read_text(encoding="utf-8") == "new: é €"
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_older_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with files_at_most(1000), pytest.raises(OSError, match="File too large"):
        write_whole(path, "x" * 2000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("broken", ["fsync", "rename"])
def test_a_broken_disk_leaves_the_older_file_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Mocked: no disk here fails at the moment that the test wants."""

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    path = tmp_path / "file"
    write_whole(path, "old")
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_place_of_a_file_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(path, "new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_removal_says_whether_there_was_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    assert remove(path)
    assert not remove(path)
    assert not path.exists()
