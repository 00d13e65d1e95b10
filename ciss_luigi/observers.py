"""Who is told that a command or a step begins or ends: the ledger, a log, metrics, mail.

An observer is added once, where Luigi's command is set up (scheduling/install.py). Events of the command come
in the command's own process. Those of a step come in the process that does the step, which is a forked worker
if there are several. An observer that fails is named in a warning: it never changes how a command ends.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ciss_luigi.errors import Stopped
from ciss_luigi.plaintext import without_secrets

logger = logging.getLogger("luigi-interface.ciss_luigi")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class CommandBegin:
    """A command begins: its arguments as typed (they may hold a secret in a URL), and when (UTC)."""

    arguments: tuple[str, ...]
    id: str
    """The command's id in the ledger; forked workers have the same."""
    at: dt.datetime = field(default_factory=_now)


@dataclass(frozen=True)
class CommandEnd:
    """A command ends; its locks are free.

    ``code`` is what the process ends with. ``reason`` says in words why that is not 0. ``dates`` are the run
    dates that it looked at, ``failed`` the steps that failed in it. ``signal`` is the name of the signal that
    stopped it, or "". ``began`` says whether any step had begun.
    """

    begin: CommandBegin
    code: int
    reason: str = ""
    dates: tuple[dt.date, ...] = ()
    failed: tuple[tuple[dt.date, str], ...] = ()
    signal: str = ""
    began: bool = False
    number: int = 0
    """The number in our own table; a site may have set others in ``[retcode]``."""
    kind: str = ""
    """The name of the class of the error that ended it; "" if none did."""
    is_usage: bool = False
    """Whether that error is a mistake on the command line."""
    is_configuration: bool = False
    """Whether that error is a fault of the configuration."""
    at: dt.datetime = field(default_factory=_now)


@dataclass(frozen=True)
class StepBegin:
    """A step of a date begins; ``command`` is the id of its command."""

    command: str
    date: dt.date
    step: str
    at: dt.datetime = field(default_factory=_now)


@dataclass(frozen=True)
class StepEnd:
    """A step ends; ``error`` is None if it is done, else the error as text without secrets.

    ``stopped`` tells a signal from a failure.
    """

    begin: StepBegin
    error: str | None = None
    stopped: bool = False
    at: dt.datetime = field(default_factory=_now)


class Observer:
    """Is told of everything and does nothing; a subclass overrides what it needs."""

    def command_begins(self, begin: CommandBegin) -> None:
        """A command begins: its options have been read, and nothing else."""

    def step_begins(self, begin: StepBegin) -> None:
        """A step begins; its date's lock is held."""

    def step_ends(self, end: StepEnd) -> None:
        """A step has ended; its marker and its end in the ledger are written, its lock is still held."""

    def command_ends(self, end: CommandEnd) -> None:
        """A command ends, in any way but by SIGKILL; its locks are free, and this is its last act."""


# of the process: a forked worker tells the observers that the command has added
_observers: list[Observer] = []
_begun: list[CommandBegin] = []


def add(observer: Observer) -> None:
    """Tell an observer of everything from now on, after the observers that were added before.

    If a command has begun already, the observer is told at once.
    """
    _observers.append(observer)
    if _begun:
        _tell([observer], lambda observer: observer.command_begins(_begun[-1]))


def command_begins(begin: CommandBegin) -> None:
    """Tell all observers."""
    _begun.append(begin)
    _tell_all(lambda observer: observer.command_begins(begin))


def command_ends(end: CommandEnd) -> None:
    """Tell all observers."""
    _tell_all(lambda observer: observer.command_ends(end))


@contextmanager
def step(command: str, date: dt.date, name: str) -> Iterator[None]:
    """A block that does a step: tells all observers of its beginning and of its end, good or bad."""
    begin = StepBegin(command, date, name)
    _tell_all(lambda observer: observer.step_begins(begin))
    try:
        yield
    except BaseException as error:
        end = StepEnd(begin, without_secrets(str(error)) or type(error).__name__, isinstance(error, Stopped))
        _tell_all(lambda observer: observer.step_ends(end))
        raise
    _tell_all(lambda observer: observer.step_ends(StepEnd(begin)))


def _tell_all(tell: Callable[[Observer], None]) -> None:
    _tell(_observers, tell)


def _tell(observers: Sequence[Observer], tell: Callable[[Observer], None]) -> None:
    for observer in observers:
        try:
            tell(observer)
        except Exception as error:  # no observer's fault may stop the step, or the other observers
            logger.warning("%s could not do its part: %s", type(observer).__name__, error)
