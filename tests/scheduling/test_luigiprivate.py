"""A Luigi that lacks what the job uses of its private parts is named in words, before it fails at night."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import luigi.worker
import pytest

import ciss_luigi
from ciss_luigi.scheduling import luigiprivate

ROOM = Path(ciss_luigi.__file__).parent


def test_this_luigi_has_all_of_it() -> None:
    assert luigiprivate.missing() == []


def test_a_luigi_without_a_part_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(luigi.worker.Worker, "_purge_children")
    (words,) = luigiprivate.missing()
    assert f"Luigi {luigi.__version__} has no Worker._purge_children" in words
    assert "the look for dead workers" in words


def test_no_other_room_reaches_into_luigi() -> None:
    """Of Luigi's objects; ``PatientWorker`` overrides three methods of its parent, which are listed too."""
    reaching = re.compile(r"(luigi\.[\w.]*\._\w+|parameter\._\w+|worker\._\w+)")
    found = {
        (path.name, match)
        for path in ROOM.rglob("*.py")
        if path.name != "luigiprivate.py"
        for match in reaching.findall(path.read_text())
    }
    assert found == set()


def test_a_luigi_that_says_it_otherwise_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    read = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda of: read(of).replace("Unfulfilled", "Undone"))
    (words,) = luigiprivate.missing()
    assert "luigi.worker of Luigi" in words
    assert "which shows us an upstream that is not done" in words
