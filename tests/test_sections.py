"""The ``[ciss_*]`` sections beside ``[ciss]``: each is a table of keys, and all faults are said at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.config import file, sections, settings
from ciss_luigi.config.reading import Context, Key, whole
from ciss_luigi.config.sections import Section
from ciss_luigi.errors import ConfigurationError


@dataclass(frozen=True)
class Made:
    """What a section's values are put together to."""

    many: int
    words: str


def _text(text: str, _: Context) -> str:
    return text


MADE = Section(
    "ciss_made", (Key("many", "3", whole(1, 9), "3"), Key("words", "", _text, "a", lines=True)), Made
)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section that no real one resembles."""
    monkeypatch.setattr(settings, "OTHERS", (*sections.OTHERS, MADE))
    monkeypatch.setattr(file, "SECTIONS", (*sections.SECTIONS, MADE))
    monkeypatch.setattr(file, "KNOWN_SECTIONS", (*file.KNOWN_SECTIONS, "ciss_made"))


def made(folder: Path, text: str) -> object:
    (folder / "luigi.cfg").write_text(text)
    return site.load({}, folder).settings.others["ciss_made"]


def test_a_section_that_is_not_there_has_its_defaults(tmp_path: Path) -> None:
    assert made(tmp_path, "[ciss]\n") == Made(3, "")


def test_a_section_has_its_values_and_those_of_the_default_section(tmp_path: Path) -> None:
    text = "[DEFAULT]\nmany = 5\nretries = 2\n[ciss]\n[ciss_made]\nwords = a\n b\n"
    assert made(tmp_path, text) == Made(5, "a\nb")


def test_the_faults_of_all_sections_are_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text(
        "[ciss]\nretrys = 3\n[ciss_made]\nmanny = 4\nmany = 0\nwords = a\n b # why\n[ciss_maid]\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        site.load({}, tmp_path)
    faults = [str(fault) for fault in caught.value.faults]
    assert any("[ciss] retrys: unknown key; did you mean retries?" in text for text in faults), faults
    assert any("[ciss_made] manny: unknown key; did you mean many?" in text for text in faults), faults
    assert any("[ciss_made] many: '0' is not a whole number" in text for text in faults), faults
    assert any("[ciss_made] words: a comment needs a line of its own" in text for text in faults), faults
    assert any("[ciss_maid]: unknown section" in text and "[ciss_made]" in text for text in faults), faults
    assert len(faults) == 5
