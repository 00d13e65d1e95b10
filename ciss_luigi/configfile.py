"""Which file holds ``[ciss]``: the files that Luigi reads, read raw.

Luigi's own parser fills in ``${NAME}`` as text and takes ``%`` as a sign; a password must survive both,
so the ``[ciss*]`` sections are read here without interpolation.
"""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.settingkeys import KEYS, SECTION

Sections = dict[str, dict[str, str]]
KNOWN_SECTIONS = (SECTION,)


@dataclass(frozen=True)
class ConfigFile:
    """The one file that holds ``[ciss]``, with its ``[ciss*]`` sections."""

    path: Path
    sections: Sections
    faults: tuple[Fault, ...] = ()
    """``[ciss...]`` sections that nobody knows, in any of the files."""


def luigi_paths(environment: Mapping[str, str], folder: Path) -> list[Path]:
    """The files that Luigi reads, in its order."""
    ending = "toml" if environment.get("LUIGI_CONFIG_PARSER") == "toml" else "cfg"
    names = ["/etc/luigi/luigi.toml", "luigi.toml"]
    if ending == "cfg":
        names = ["/etc/luigi/client.cfg", "/etc/luigi/luigi.cfg", "client.cfg", "luigi.cfg"]
    named = environment.get("LUIGI_CONFIG_PATH")
    return [Path(folder, name) for name in [*names, *([named] if named else [])]]


def find(environment: Mapping[str, str], folder: Path) -> ConfigFile:
    """The file with the ``[ciss]`` section.

    Raises ConfigurationError when LUIGI_CONFIG_PATH names a missing file, or when no file or more than one
    has the section; it lists the files looked at.
    """
    paths = luigi_paths(environment, folder)
    looked = "; looked at: " + ", ".join(map(str, paths))
    named = environment.get("LUIGI_CONFIG_PATH")
    if named and not Path(folder, named).is_file():
        raise ConfigurationError(f"LUIGI_CONFIG_PATH names a missing file: {named}{looked}")
    files = {path.resolve(): ConfigFile(path.absolute(), read(path)) for path in paths if path.is_file()}
    holders = [file for file in files.values() if SECTION in file.sections]
    if not holders:
        raise ConfigurationError(f"no file has a [{SECTION}] section{looked}")
    if len(holders) > 1:
        both = " and ".join(str(file.path) for file in holders)
        raise ConfigurationError(f"more than one file has a [{SECTION}] section: {both}{looked}")
    return replace(holders[0], faults=tuple(_unknown(files.values())))


def _unknown(files: Iterable[ConfigFile]) -> Iterator[Fault]:
    for file in files:
        for name in file.sections:
            if name not in KNOWN_SECTIONS:
                yield Fault(name, "", f"unknown section in {file.path}{_nearest(name)}", f"[{SECTION}]")


def _nearest(name: str) -> str:
    near = get_close_matches(name, KNOWN_SECTIONS, 1)
    return f"; did you mean [{near[0]}]?" if near else ""


def read(path: Path) -> Sections:
    """The ``[ciss*]`` sections of one file; raises ConfigurationError when no parser can read it."""
    try:
        if path.suffix == ".toml":
            with path.open("rb") as file:
                return _from_toml(tomllib.load(file))
        return _from_cfg(path.read_text(encoding="utf-8"), path)
    except (OSError, ValueError, RecursionError, configparser.Error) as error:
        raise ConfigurationError(f"{path} cannot be read: {_what(error)}") from None


def _what(error: Exception) -> str:
    """What is wrong, without the line itself: a password may stand in it."""
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"line {error.lineno} stands before the first section"
    if isinstance(error, configparser.ParsingError):
        lines = ", ".join(str(number) for number, _ in error.errors)
        return f"line {lines} is neither a section, a key with a value, nor a comment"
    return str(error)


def _from_cfg(text: str, path: Path) -> Sections:
    parser = configparser.RawConfigParser(default_section="")  # so that [DEFAULT] is told apart
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text, str(path))
    sections = {name: dict(parser.items(name)) for name in parser.sections() if name.startswith(SECTION)}
    if SECTION in sections and parser.has_section(configparser.DEFAULTSECT):
        known = {key.name for key in KEYS}
        inherited = {key: value for key, value in parser.items(configparser.DEFAULTSECT) if key in known}
        sections[SECTION] = {**inherited, **sections[SECTION]}
    return sections


def _from_toml(document: Mapping[str, Any]) -> Sections:
    return {
        name: {key: _as_text(value) for key, value in section.items()}
        for name, section in document.items()
        if name.startswith(SECTION) and isinstance(section, dict)
    }


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return json.dumps(value, default=str)
