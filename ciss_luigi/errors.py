"""The errors of the job, grouped by what the reader does next; each group has its exit code.

An error says, in this order: what failed, what state the data is in, the next command to type.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import ClassVar

from ciss_luigi import commands, exitcodes

MACHINE_LACKS = (
    errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EAGAIN
)  # fmt: skip
"""Error numbers that say what the machine lacks: room on the disk, file descriptors, a sound disk."""

GIVE_IT = "give it what it lacks (df, ulimit -n), then"
"""What to do before the next command, if the machine lacks something."""


class CissError(Exception):
    """A failure that is explained in full by its text: it never needs a traceback."""

    exit_code: ClassVar[int] = exitcodes.STEP_FAILED

    def __init__(self, what: str, *, state: str = "", next_command: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.state = state
        self.next_command = next_command

    def __str__(self) -> str:
        return _told(self.what, self.state, self.next_command)

    def __reduce__(self) -> tuple[object, ...]:
        """Workers send errors between processes; rebuild this one from its attributes."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _told(what: str, state: str, next_command: str) -> str:
    lines = [what]
    if state:
        lines.append(f"State: {state}")
    if next_command:
        lines.append(f"Next:  {next_command}")
    return "\n".join(lines)


def _rebuild(kind: type[CissError], args: tuple[object, ...], attributes: dict[str, object]) -> CissError:
    # not by its constructor: the kinds of errors take different arguments
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the configuration: where, what, and an example of what is right."""

    section: str
    key: str
    problem: str
    example: str = ""

    def __str__(self) -> str:
        place = f"[{self.section}] {self.key}" if self.key else f"[{self.section}]"
        return f"{place}: {self.problem}" + (f" (example: {self.example})" if self.example else "")


class ConfigurationError(CissError):
    """The configuration or the command line is wrong; all faults are named at once."""

    exit_code = exitcodes.CONFIGURATION

    def __init__(
        self, what: str, faults: tuple[Fault, ...] = (), *, next_command: str = commands.check()
    ) -> None:
        lines = [what, *(f"  - {fault}" for fault in faults)]
        super().__init__("\n".join(lines), state="nothing was touched", next_command=next_command)
        self.faults = faults


class SettingRefused(ConfigurationError):
    """The engine refused or ignored a session setting."""

    def __init__(self, name: str, words: str) -> None:
        fault = Fault("ciss", "session_settings", f"{name}: {words}")
        super().__init__("the engine does not take a session setting", (fault,))


class BadCommandLine(ConfigurationError):
    """An option of the command line cannot be used: whoever typed it is told, and nobody else."""


class BadRunDate(CissError):
    """``--date`` is missing or is not a calendar date."""

    exit_code = exitcodes.CONFIGURATION


class AlreadyRunning(CissError):
    """Another process holds the run of this date."""

    exit_code = exitcodes.RUNNING_ELSEWHERE


class SourcesMissing(CissError):
    """A source table has no row yet for a month in scope, or is not there at all."""

    exit_code = exitcodes.SOURCES_MISSING


class EngineUnavailable(CissError):
    """The engine cannot be reached or asked; ``state`` says what that leaves behind."""

    exit_code = exitcodes.NOT_ASKED


class StepFailed(CissError):
    """A step ended without its marker; re-running the same command is always safe."""

    exit_code = exitcodes.STEP_FAILED


class StatementFailed(StepFailed):
    """The engine refused a statement, or ended it with an error."""


class OutOfMemory(StatementFailed):
    """The engine has too little memory for a statement; ``remedy`` is how to give it more."""

    remedy = 'set a larger memory_limit, such as [ciss] session_settings = {"memory_limit": "4GB"}'


class NotThisWay(StatementFailed):
    """The engine does this to a table of this kind only in another way; the statement did nothing."""


class OutcomeUnknown(StatementFailed):
    """The connection was lost while a statement ran; the server may have done it, or may still do it."""


class StatementDeadline(StatementFailed):
    """A statement ran longer than ``statement_deadline_minutes`` and was cancelled."""


class BillingFault(StepFailed):
    """The source rows break a rule of the money (docs/tables.md); only their owner can correct them."""


class TableUnusable(StepFailed):
    """An existing table lacks what the job must write; ``ciss check`` says how to alter it."""


class TotalsDiffer(StepFailed):
    """The control totals of two places differ, and must not."""


class TempChanged(StepFailed):
    """Temp does not hold what BuildTemp's marker says."""


class Refused(CissError):
    """A verb of ``ciss`` refuses: the answer is no, and nothing was changed."""

    exit_code = exitcodes.NO


class BadArgument(CissError):
    """What was typed names something that the warehouse does not have: a column or a table."""

    exit_code = exitcodes.USAGE


class Stopped(BaseException):
    """A signal asked this step to end.

    It is not an ``Exception``: no code between the handler and the step may treat it as a fault and go on.
    """

    def __init__(self, signal_name: str, *, state: str = "", next_command: str = "") -> None:
        super().__init__(_told(f"stopped by {signal_name}", state, next_command))
        self.signal_name = signal_name


@contextmanager
def explaining(*, state: str, next_command: str) -> Iterator[None]:
    """A block whose errors get this state of the data and this next command, if they say neither."""
    try:
        yield
    except CissError as error:
        error.state = error.state or state
        error.next_command = error.next_command or next_command
        raise


def gist(text: str, items: int = 1) -> str:
    """An error in one line: its first, and if that announces a list, the list's first ``items``."""
    first, *rest = text.split("\n")
    lines = takewhile(lambda line: not line.startswith("State:"), map(str.strip, rest))
    listed = [line.removeprefix("- ") for line in lines if line]
    if not first.endswith(":") or not listed:
        return first
    more = f"; and {len(listed) - items} more" if len(listed) > items else ""
    return f"{first} {'; '.join(listed[:items])}{more}"
