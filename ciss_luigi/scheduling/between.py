"""The words for a command that a signal stopped between two steps: which step was the last one done."""

from __future__ import annotations

import logging

from ciss_luigi import site, stopping
from ciss_luigi.errors import ConfigurationError
from ciss_luigi.state.commandledger import COMMAND
from ciss_luigi.state.ledger import Attempt, Outcome

logger = logging.getLogger("luigi-interface.ciss_luigi")


def told() -> str:
    """Say it in the log, and return it for the ledger of commands and for alerts."""
    last = _last_done()
    done = f"the last step done is {last[0].step} of {last[1]}" if last else "no step was done"
    text = (
        f"stopped by {stopping.requested()} between two steps; {done}\n"
        "State: every step that has ended has its marker; nothing else was begun\n"
        "Next:  the same command again, which goes on from there"
    )
    logger.error("%s", text)
    return text


def _last_done() -> tuple[Attempt, str] | None:
    """The attempt of this command that ended well last, and its date."""
    try:
        ledger = site.current().ledger
        done = [
            (attempt, str(date))
            for date in ledger.dates()
            for attempt in ledger.attempts(date)
            if attempt.command == COMMAND and attempt.outcome is Outcome.DONE
        ]
    except (ConfigurationError, OSError):
        return None
    return max(done, key=lambda one: one[0].ended_at, default=None)
