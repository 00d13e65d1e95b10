"""Whether ``ciss load`` may make the file of the embedded warehouse: not if it was lost, unless asked to."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.errors import EngineUnavailable, Refused
from ciss_luigi.site import Site


def permit(site: Site, *, command: str, new: bool) -> Path | None:
    """Make sure that a load finds the file, or may make it; returns where the old markers were moved, if so.

    If markers speak of the file and it is gone, only ``new`` makes another one. Then the markers are set
    aside first, because what they prove is gone. ``command`` is what to type again. Raises EngineUnavailable
    without ``new``, Refused for ``new`` if the file is there, and OSError.
    """
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
            return site.markers.set_aside()
        error.next_command = (
            f"mount its disk, or put the file back, then: {command}; if it is gone for good: {command} --new"
        )
        raise
    return None
