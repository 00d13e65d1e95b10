"""What a command has learned of a date: a step need not ask anew what the step before it has just proven.

It holds only as long as nobody else can run the date: in the command that learned it, under the date's lock,
in the process that learned it. Everywhere else a step begins with nothing known, and asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from ciss_luigi.queries.survey import Survey
from ciss_luigi.state.markers import Marker


@dataclass
class Known:
    """What the steps of a date tell those after them."""

    survey: Survey | None = None
    """The sources as they were when the command asked whether they are ready."""

    has_tables: bool = False
    """Whether temp and main have been made if they were absent."""

    temp: Marker | None = None
    """BuildTemp's marker, once temp has been proven to hold what it says."""

    def take_survey(self) -> Survey | None:
        """The survey, for one build: a build that is repeated has to look anew."""
        taken, self.survey = self.survey, None
        return taken

    def has_proven(self, built: Marker) -> bool:
        """Whether temp has been proven to hold what a marker of BuildTemp says."""
        proven = self.temp
        return proven is not None and (proven.run_id, proven.months) == (built.run_id, built.months)
