"""The command that this process belongs to, in the ledger of commands: its begin, its reasons, its end.

Where no command has begun (``ciss``, tests, a program that only imports the tasks) nothing is written.
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
    """Where this command's lines go; forked workers have it from the command."""

    path: ClassVar[Path | None] = None
    began_in = 0
    noted: ClassVar[set[str]] = set()


def begin(ledger: CommandLedger, arguments: Sequence[str]) -> None:
    """Write down that this command begins; what it notes and its end then go to the same file.

    A ledger that cannot be written stops no command.
    """
    try:
        _Current.path = ledger.begin(COMMAND, arguments)
        _Current.began_in = os.getpid()
    except OSError:
        _Current.path = None


def note(reason: str) -> None:
    """Write down why the command will not end well, once; called in the command or in any of its workers."""
    text = without_secrets(reason).strip()
    if _Current.path is None or not text or text in _Current.noted:
        return
    _Current.noted.add(text)
    try:
        commandledger.note(_Current.path, COMMAND, text)
    except OSError:
        return


def has_noted() -> bool:
    """Whether this process has said why the command will not end well."""
    return bool(_Current.noted)


def end(exit_code: int) -> None:
    """Write down that this command ends; the first call counts, and only in the command itself."""
    path, _Current.path = _Current.path, None
    if path is None or _Current.began_in != os.getpid():
        return
    try:
        commandledger.end(path, COMMAND, exit_code)
    except OSError:
        return
