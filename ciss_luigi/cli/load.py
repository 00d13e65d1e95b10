"""``ciss load``: files into the source tables of the embedded warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from ciss_luigi import commands, site
from ciss_luigi.cli.output import safe, say
from ciss_luigi.cli.waiting import progress_bar
from ciss_luigi.loading import FileFate, LoadedTable, not_taken
from ciss_luigi.operator import load as loads
from ciss_luigi.operator import newwarehouse
from ciss_luigi.site import Site


@click.command("load", epilog="\b\nExample: ciss load --sample")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--sample", is_flag=True, help="Load the sample that comes with the package.")
@click.option(
    "--odd-rows", is_flag=True, help="Load rows with an invalid month or date as they are; no run uses them."
)
@click.option("--new", is_flag=True, help="Start over: the warehouse that markers speak of is lost for good.")
def command(folder: Path | None, sample: bool, odd_rows: bool, new: bool) -> None:
    """Load a folder of CSV or Parquet files into the embedded warehouse.

    A file TABLE.csv, TABLE.csv.gz or TABLE.parquet replaces its whole source table; all files are loaded or
    none. Tables without a file stay as they are; absent ones are made, empty. A fault is named with file,
    line, column, value and what to write.

    If markers speak of the warehouse's file and it is gone (a disk that is not mounted), the exit code is 35.
    With --new a new file is made, and when all files are loaded the markers are set aside: then every date
    is run again.
    """
    if (folder is None) is not sample:
        raise click.UsageError("Name a folder, or give --sample.")
    here = site.current()
    command_line = commands.load_sample() if folder is None else commands.load(folder)
    command_line += " --odd-rows" if odd_rows else ""
    names = here.settings.source_tables
    with loads.sample_folder(names) if folder is None else nullcontext(folder) as place:
        with newwarehouse.permitted(here, command=command_line, new=new) as target, progress_bar() as shown:
            again = f"{command_line} --new" if new else command_line
            loaded = loads.load(target.site, place, command=again, odd_rows=odd_rows, progress=shown)
        if target.aside is not None:
            kept = target.aside
            say(f"the markers of the warehouse that is gone are kept in {kept}; every date is run again")
        _tell(here, loaded, sample=sample)
        for sentence in not_taken(place, names):
            click.echo(safe(f"warning: {sentence}"), err=True)


def _tell(here: Site, loaded: Sequence[LoadedTable], *, sample: bool) -> None:
    width = max(len(one.table) for one in loaded)
    for one in loaded:
        source = {FileFate.MADE: "no file: made, empty", FileFate.KEPT: "no file: left as it was"}.get(
            one.fate
        )
        source = source or ("sample" if sample else str(one.file))
        say(f"{one.table:<{width}}  {one.rows:>9,} {'row' if one.rows == 1 else 'rows':<4}  {source}")
    for one in loaded:
        if one.fate is FileFate.LOADED and not one.rows:
            click.echo(safe(f"warning: {one.table} is empty now: {one.file} has no row"), err=True)
    say(f"into {here.settings.database} of {here.engine().identity}")
