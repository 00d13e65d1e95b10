"""The lines of this process's command in the ledger of commands: its beginning, its reasons, its end.

Nothing is written if no command has begun: in ``ciss``, in tests, in a program that only imports the tasks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from ciss_luigi.plaintext import without_secrets
from ciss_luigi.state import commandledger
from ciss_luigi.state.commandledger import COMMAND, CommandLedger


class _Current:
    """Where this command's lines go; forked workers inherit it."""

    path: ClassVar[Path | None] = None
    began_in = 0
    noted: ClassVar[set[str]] = set()


def begin(ledger: CommandLedger, arguments: Sequence[str]) -> None:
    """Write down that this command begins. Its notes and its end go to the same file.

    If the ledger cannot be written, the command goes on without it.
    """
    try:
        _Current.path = ledger.begin(COMMAND, arguments)
        _Current.began_in = os.getpid()
    except OSError:
        _Current.path = None


def note(reason: str) -> None:
    """Note why the command will not end well; each reason once. Workers may call it, too."""
    text = without_secrets(reason).strip()
    if _Current.path is None or not text or text in _Current.noted:
        return
    _Current.noted.add(text)
    try:
        commandledger.note(_Current.path, COMMAND, text)
    except OSError:
        return


def has_noted() -> bool:
    """Whether this process has noted why the command will not end well."""
    return bool(_Current.noted)


def end(exit_code: int) -> None:
    """Write down that this command ends. Only the first call counts, and no call in a forked worker."""
    path, _Current.path = _Current.path, None
    if path is None or _Current.began_in != os.getpid():
        return
    try:
        commandledger.end(path, COMMAND, exit_code)
    except OSError:
        return
