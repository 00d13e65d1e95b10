"""A site's process-status file, changed under a lock: it has room for one job only (docs/migration.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ciss_luigi.config.legacy import LEGACY, Legacy
from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.migration.statusfile import FAILURE, STATUS, TOLD, YES, StatusFile
from ciss_luigi.site import Site

Values = Mapping[str, str]
Change = Callable[[Values], Mapping[str, str]]


def _path_of(site: Site) -> Path | None:
    legacy: Legacy = site.settings.others[LEGACY]
    return legacy.status_file


def change(site: Site, what: Change) -> None:
    """Read the file and write what ``what`` returns of its values; does nothing without such a file.

    The lock keeps two commands, and a command's workers, apart. Raises OSError and LocksUnusable.
    """
    path = _path_of(site)
    if path is None:
        return
    file = StatusFile(path)
    with FileLock(site.settings.state_dir / "locks" / "status-file.lock").waited():
        changes = what(file.read())
        if changes:
            file.write(changes)


def note_told(site: Site) -> None:
    """Write down that a failure of a run has reached people.

    Raises OSError and LocksUnusable.
    """
    change(site, lambda values: {TOLD: YES} if values.get(STATUS) == FAILURE else {})


def warning(site: Site, error: OSError) -> str:
    """The words for a file that could not be changed: that stops nothing."""
    return f"[ciss_legacy] status_file: {_path_of(site)} cannot be written: {error.strerror or error}"
