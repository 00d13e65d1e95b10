"""How a command gets into trouble: small disks, folders that cannot be written, limits, another clock."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.command import Finished, Place

DATE = "2016-11-10"


needs_mounts = pytest.mark.usefixtures("mounts")

SMALL_DISK = (
    'mount -t tmpfs -o size="$1" none "$0" && cp "$2"/* "$0"/; out="$3"; shift 3; '
    '"$@"; echo "first: $?"; mount -o remount,size=64m "$0"; "$@"; echo "second: $?"; cp -r "$0"/. "$out"'
)


def on_a_small_disk(place: Place, folder: Path, size: int, *, holding: Path) -> Finished:
    """The command on a disk that holds one folder and is too small; then, on a larger one, once more.

    What the folder ``holding`` holds is on that disk from the beginning; afterwards the disk's files are in
    ``folder`` itself.
    """
    after = place.folder.parent / f"{place.folder.name}-after"
    after.mkdir()
    how = (SMALL_DISK, str(folder), str(size), str(holding), str(after))
    finished = place.merge(DATE, before=("unshare", "-m", "sh", "-c", *how))
    subprocess.run(["cp", "-r", f"{after}/.", str(folder)], check=True)
    return finished


def limited(command: str) -> tuple[str, ...]:
    """What goes before a command so that a shell does something first, such as to set a limit."""
    return ("sh", "-c", f'{command}; exec "$@"', "sh")


def explained(finished: Finished, code: int, *texts: str) -> Finished:
    """Check an error: its code, its texts, and that it says what failed, the state, the next command."""
    finished.explained(code, *texts)
    what, state, following = (finished.text.find(text) for text in (texts[0], "State: ", "Next:  "))
    assert 0 <= what < state < following, finished.text
    return finished
