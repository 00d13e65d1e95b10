"""Permission for one run to replace newer estimates in main, as ``ciss reset --roll-back`` gives it.

It is a file next to the date's markers. It is valid for one build (run id), for the months that the date
published, and over the estimates that main held when it was given: a night that comes later stays. The merge
that uses it removes it, and so does an ordinary reset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.state.files import read_plain, remove, write_whole

_ANY = "9999-12-31"


class RollBacks:
    """The permissions in the folder of the markers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def grant(
        self, date: RunDate, run_id: str, months: frozenset[Month], newest: Mapping[Month, str]
    ) -> None:
        """Let the next merge of a date replace newer estimates, if it is of this build; raises OSError.

        ``newest`` are the as_of_date of the newest estimates that it may replace.
        """
        names = [str(month) for month in sorted(months)]
        over = {str(month): as_of_date for month, as_of_date in newest.items()}
        write_whole(self._path(date), json.dumps({"run_id": run_id, "months": names, "over": over}) + "\n")

    def granted(self, date: RunDate, run_id: str) -> Mapping[Month, str]:
        """The months whose newer estimates a merge of this build may replace, up to which as_of_date.

        Usually none. A file that makes no sense permits nothing. One of a version that wrote no as_of_date
        permits any: for it the greatest text stands.
        """
        try:
            values = json.loads(read_plain(self._path(date)))
            over = values.get("over", dict.fromkeys(values["months"], _ANY))
            months = {Month.parse(name): str(over[name]) for name in values["months"] if name in over}
            return months if values["run_id"] == run_id else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def take_back(self, date: RunDate) -> bool:
        """Remove the permission of a date; returns whether there was one. Raises OSError."""
        return remove(self._path(date))

    def _path(self, date: RunDate) -> Path:
        return self._folder / str(date) / "roll-back.json"
