"""What one command holds: its dates' locks, what it knows of the sources, what it has said and noted."""

from __future__ import annotations

import configparser
import functools
import mmap
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciss_luigi import exitcodes
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.locking.filelocks import FileLock
from ciss_luigi.observers import CommandBegin
from ciss_luigi.scheduling import luigiprivate
from ciss_luigi.state.commandledger import COMMAND
from ciss_luigi.state.thiscommand import ThisCommand

if TYPE_CHECKING:
    from ciss_luigi.steps.known import Known
    from ciss_luigi.steps.sourcesready import Sources


_CODES = 256
"""The number of exit codes. The system takes the remainder, so that 256 would be 0."""


def _shared_byte() -> mmap.mmap:
    """Memory that forked processes share."""
    return mmap.mmap(-1, 1)


@dataclass
class Command:
    """One command. Its forked workers have a copy from the time of the fork."""

    begin: CommandBegin
    is_range: bool = True
    """Whether another task, such as RangeDaily, requires the dates: then each step waits for its date's lock
    and takes it for itself. Also true without a Luigi command, in a program that builds tasks."""
    locks: dict[RunDate, FileLock] = field(default_factory=dict)
    """The locks of the dates that this command holds for its whole life."""
    left_over: str = ""
    """The words about the dates that a range leaves for another command."""
    reason: str = ""
    """Why the command ends as it does, if it is known before its end."""
    error: Exception | None = None
    """The error that ended the command, if one did; the reason is about it."""
    has_options: bool = False
    """Whether Luigi could read the command line."""
    leaving: SystemExit | None = None
    """The exit that a signal before the first step has asked for."""
    is_inside_step: bool = False
    """Whether this process, the command's or a worker's, is inside a step."""
    said: set[str] = field(default_factory=set)
    """The errors that this process has said in full, without their dates."""
    failures: list[str] = field(default_factory=list)
    """The errors that this process or its workers have said: the ledger may not have been written."""
    lines: ThisCommand = field(default_factory=ThisCommand)
    """This command's lines in the ledger of commands."""
    give_up: Callable[[int], None] = lambda code: None
    """Ends the command if its process must end at once."""
    _done: set[str] = field(default_factory=set)
    _began: mmap.mmap = field(default_factory=_shared_byte)

    @functools.cached_property
    def sources(self) -> Sources:
        """What this process knows of the sources; a date that is done already needs nothing of it."""
        from ciss_luigi.steps.sourcesready import Sources

        return Sources()

    def once(self, what: str, action: Callable[[], None]) -> None:
        """Do something that a command does at most once."""
        if what not in self._done:
            action()
            self._done.add(what)

    def known(self, date: RunDate) -> Known | None:
        """What this process has learned about a date; None if others could have run the date since then."""
        return self.sources.known(date) if date in self.locks else None

    def note_step(self) -> None:
        """Note that a step begins, in this process or in a fork of it."""
        self._began[0] = 1

    @property
    def has_begun(self) -> bool:
        """Whether any step has begun, whichever process did it."""
        return self._began[0] == 1


@functools.cache
def current() -> Command:
    """The one command of this process."""
    return Command(CommandBegin(tuple(sys.argv[1:]), COMMAND))


def exit_code(number: int) -> int:
    """The exit code of this site for a number of our table: the site's own ``[retcode]`` wins."""
    key = next((row.retcode for row in exitcodes.TABLE if row.number == number), "")
    return luigiprivate.retcode(key) if key else number


def retcode_problem(key: str) -> str:
    """What is wrong with the number that Luigi will use for a key of ``[retcode]``; "" if nothing is.

    "" as well for what is no number: Luigi says that itself.
    """
    try:
        number = luigiprivate.retcode(key)
    except (ValueError, TypeError, configparser.Error):
        return ""
    if number == 0:
        return "0 would report a night that failed as a success"
    return "" if 0 < number < _CODES else f"{number} is not an exit code: they go from 1 to 255"


def own_number(code: int) -> int:
    """The number of our table for an exit code of this site: the worst of several, else the code."""
    try:
        found = [row.number for row in exitcodes.TABLE if row.retcode and exit_code(row.number) == code]
    except ValueError:  # a [retcode] that cannot be read is the fault that ends this command
        return code
    return found[-1] if found else code
