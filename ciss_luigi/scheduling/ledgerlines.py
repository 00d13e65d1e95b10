"""Luigi's command in the ledger of commands: that it begins, and with which exit code it ends."""

from __future__ import annotations

from ciss_luigi import site
from ciss_luigi.observers import CommandBegin, CommandEnd, Observer
from ciss_luigi.scheduling.command import current


class LedgerLines(Observer):
    """Writes both lines. Why a command does not end well is noted when it is said (messages.py)."""

    def command_begins(self, begin: CommandBegin) -> None:
        """Write down that it begins, also where the configuration has faults."""
        folder = site.state_dir_in_spite_of_faults()
        if folder is not None:
            current().lines.begin(site.command_ledger(folder), begin.arguments)

    def command_ends(self, end: CommandEnd) -> None:
        """Write down its end."""
        if end.reason and not current().lines.has_noted:
            current().lines.note(end.reason)
        current().lines.end(end.code)
