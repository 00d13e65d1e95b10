"""Whether people know that a run has failed."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.alerts.failure import ClosedBy
from ciss_luigi.alerts.records import Records


def have_people_heard(folder: Path) -> bool:
    """Whether any channel took a message about the failure that was seen last; ``folder`` is that of alerts.

    That main differs from another table (``ciss compare --tell``) is no failure of a run.
    """
    failures = [one for one in Records(folder).open() if one.scope is not ClosedBy.COMPARED]
    newest = max((one.last for one in failures), default="")
    return any(one.sent for one in failures if one.last == newest)
