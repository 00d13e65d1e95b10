"""Whether people know that a run has failed."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.alerts.failure import ClosedBy
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records


def have_people_heard(folder: Path) -> bool:
    """Whether a message about an open failure of a run was taken, and none waits in ``state_dir``'s alerts.

    That main differs from another table (``ciss compare --tell``) is no failure of a run.
    """
    told = any(one.sent and one.scope is not ClosedBy.COMPARED for one in Records(folder).open())
    return told and not Outbox(folder).entries()
