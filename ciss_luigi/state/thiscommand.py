"""The lines of this process's command in the ledger of commands: its beginning, its reasons, its end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ciss_luigi.plaintext import without_secrets
from ciss_luigi.state import commandledger
from ciss_luigi.state.commandledger import COMMAND, CommandLedger


@dataclass
class ThisCommand:
    """Where this command's lines go; forked workers have a copy, and add their reasons.

    Nothing is written before ``begin``: in ``ciss``, in tests, in a program that only imports the tasks.
    """

    _path: Path | None = None
    _began_in: int = 0
    _noted: set[str] = field(default_factory=set)

    def begin(self, ledger: CommandLedger, arguments: Sequence[str]) -> None:
        """Write down that this command begins. Its notes and its end go to the same file.

        If the ledger cannot be written, the command goes on without it.
        """
        try:
            self._path = ledger.begin(COMMAND, arguments)
            self._began_in = os.getpid()
        except OSError:
            self._path = None

    def note(self, reason: str) -> None:
        """Note why the command will not end well; each reason once. Workers may call it, too."""
        text = without_secrets(reason).strip()
        if self._path is None or not text or text in self._noted:
            return
        self._noted.add(text)
        try:
            commandledger.note(self._path, COMMAND, text)
        except OSError:
            return

    @property
    def has_noted(self) -> bool:
        """Whether this process has noted why the command will not end well."""
        return bool(self._noted)

    def end(self, exit_code: int) -> None:
        """Write down that this command ends. Only the first call counts, and no call in a forked worker."""
        path, self._path = self._path, None
        if path is None or self._began_in != os.getpid():
            return
        try:
            commandledger.end(path, COMMAND, exit_code)
        except OSError:
            return
