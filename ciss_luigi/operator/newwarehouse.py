"""Whether ``ciss load`` may make the file of the embedded warehouse: a lost one is not replaced unasked."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.errors import EngineUnavailable, Refused
from ciss_luigi.site import Site


def permit(site: Site, *, command: str, new: bool) -> Path | None:
    """Make sure that a load finds the file, or may make it; returns where the old markers went, if anywhere.

    Where the file is gone although markers speak of it, only ``new`` makes another one: then the markers are
    set aside first, because what they prove is gone. ``command`` is what to type again. Raises
    EngineUnavailable without ``new``, Refused for a ``new`` where the file is there, OSError.
    """
    if new and site.settings.warehouse.kind.embedded and site.engine().exists():
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
