"""Whether ``ciss load`` may make the file of the embedded warehouse: not if it was lost, unless asked to."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ciss_luigi.errors import EngineUnavailable, Refused
from ciss_luigi.locking.filelocks import FileLock
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
    if not new:
        _require_there(site, command)
        yield NewWarehouse(site)
        return
    with FileLock(site.settings.state_dir / "locks" / "new-warehouse.lock").waited():
        _refuse_there(site, command)
        try:
            site.require_warehouse()
        except EngineUnavailable:
            with _made_anew(site, command) as target:
                yield target
        else:
            yield NewWarehouse(site)


def _require_there(site: Site, command: str) -> None:
    try:
        site.require_warehouse()
    except EngineUnavailable as error:
        error.next_command = (
            f"mount its disk, or put the file back, then: {command}; if it is gone for good: {command} --new"
        )
        raise


def _refuse_there(site: Site, command: str) -> None:
    """Raise Refused if the warehouse is there, or if something else is in its place."""
    warehouse = site.settings.warehouse
    if not warehouse.kind.embedded:
        return
    if site.has_warehouse():
        raise Refused(
            f"--new is for a warehouse that is gone, and {site.engine().identity} is there",
            state="nothing was touched",
            next_command=command.removesuffix(" --new"),
        )
    place = Path(warehouse.place)
    if place.is_dir():
        raise Refused(
            f"{place} is a folder, and the warehouse is a file",
            state="nothing was touched",
            next_command=f"move the folder, or name another file in warehouse_url, then: {command} --new",
        )


@contextmanager
def _made_anew(site: Site, command: str) -> Iterator[NewWarehouse]:
    """Load into a file beside the place; then set the markers aside; then rename the file to its place.

    In this order a kill loses nothing. During the load the markers still count and the warehouse is still
    gone, so a run ends with 35. Between the two renames no marker counts, and the same command loads again.
    Never do markers that count and a new file without their rows stand side by side. What fails, or a disk
    that is mounted meanwhile, leaves all as it was.
    """
    settings = site.settings
    place = Path(os.path.realpath(settings.warehouse.place))
    _remove(place.parent.glob(f"{glob.escape(place.name)}.new-*"))  # what a killed load has left
    beside = place.with_name(f"{place.name}.new-{os.getpid()}")
    warehouse = replace(settings.warehouse, place=str(beside))
    target = NewWarehouse(replace(site, settings=replace(settings, warehouse=warehouse)))
    try:
        yield target
        _refuse_there(site, command)
        target.aside = site.markers.set_aside()
        try:
            beside.rename(place)
        except BaseException:  # a signal, too: without the new file the old markers count again
            if target.aside is not None:
                site.markers.put_back(target.aside)
            raise
        sync_folder(place.parent)
    finally:
        _remove(place.parent.glob(f"{glob.escape(beside.name)}*"))


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
