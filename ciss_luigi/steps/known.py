"""What a command has learned about a date, so that a step does not repeat the check of an earlier one.

It is true only as long as nobody else can run the date: in the process and the command that learned it, under
the date's lock. Everywhere else a step begins with nothing known, and asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from ciss_luigi.queries.survey import Survey
from ciss_luigi.state.markers import Marker


@dataclass
class Known:
    """What the steps of a date leave for the steps after them."""

    survey: Survey | None = None
    """The sources as they were when the command asked whether they were ready."""

    has_tables: bool = False
    """Whether temp and main exist: TruncateTemp has made them if they did not."""

    temp: Marker | None = None
    """BuildTemp's marker, if temp has been proven to hold what it says."""

    def take_survey(self) -> Survey | None:
        """Return the survey and forget it: a repeated build must look again."""
        taken, self.survey = self.survey, None
        return taken

    def has_proven(self, built: Marker) -> bool:
        """Whether temp has been proven to hold what a marker of BuildTemp says."""
        proven = self.temp
        # not the whole markers: one from the file has a finished_at, one that a build returned has none
        return proven is not None and (proven.run_id, proven.months) == (built.run_id, built.months)
