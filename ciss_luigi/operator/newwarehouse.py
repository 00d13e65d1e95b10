"""Whether ``ciss load`` may make the file of the embedded warehouse: not if it was lost, unless asked to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ciss_luigi.errors import EngineUnavailable, Refused
from ciss_luigi.site import Site
from ciss_luigi.state.files import sync_folder


@dataclass
class NewWarehouse:
    """The site that a load fills; ``aside`` is where the old markers were moved, if it starts over."""

    site: Site
    aside: Path | None = None


@contextmanager
def permitted(site: Site, *, command: str, new: bool) -> Iterator[NewWarehouse]:
    """Make sure that a load finds the file, or may make it; the block loads.

    If markers speak of the file and it is gone, only ``new`` makes another one, and sets the markers aside,
    because what they prove is gone. ``command`` is what to type again. Raises EngineUnavailable without
    ``new``, Refused for ``new`` if the file is there, and OSError.
    """
    if _starts_over(site, command=command, new=new):
        with _made_anew(site) as target:
            yield target
    else:
        yield NewWarehouse(site)


def _starts_over(site: Site, *, command: str, new: bool) -> bool:
    if new and site.settings.warehouse.kind.embedded and site.has_warehouse():
        raise Refused(
            f"--new is for a warehouse that is gone, and {site.engine().identity} is there",
            state="nothing was touched",
            next_command=command.removesuffix(" --new"),
        )
    try:
        site.require_warehouse()
    except EngineUnavailable as error:
        if new:
            return True
        error.next_command = (
            f"mount its disk, or put the file back, then: {command}; if it is gone for good: {command} --new"
        )
        raise
    return False


@contextmanager
def _made_anew(site: Site) -> Iterator[NewWarehouse]:
    """Load into a file beside the place; then set the markers aside; then rename the file to its place.

    In this order a kill loses nothing. During the load the markers still count and the warehouse is still
    gone, so a run ends with 35. Between the two renames no marker counts, and the same command loads again.
    Never do markers that count and a new file without their rows stand side by side. A folder that cannot be
    loaded leaves all as it was.
    """
    settings = site.settings
    place = Path(os.path.realpath(settings.warehouse.place))
    beside = place.with_name(f"{place.name}.new-{os.getpid()}")
    warehouse = replace(settings.warehouse, place=str(beside))
    target = NewWarehouse(replace(site, settings=replace(settings, warehouse=warehouse)))
    try:
        yield target
        target.aside = site.markers.set_aside()
        beside.rename(place)
        sync_folder(place.parent)
    finally:
        for ending in ("", settings.warehouse.kind.journal):
            beside.with_name(beside.name + ending).unlink(missing_ok=True)
