"""``python -m tools.sample.nights``: the nights before the sample's, each on the tables as they stood then.

For ``make run``: a report is worth looking at when the estimate has moved. A night that is merged already is
passed over, so that a second ``make run`` does nothing anew.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.sample.__main__ import write

NIGHTS = ("2016-10-15", "2016-10-22", "2016-10-31", "2016-11-03", "2016-11-04", "2016-11-08", "2016-11-15")
"""On 2016-11-04 the estimate of October moves: a partner network's roaming charges came late."""


def main() -> None:
    """Run every night that is not merged yet; what it says stands in a file, and is shown when it failed."""
    for night in NIGHTS:
        if not _is_merged(night):
            print(f"an earlier night: {night}", flush=True)
            _run(night)


def _is_merged(night: str) -> bool:
    command = [_beside("ciss"), "status", "--from", night, "--to", night]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def _run(night: str) -> None:
    merge = ["--module", "ciss_luigi", "MergeMain", "--date", night, "--local-scheduler"]
    with tempfile.TemporaryDirectory(prefix="ciss-night-") as folder:
        write(Path(folder), dt.date.fromisoformat(night))
        for command in ([_beside("ciss"), "load", folder], [_beside("luigi"), *merge]):
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def _beside(name: str) -> str:
    """A command of the same virtual environment."""
    return str(Path(sys.executable).with_name(name))


if __name__ == "__main__":
    main()
