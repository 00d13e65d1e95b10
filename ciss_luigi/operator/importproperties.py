"""Making a ``luigi.cfg`` of the old job's properties; the rules are in ``docs/migration.md``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ciss_luigi.config import crosschecks, legacy
from ciss_luigi.config import file as configfile
from ciss_luigi.config.reading import Context
from ciss_luigi.config.sections import CISS, SECTIONS
from ciss_luigi.config.tellingkeys import LOG, mail_address
from ciss_luigi.counting import counted
from ciss_luigi.errors import CissError, Fault, Refused
from ciss_luigi.migration import newfile, oldnames, propertiesfile
from ciss_luigi.migration.newfile import NewFile
from ciss_luigi.migration.oldnames import Roles
from ciss_luigi.migration.properties import Properties, Remark, Variable
from ciss_luigi.migration.shelltext import DATED
from ciss_luigi.plaintext import shortened

HIDDEN = "***"
_SEE_BELOW = "not understood, see below"
_STAND_IN = "stands-in-for-a-secret"
"""For each secret that the new file names: nobody has put it into the environment yet."""
_NO_SERVER = (
    "no warehouse_url: neither HIVE_HOST nor IMPALAD_HOST names a server, "
    "and without one the job makes a DuckDB file of its own"
)
_SERVER_UNCLEAR = (
    "warehouse_url is a comment until it is put right, and without it the job makes a DuckDB file of its own"
)
_PATHS = (
    (LOG, "file"),
    (legacy.LEGACY, "status_file"),
    *((legacy.JAVA, key) for key in ("classpath", "properties_file", "log_file")),
)

_MOST_SHOWN = 1_000
_LONGEST_LINE = 1_000
_LONGEST_CELL = 500
_TableRow = tuple[str, str, str]

_TABLES = ("database", "temp_table", "main_table")


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
    made = newfile.make(roles.by_role, out.parent)
    _comment_out_faults(made, out.parent)
    unclear = [*map(str, found.not_understood), *map(str, made.refused), *_unclear(roles)]
    notes = [*_left_to_defaults(made), *_relative(made)]
    rows = tuple(_row(one, found, roles, made) for one in found.variables.values())
    unclear += _without_a_place(rows, found, unclear)
    written = len(roles.jobs) <= 1
    if written:
        _write(out, made.text)
    return Imported(
        tuple(_first(rows)),
        tuple(_named(unclear)),
        tuple(_named([*map(str, found.notes), *notes])),
        {name: f"{one.file}, line {one.line}" for name, one in made.exports.items()} if written else {},
        written,
    )


def _first(rows: tuple[_TableRow, ...]) -> Iterator[_TableRow]:
    """The first rows of a long table; what is left out is in a last one."""
    for name, value, became in rows[:_MOST_SHOWN]:
        yield (
            shortened(name, _LONGEST_CELL),
            shortened(value, _LONGEST_CELL),
            shortened(became, _LONGEST_CELL),
        )
    if len(rows) > _MOST_SHOWN:
        yield "...", "", f"and {counted(len(rows) - _MOST_SHOWN, 'more variable')}"


def _named(lines: Sequence[str]) -> Iterator[str]:
    """The first of many lines, none of them longer than people read."""
    yield from (shortened(line, _LONGEST_LINE) for line in lines[:_MOST_SHOWN])
    if len(lines) > _MOST_SHOWN:
        yield f"and {counted(len(lines) - _MOST_SHOWN, 'more line')} like these"


def _left_to_defaults(made: NewFile) -> Iterator[str]:
    """What the new file leaves to a default of ours. The old script may have named it elsewhere: no fault."""
    if not made.is_written(CISS.name, "warehouse_url"):
        yield _SERVER_UNCLEAR if (CISS.name, "warehouse_url") in made.remarks else _NO_SERVER
    for key in CISS.keys:
        if key.name in _TABLES and not made.is_written(CISS.name, key.name):
            yield f"no {key.name} in the new file, so it is the default: {key.default}"


def _relative(made: NewFile) -> Iterator[str]:
    """A note for paths whose meaning depends on where the new file is."""
    for section, key in _PATHS:
        parts = made.sections.get(section, {}).get(key, "").split(":" if key == "classpath" else "\0")
        if any(part and part[0] not in "/~" for part in parts):
            yield f"[{section}] {key}: a relative path is taken from the folder of the new file"


def _comment_out_faults(made: NewFile, folder: Path) -> None:
    """Make comments of the keys that ``ciss check`` would refuse.

    A comment may be a reason for the next: copies of mails need a first address.
    """
    context = Context(folder, dict.fromkeys(made.exports, _STAND_IN))
    while any(_comment_out(made, fault, context) for fault in _faults(made, context)):
        pass
    if made.is_written("email", "sender"):
        try:
            mail_address(made.sections["email"]["sender"])
        except ValueError as error:
            made.comment_out("email", "sender", str(error))


def _faults(made: NewFile, context: Context, *without: str) -> list[Fault]:
    """The faults of the sections alone; if there are none, of what they say together.

    ``without``: keys of ``[ciss]`` that are left out.
    """
    found = [fault for section in SECTIONS for fault in section.read(made.active(section.name), context)[1]]
    active = {key: value for key, value in made.active(CISS.name).items() if key not in without}
    return found or crosschecks.find(CISS.read(active, context)[0])


def _comment_out(made: NewFile, fault: Fault, context: Context) -> bool:
    """Make a comment of the key that has a fault, or of another that causes it; whether there is one."""
    if (fault.section, fault.key) in made.sources:
        if made.is_written(fault.section, fault.key):
            made.comment_out(fault.section, fault.key, fault.problem)
            return True
        return False
    for key in made.active(CISS.name):
        is_cause = (CISS.name, key) in made.sources and fault not in _faults(made, context, key)
        if is_cause:
            made.comment_out(CISS.name, key, f"with it, {fault.key} {fault.problem}")
            return True
    return False


def _without_a_place(
    rows: tuple[tuple[str, str, str], ...], found: Properties, unclear: list[str]
) -> Iterator[str]:
    """A line for each variable whose row points to a line that is not there yet."""
    named = set(re.findall(r"\w+", " ".join(unclear)))
    for name, _, became in rows:
        if became == _SEE_BELOW and name not in named:
            one = found.variables[name]
            yield str(
                Remark(one.file, one.line, f"{name} belongs to another job, or to a server without a host")
            )


def _write(out: Path, text: str) -> None:
    try:
        # "x": a file that was made since the look at its name is not overwritten either
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
    return one.name, value, became or _SEE_BELOW


def is_beside_another(out: Path) -> bool:
    """Whether Luigi reads another file with a section of this job in the present folder."""
    for path in configfile.luigi_paths({}, Path.cwd()):
        try:
            is_other = path.is_file() and not path.samefile(out)
            if is_other and any(name.startswith(CISS.name) for name in configfile.read(path)):
                return True
        except (OSError, CissError):  # it may be one: the command from another folder works in any case
            return True
    return False
