"""The rooms of the package: ``setup.cfg`` has them for import-linter, docs/architecture.md draws them."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

TOP = Path(__file__).parents[1]
PACKAGE = TOP / "ciss_luigi"

Floors = list[set[str]]


def contract(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser()
    parser.read(TOP / "setup.cfg", encoding="utf-8")
    return parser[f"importlinter:contract:{name}"]


def floors() -> Floors:
    """The floors that import-linter holds, from the top."""
    lines = contract("floors")["layers"].split("\n")
    return [{name.strip() for name in line.split("|")} for line in lines if line.strip()]


def drawn(page: str) -> Floors:
    """The floors of the drawing, from the top; a line that begins with ``|`` belongs to the one above it."""
    found: Floors = []
    drawing = page.partition("## Rooms")[2].partition("\n## ")[0]
    for line in re.findall(r"^    (\S.*)$", drawing, re.MULTILINE):
        names = {name.strip() for name in re.split(r" {2,}", line)[0].split("|") if name.strip()}
        if line.startswith("|"):
            found[-1] |= names
        else:
            found.append(names)
    return found


def in_the_drawing(name: str) -> str:
    """A room as the drawing writes it."""
    return f"{name}/" if (PACKAGE / name).is_dir() else f"{name}.py"


def rooms() -> set[str]:
    """All rooms of the package; ``__init__`` and ``__main__`` only begin it."""
    inside = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    return inside | {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}


def test_the_page_draws_the_floors_that_import_linter_holds() -> None:
    page = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    held = [{in_the_drawing(name) for name in floor} for floor in floors()]

    assert len(held) > 15
    assert drawn(page) == held


def test_each_room_has_its_floor() -> None:
    named = [name for floor in floors() for name in floor]

    assert len(named) == len(set(named))
    assert set(named) == rooms()


def test_every_room_but_three_may_not_know_a_driver() -> None:
    listed = contract("drivers")["source_modules"].split()

    assert len(listed) == len(set(listed))
    assert set(listed) == {f"ciss_luigi.{room}" for room in rooms() - {"engines", "locking", "loading"}}
