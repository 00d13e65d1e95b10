"""Setting up Luigi's command, once. Importing a module changes nothing in Luigi."""

from __future__ import annotations

import sys

import luigi

from ciss_luigi import commands, exitcodes, observers
from ciss_luigi.alerts.door import Door
from ciss_luigi.scheduling import defaults, life, luigisections, messages, signals, tasknames
from ciss_luigi.scheduling.command import exit_code
from ciss_luigi.scheduling.ledgerlines import LedgerLines
from ciss_luigi.scheduling.lifesigns import LifeSigns
from ciss_luigi.scheduling.logbook import LogBook
from ciss_luigi.scheduling.metricsfile import MetricsFile
from ciss_luigi.scheduling.oldstatus import OldStatus

_HELP = {"-h", "--help", "--help-all"}


def install(dated: type[luigi.Task]) -> None:
    """Set up Luigi's command; ``dated`` is the class of all tasks with a run date.

    Ends the process if Luigi could not read its own part of the configuration.
    """
    commands.keep_flags(sys.argv[1:])
    defaults.apply()
    messages.install()
    tasknames.install_in_command()
    if not _HELP.intersection(sys.argv):
        observers.add(LedgerLines())
        observers.add(LogBook())
        observers.add(LifeSigns())
        observers.add(Door())
        observers.add(MetricsFile())
        observers.add(OldStatus())  # the last one: it says whether a failure has been told
        life.install(dated)
    # after life.install: a refusal ends the command, and the observers must hear of that end
    luigisections.refuse_in_command()
    _hear_signals()


def _hear_signals() -> None:
    """Install the handlers; ends the process with 35 if the machine has no file descriptor left for them."""
    try:
        signals.install_in_command()
    except OSError as error:
        fault = messages.machine_fault(error)
        if fault is None:
            raise
        messages.say_before_the_log(str(fault))
        sys.exit(exit_code(exitcodes.NOT_ASKED))
