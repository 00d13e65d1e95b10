"""Free space where a run writes: the state folder, an embedded warehouse and its folder for spilling."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ciss_luigi.config.settings import Settings
from ciss_luigi.operator.checks.findings import Group

_GB = 1_000_000_000
TOO_LITTLE = _GB // 20
"""In bytes: with less, a run is likely to end with a full disk."""
LITTLE = _GB


def check(group: Group, settings: Settings) -> None:
    """Say how much room each place has, and warn if it is little."""
    for what, folder in _places(settings):
        place = next((one for one in (folder, *folder.parents) if os.path.isdir(one)), Path("/"))
        try:
            free = shutil.disk_usage(place).free
        except OSError as error:
            group.note(f"free space of {what} ({folder}) is not known: {error.strerror}")
            continue
        text = f"{what}: {free / _GB:,.1f} GB free ({folder})"
        if free < TOO_LITTLE:
            group.fault(f"{what}: {free / 1_000_000:,.1f} MB free ({folder})", "make room there")
        elif free < LITTLE:
            group.warn(text, "make room there before the next large month")
        else:
            group.ok(text)


def _places(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "state folder", settings.state_dir
    warehouse = settings.warehouse
    if not warehouse.kind.embedded:
        return
    file = Path(warehouse.place)
    yield "warehouse", file.parent
    spill = warehouse.session_settings.get("temp_directory") or f"{file}.tmp"
    yield "spill folder", file.parent / str(spill)
