"""Permission for one run to replace newer estimates in main, as ``ciss reset --roll-back`` gives it.

It is a file next to the date's markers. It is valid for one build (run id) and for the months that the date
published. The merge that uses it removes it, and so does an ordinary reset.
"""

from __future__ import annotations

import json
from pathlib import Path

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.state.files import read_plain, remove, write_whole


class RollBacks:
    """The permissions in the folder of the markers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def grant(self, date: RunDate, run_id: str, months: frozenset[Month]) -> None:
        """Let the next merge of a date replace newer estimates, if it is of this build; raises OSError."""
        names = [str(month) for month in sorted(months)]
        write_whole(self._path(date), json.dumps({"run_id": run_id, "months": names}) + "\n")

    def granted(self, date: RunDate, run_id: str) -> frozenset[Month]:
        """The months whose newer estimates a merge of this build may replace; usually none.

        A file that makes no sense permits nothing.
        """
        try:
            values = json.loads(read_plain(self._path(date)))
            months = frozenset(map(Month.parse, values["months"]))
            return months if values["run_id"] == run_id else frozenset()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return frozenset()

    def take_back(self, date: RunDate) -> bool:
        """Remove the permission of a date; returns whether there was one. Raises OSError."""
        return remove(self._path(date))

    def _path(self, date: RunDate) -> Path:
        return self._folder / str(date) / "roll-back.json"
