"""Whether the leases can be asked, if several hosts run the job."""

from __future__ import annotations

from ciss_luigi.errors import ConfigurationError, EngineUnavailable
from ciss_luigi.locking.leasebook import LeaseBook
from ciss_luigi.operator.checks.findings import CONFIGURATION, ENGINE_AWAY, Group


def check(group: Group, leases: LeaseBook | None) -> None:
    """Ask for their table. A run asks that first, and ends if it gets no answer."""
    if leases is None:
        return
    try:
        made = leases.look()
    except EngineUnavailable as error:
        group.fault(error.what, "see that PostgreSQL answers, or correct [ciss] lease_url", code=ENGINE_AWAY)
    except ConfigurationError as error:
        group.fault(error.what, error.next_command, code=CONFIGURATION)
    else:
        group.ok("lease_url answers" + ("" if made else "; the first run makes its table ciss_lease"))
