"""``ciss import-properties``: a ``luigi.cfg`` from the old job's properties."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from ciss_luigi import commands
from ciss_luigi.cli.output import console, safe, say
from ciss_luigi.exitcodes import NO
from ciss_luigi.operator.importproperties import Imported, import_properties, is_beside_another

_FILE = click.Path(path_type=Path)


@click.command(
    "import-properties",
    epilog="\b\nExamples: echo 'summary_tblname=summary' > old.properties\n"
    "          ciss import-properties old.properties --out imported.cfg",
)
@click.argument("file", type=_FILE)
@click.option("--out", type=_FILE, default="luigi.cfg", show_default=True, help="The file to write.")
@click.pass_context
def command(ctx: click.Context, file: Path, out: Path) -> None:
    """Write a luigi.cfg from the properties that the old job's script sourced.

    The file is parsed, and nothing in it is run. Variables are recognised by their endings. The new file
    holds no secret: it names an environment variable instead. An existing file is never overwritten. Exit
    code 0 if all was understood; 1 if something was not: it is listed, and the file is still written,
    unless the properties are about several jobs.
    """
    found = import_properties(file, out)
    _table(found)
    for line in _lines(found, out):
        say(line)
    if not found.is_clear:
        ctx.exit(NO)


def _table(found: Imported) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in ("variable", "value", "what it became"):
        table.add_column(head, overflow="fold")
    for row in found.rows:
        table.add_row(*map(safe, row))
    console().print(table)


def _lines(found: Imported, out: Path) -> Iterator[str]:
    for note in found.notes:
        yield f"note: {note}"
    if found.not_understood:
        yield "Not understood:"
        yield from (f"  - {line}" for line in found.not_understood)
    yield from _exports(found)
    if found.written:
        yield f"State: {out} is written; nothing in the properties was run"
        yield f"Next:  {_check_with(out)}"
    else:
        yield "State: nothing was written"
        yield "Next:  the same command with a file of one job"


def _check_with(out: Path) -> str:
    """The command that checks the new file; Luigi reads another one in the present folder as well."""
    if not is_beside_another(out):
        return f"LUIGI_CONFIG_PATH={shlex.quote(str(out))} {commands.check()}"
    # from a folder of its own, and not moved: paths in the file are taken from where it is
    path = shlex.quote(str(out.absolute()))
    return f'cd "$(mktemp -d)" && LUIGI_CONFIG_PATH={path} {commands.check()}'


def _exports(found: Imported) -> Iterator[str]:
    if found.exports:
        yield "No file holds a secret; in the job's environment say:"
        for name, place in found.exports.items():
            yield f"  export {name}=...    # its value: {place}"
