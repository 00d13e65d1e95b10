"""Which file holds ``[ciss]``: the files that Luigi reads, read raw.

Luigi's own parser replaces ``${NAME}`` by text and gives ``%`` a meaning. A password must survive both, so
the file is read here without interpolation.
"""

from __future__ import annotations

import configparser
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ciss_luigi import commands
from ciss_luigi.config.keys import SECTION
from ciss_luigi.config.sections import SECTIONS
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.plainfile import OddFile, read_plain, require_plain

Sections = dict[str, dict[str, str]]
KNOWN_SECTIONS = tuple(section.name for section in SECTIONS)


@dataclass(frozen=True)
class ConfigFile:
    """The one file that holds ``[ciss]``, with its ``[ciss*]`` sections.

    ``path`` is the file itself, without links and ``..``: two ways to one file must not mean two sets of
    markers.
    """

    path: Path
    sections: Sections
    faults: tuple[Fault, ...] = ()
    """The ``[ciss...]`` sections that the job does not know, in any of the files."""


def luigi_paths(environment: Mapping[str, str], folder: Path) -> list[Path]:
    """The files that Luigi reads, in its order."""
    ending = "toml" if environment.get("LUIGI_CONFIG_PARSER") == "toml" else "cfg"
    names = ["/etc/luigi/luigi.toml", "luigi.toml"]
    if ending == "cfg":
        names = ["/etc/luigi/client.cfg", "/etc/luigi/luigi.cfg", "client.cfg", "luigi.cfg"]
    named = environment.get("LUIGI_CONFIG_PATH")
    return [Path(folder, name) for name in [*names, *([named] if named else [])]]


def is_there(path: Path) -> bool:
    """Whether a file is there; raises ConfigurationError if this user may not look."""
    try:
        return path.is_file()
    except OSError as error:  # a folder above it that this user may not enter, or a name that is too long
        raise ConfigurationError(
            f"{path} cannot be looked at: {error.strerror}",
            next_command="run as the user who owns it, or let this one enter its folder, "
            f"then: {commands.check()}",
        ) from None


def refuse_odd(environment: Mapping[str, str], folder: Path) -> None:
    """Raise ConfigurationError for a path that Luigi would wait for, or read into memory for minutes.

    Nothing is opened. A folder in a file's place is no concern: Luigi passes it over.
    """
    for path in luigi_paths(environment, folder):
        with suppress(OSError):  # what is absent or may not be looked at is told elsewhere
            if not path.is_dir():
                _require_plain(path)


def _require_plain(path: Path) -> None:
    try:
        require_plain(path)
    except OddFile as error:
        raise ConfigurationError(
            f"{path} {error.strerror}, and Luigi would read it all the same",
            next_command=f"move it away, or put a plain file in its place, then: {commands.check()}",
        ) from None


def find(environment: Mapping[str, str], folder: Path) -> ConfigFile:
    """The file with the ``[ciss]`` section.

    Raises ConfigurationError if LUIGI_CONFIG_PATH names a missing file, or if no file or more than one has
    the section; it lists the files that were looked at.
    """
    paths = luigi_paths(environment, folder)
    looked = "; looked at: " + ", ".join(map(str, paths))
    named = environment.get("LUIGI_CONFIG_PATH")
    if named and os.path.isdir(Path(folder, named)):
        raise ConfigurationError(
            f"LUIGI_CONFIG_PATH names a folder: {named}{looked}",
            next_command=f"set LUIGI_CONFIG_PATH to a file, or unset it, then: {commands.check()}",
        )
    if named and not is_there(Path(folder, named)):
        raise ConfigurationError(
            f"LUIGI_CONFIG_PATH names a missing file: {named}{looked}",
            next_command="set LUIGI_CONFIG_PATH to a file that is there, or unset it, "
            f"then: {commands.check()}",
        )
    if named and (named.endswith(".toml")) != (environment.get("LUIGI_CONFIG_PARSER") == "toml"):
        raise _not_read_by_luigi(named)
    # by what a link leads to: one file under two of Luigi's names is no second section
    files = {path.resolve(): read(path) for path in paths if is_there(path)}
    holders = [path for path, sections in files.items() if SECTION in sections]
    if not holders:
        _refuse_folder(paths[-1], looked)
        toml = _toml_that_was_meant(environment, folder)
        raise _no_section(files, looked, _what_to_do(paths[-1], folder, toml))
    if len(holders) > 1:
        raise ConfigurationError(
            f"more than one file has a [{SECTION}] section: {' and '.join(map(str, holders))}{looked}",
            next_command=f"remove the section from all but one, then: {commands.check()}",
        )
    return ConfigFile(holders[0], _ours(files[holders[0]]), tuple(_unknown(files)))


def _refuse_folder(path: Path, looked: str) -> None:
    """Raise ConfigurationError for a folder in the place of the file that would have the section."""
    if os.path.isdir(path):  # False for what this user may not see
        shown, away = (shlex.quote(text) for text in (str(path), f"{path}.folder"))
        command = f"mv {shown} {away} && printf '[{SECTION}]\\n' > {shown} && {commands.check()}"
        raise ConfigurationError(
            f"{path} is a folder, and not a file with a [{SECTION}] section{looked}",
            next_command=f"put a file in its place: {command}",
        )


def _not_read_by_luigi(named: str) -> ConfigurationError:
    """The error for a file of the other format, which Luigi ignores with all its sections."""
    if named.endswith(".toml"):
        following = "export LUIGI_CONFIG_PARSER=toml (and pip install toml)"
    else:
        following = "unset LUIGI_CONFIG_PARSER, or name a file that ends with .toml"
    return ConfigurationError(
        f"LUIGI_CONFIG_PATH names {named}, which Luigi ignores: LUIGI_CONFIG_PARSER says otherwise",
        next_command=f"{following}, then: {commands.check()}",
    )


def _no_section(files: Mapping[Path, Sections], looked: str, command: str) -> ConfigurationError:
    """The error, with the section that was probably meant, if there is one."""
    for path, sections in files.items():
        for name in sections:
            if name.startswith(SECTION) or get_close_matches(name.strip().lower(), KNOWN_SECTIONS, 1):
                return ConfigurationError(
                    f"no file has a [{SECTION}] section, but {path} has [{name}]{looked}",
                    next_command=f"write [{SECTION}] for [{name}] there, then: {commands.check()}",
                )
    return ConfigurationError(f"no file has a [{SECTION}] section{looked}", next_command=command)


def _what_to_do(path: Path, folder: Path, toml: Path | None) -> str:
    """What to type: first the folder or variable that was meant; last a new file, which means new markers."""
    if toml is not None:
        return f"export LUIGI_CONFIG_PARSER=toml, as {toml} has [{SECTION}] (and pip install toml)"
    return (
        "cd to the folder of your luigi.cfg, or export LUIGI_CONFIG_PATH=/path/to/luigi.cfg, then the same "
        f"command; only for a new installation, here: {_command_to_make_one(path, folder)}"
    )


def _toml_that_was_meant(environment: Mapping[str, str], folder: Path) -> Path | None:
    """A luigi.toml with the section, if Luigi was not told to read that format."""
    path = folder / "luigi.toml"
    if environment.get("LUIGI_CONFIG_PARSER") == "toml" or not is_there(path):
        return None
    return path if SECTION in read(path) else None


def _command_to_make_one(path: Path, folder: Path) -> str:
    """What to type for a section with only defaults; a file that is there keeps its content."""
    shown = shlex.quote(path.name if path.parent == folder else str(path))
    if path.exists():
        return f"printf '\\n[{SECTION}]\\n' >> {shown} && {commands.check()}"
    return f"printf '[{SECTION}]\\n' > {shown} && {commands.check()}"


def _ours(sections: Sections) -> Sections:
    return {name: values for name, values in sections.items() if name.startswith(SECTION)}


def _unknown(files: Mapping[Path, Sections]) -> Iterator[Fault]:
    for path, sections in files.items():
        for name in _ours(sections):
            if name not in KNOWN_SECTIONS:
                yield Fault(name, "", f"unknown section in {path}{_nearest(name)}", f"[{SECTION}]")


def _nearest(name: str) -> str:
    near = get_close_matches(name, KNOWN_SECTIONS, 1)
    return f"; did you mean [{near[0]}]?" if near else ""


def read(path: Path) -> Sections:
    """All sections of one file; raises ConfigurationError if no parser can read it."""
    try:
        if path.suffix == ".toml":
            import tomllib  # most sites have no such file

            return _from_toml(tomllib.loads(read_plain(path)))
        text = read_plain(path)
        if text.startswith("\ufeff"):
            raise ValueError("it begins with a byte order mark (BOM): save it as UTF-8 without one")
        return _from_cfg(text, path)
    except (OSError, ValueError, RecursionError, configparser.Error) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {_what(error)}",
            next_command=f"correct that file, then: {commands.check()}",
        ) from None


def _what(error: Exception) -> str:
    """What is wrong, without the line itself: a password may be in it."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 text (byte {error.start + 1:,}): save it as UTF-8"
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"line {error.lineno} comes before the first section"
    if isinstance(error, configparser.ParsingError):
        lines = ", ".join(str(number) for number, _ in error.errors)
        return f"line {lines} is neither a section, a key with a value, nor a comment"
    return str(error)


def _from_cfg(text: str, path: Path) -> Sections:
    parser = configparser.RawConfigParser(default_section="")  # so that [DEFAULT] is a section like any other
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text, str(path))
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    if parser.has_section(configparser.DEFAULTSECT):
        _inherit(sections, dict(parser.items(configparser.DEFAULTSECT)))
    return sections


def _inherit(sections: Sections, defaults: Mapping[str, str]) -> None:
    """Give our sections the values of ``[DEFAULT]`` for the keys that they have.

    Its other keys are meant for Luigi's sections; in ours each would be an unknown key.
    """
    for section in SECTIONS:
        if section.name in sections:
            known = {key.name for key in section.keys}
            inherited = {key: value for key, value in defaults.items() if key in known}
            sections[section.name] = {**inherited, **sections[section.name]}


def _from_toml(document: Mapping[str, Any]) -> Sections:
    return {
        name: {key: _as_text(value) for key, value in section.items()}
        for name, section in document.items()
        if isinstance(section, dict)
    }


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    # as JSON: its true and false are those of a .cfg, and a table is the object that connect_args want
    return json.dumps(value, default=str)
