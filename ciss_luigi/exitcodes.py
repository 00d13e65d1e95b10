"""Exit codes: one table for Luigi's command and for ``ciss``. README says what to do after each."""

from __future__ import annotations

from dataclasses import dataclass

DONE = 0
NO = 1
USAGE = 2
RUNNING_ELSEWHERE = 10
SOURCES_MISSING = 20
NOT_GRANTED = 25
STEP_FAILED = 30
NOT_ASKED = 35
CONFIGURATION = 40

NO_FAILURE = (DONE, RUNNING_ELSEWHERE, SOURCES_MISSING, NOT_GRANTED)
"""The codes of Luigi's command after which nobody is told: done, or it may be done by a later command."""


@dataclass(frozen=True)
class ExitCode:
    """One exit code: its number, what it means, and which commands end with it."""

    number: int
    meaning: str
    retcode: str = ""
    """The key of Luigi's ``[retcode]`` by which a site may set another number; "" if we never end Luigi's
    command with it."""
    verbs: bool = False
    """Whether the verbs of ``ciss`` end with it."""


TABLE = (
    ExitCode(DONE, "yes or done", verbs=True),
    ExitCode(NO, "no, differs or refused", verbs=True),
    ExitCode(USAGE, "usage", verbs=True),
    ExitCode(RUNNING_ELSEWHERE, "the date is running elsewhere", "already_running"),
    ExitCode(SOURCES_MISSING, "sources are missing", "missing_data"),
    ExitCode(NOT_GRANTED, "not everything was run", "not_run"),
    ExitCode(STEP_FAILED, "a step failed or was stopped", "task_failed"),
    ExitCode(NOT_ASKED, "engine away", "scheduling_error", verbs=True),
    ExitCode(CONFIGURATION, "configuration", "unhandled_exception", verbs=True),
)
"""The mildest first: if a command has several reasons, the one that is last in this table counts."""

RETCODES = {row.retcode: row.number for row in TABLE if row.retcode}
"""Our number for each key of Luigi's ``[retcode]``."""

VERBS = frozenset(row.number for row in TABLE if row.verbs)
"""What a verb of ``ciss`` ends with; any other failure is a "no"."""
