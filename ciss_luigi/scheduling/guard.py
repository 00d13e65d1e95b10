"""One run of a date at a time.

A command takes the date's lock while Luigi schedules it, and keeps it to its end. So a second command for
that date ends at once and names the holder. If another task requires several dates, as RangeDaily does, each
step waits for the lock and takes it for itself: a range must not end because one of its dates runs elsewhere.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NoReturn

import luigi.interface

from ciss_luigi import commands, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import (
    AlreadyRunning,
    BadCommandLine,
    CissError,
    Stopped,
    explaining,
)
from ciss_luigi.locking.filelocks import FileLock, Holder, LocksUnusable
from ciss_luigi.scheduling import luigiprivate, messages, oldstatus, signals
from ciss_luigi.scheduling.cancelling import watching
from ciss_luigi.scheduling.command import current, exit_code
from ciss_luigi.site import Site

logger = logging.getLogger("luigi-interface.ciss_luigi")

_LOOKS = 10
_LOOK_SECONDS = 0.1


def claim(here: Site, date: RunDate) -> None:
    """Take the date for the life of this command, if it is the only date that was asked for.

    Raises AlreadyRunning, which names the holder, and ConfigurationError if the locks cannot be used.
    """
    if date in current().locks:
        return
    _require_workers(date)
    lock = here.date_lock(date)
    try:
        if current().is_range:  # the steps take the locks of their dates, one at a time
            lock.require_usable()
            _claim_old_ways(here)
            return
        taken = lock.try_acquire()
    except LocksUnusable as error:
        raise error.before_a_step() from error
    if not taken:
        raise AlreadyRunning(
            f"{date} is being run by {_holder(lock) or 'another process'}",
            state="this command touched nothing",
            next_command=commands.status(date),
        )
    _lease(here, date, lock)
    current().locks[date] = lock
    _claim_old_ways(here)


def _claim_old_ways(here: Site) -> None:
    """Once a command: the old script's file says whether that is running, and from now on that this is.

    The temp of the old Java classes is taken on all hosts; on this one each date waits for its turn.
    """
    current().once("old status", lambda: oldstatus.claim(here))
    if here.settings.loader == "java":
        from ciss_luigi.steps import javaprocess

        current().once("temp", lambda: _lease_temp(here))
        javaprocess.require_here(here.java_runs)


def _require_workers(date: RunDate) -> None:
    workers = luigi.interface.core().workers  # type: ignore[no-untyped-call]
    if workers < 1:
        raise BadCommandLine(
            f"--workers {workers}: the number must be 1 or more",
            next_command=commands.merge(date),
        )


def _lease(here: Site, date: RunDate, lock: FileLock) -> None:
    """Take the date on all hosts, for the life of this command; the file lock alone is one host's."""
    if here.leases is None:
        return
    try:
        with explaining(state="nothing was touched", next_command=commands.check()):
            holder = here.leases.take_for_good(here.settings.temp_target(date), luigiprivate.fork_lock())
    except CissError:
        lock.release()
        raise
    if holder:
        lock.release()
        raise AlreadyRunning(
            f"{date} is being run by {holder}, or was until a moment ago: a lease outlives a killed run",
            state="this command touched nothing",
            next_command="the same command again, after two minutes at most if that run is gone",
        )


def _lease_temp(here: Site) -> None:
    """Take the whole of temp for the life of this command; what it keeps out is other hosts' dates."""
    if here.leases is None:
        return
    with explaining(state="nothing was touched", next_command=commands.check()):
        holder = here.leases.take_for_good(here.settings.temp, luigiprivate.fork_lock())
    if holder:
        raise AlreadyRunning(
            f"{here.settings.temp}, which is one table for all dates, is in use by {holder}, "
            "or was until a moment ago: a lease outlives a killed run",
            state="this command touched nothing",
            next_command="the same command again, after two minutes at most if that run is gone",
        )


def _holder(lock: FileLock) -> Holder | None:
    """Who holds a lock; None if it was taken a moment ago and is not signed yet."""
    for _ in range(_LOOKS):
        holder = lock.holder()
        if holder is not None:
            return holder
        time.sleep(_LOOK_SECONDS)
    return None


@contextmanager
def holding(here: Site, date: RunDate) -> Iterator[None]:
    """Hold the date's lock for one step. If the command does not hold it already, wait for it."""
    lock = current().locks.get(date)
    if lock is not None:
        _still_ours(lock, date)
        yield
        return
    with ExitStack() as held:
        with explaining(state="this step touched nothing", next_command=commands.check()):
            held.enter_context(here.date_lock(date).waited())
            if here.leases:
                held.enter_context(here.leases.waited(here.settings.temp_target(date)))
        yield


@contextmanager
def at_temp(here: Site, date: RunDate, *, last: bool) -> Iterator[None]:
    """Keep other dates from the old Java classes' temp: for a step, and until the next one if one follows.

    The temp of this job's own SQL has a part for each date, which the date's lock keeps.
    """
    with ExitStack() as held:
        if here.settings.loader == "java":
            with explaining(state="this step touched nothing", next_command=commands.check()):
                held.enter_context(here.temp_turn.held(date, last=last))
        yield


def _still_ours(lock: FileLock, date: RunDate) -> None:
    """Sign the command's own lock by the process that works now; raises LocksUnusable."""
    try:
        lock.require_in_place()
        lock.sign()
    except LocksUnusable as error:
        error.state = error.state or "this step touched nothing"
        error.next_command = commands.merge(date)
        raise


def in_command() -> bool:
    """Whether this process is the command itself, not one of its workers."""
    return multiprocessing.parent_process() is None


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a refusal before the first step into its exit code, without a traceback.

    Only in the command itself: a worker reports the error to it.
    """
    messages.install()
    try:
        with watching(signals.SIGNALS):
            yield
    except Stopped:  # what a driver's error turned out to be: the signal came before any step
        signals.leave_if_stopped()
        raise
    except Exception as error:  # of any kind: a driver's own may be what a signal has caused
        signals.leave_if_stopped()
        explained = messages.machine_fault(error) or error
        if not in_command() or not isinstance(explained, CissError):
            raise
        _leave(explained)


def release_all() -> None:
    """At the command's end: free the dates that it holds, on this host and on all others.

    If a date has left nothing else (a mistyped date, a night without sources), its lock file is removed.
    """
    command = current()
    if not command.locks:
        return
    here = site.current()
    if here.leases is not None:
        here.leases.give_back(here.settings.temp)  # of the old Java classes
    for date in list(command.locks):
        if here.leases is not None:
            here.leases.give_back(here.settings.temp_target(date))
        lock = command.locks.pop(date)
        if here.settings.loader == "java":
            _leave_temp(here, date)
        if here.has_state(date):
            lock.release()
        else:
            lock.discard()


def _leave_temp(here: Site, date: RunDate) -> None:
    """No step of the date comes after this command's last one, of BuildTemp alone say: nobody need wait."""
    with suppress(LocksUnusable):
        here.temp_turn.leave(date)


def _leave(error: CissError) -> NoReturn:
    if not luigiprivate.is_luigis_command():  # a program that runs the tasks itself gets the error, no exit
        raise error
    logger.error("%s", error)
    current().reason = str(error)
    current().error = error
    raise SystemExit(exit_code(error.exit_code))
