"""Making a ``luigi.cfg`` of the old job's properties; the rules are in ``docs/migration.md``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ciss_luigi.errors import Refused
from ciss_luigi.migration import newfile, oldnames, propertiesfile
from ciss_luigi.migration.newfile import NewFile
from ciss_luigi.migration.oldnames import Roles
from ciss_luigi.migration.properties import Properties, Variable
from ciss_luigi.migration.shelltext import DATED

HIDDEN = "***"


@dataclass(frozen=True)
class Imported:
    """What was read, and what it became."""

    rows: tuple[tuple[str, str, str], ...]
    """Variable, value (secrets hidden), what it became or why it is not needed."""
    not_understood: tuple[str, ...]
    notes: tuple[str, ...]
    exports: Mapping[str, str]
    """The secrets that the new file names, each with the place where its value is."""
    written: bool

    @property
    def is_clear(self) -> bool:
        """Whether everything was understood."""
        return self.written and not self.not_understood


def import_properties(file: Path, out: Path) -> Imported:
    """Read the properties and write the new file; raises Refused or ConfigurationError."""
    if os.path.lexists(out):
        raise Refused(
            f"{out} is there already, and an existing file is never overwritten",
            state="nothing was written",
            next_command="the same command with --out and another name",
        )
    found = propertiesfile.read(file)
    roles = oldnames.assign(found.variables)
    made = newfile.make(roles.by_role)
    unclear = [*map(str, found.not_understood), *made.refused, *_unclear(roles)]
    written = len(roles.jobs) <= 1
    if written:
        _write(out, made.text)
    return Imported(
        tuple(_row(one, found, roles, made) for one in found.variables.values()),
        tuple(unclear),
        tuple(map(str, found.notes)),
        {name: f"{one.file}, line {one.line}" for name, one in made.exports.items()} if written else {},
        written,
    )


def _write(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refused(
            f"{out} cannot be written: {error.strerror}",
            state="nothing was written",
            next_command="the same command with --out and another name",
        ) from None


def _unclear(roles: Roles) -> list[str]:
    found = [
        f"{', '.join(names)} could each be the {role.replace('_', ' ')}; none is named after the job"
        for role, names in roles.several.items()
    ]
    if len(roles.jobs) > 1:
        return [f"the properties are about several jobs: {', '.join(roles.jobs)}"]
    if not roles.jobs:
        found.append("no variable says which job this is: none ends with _tblname or _classname")
    return found


def _row(one: Variable, found: Properties, roles: Roles, made: NewFile) -> tuple[str, str, str]:
    value = HIDDEN if one.secret else DATED.sub(r"$(date +\1)", one.value)
    became = made.became.get(one.name) or roles.not_needed.get(one.name, "")
    if one.name in found.used and not made.became.get(one.name):
        became = "part of other values"
    return one.name, value, became or "not understood, see below"
