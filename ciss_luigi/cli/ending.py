"""How a verb ends: its exit code, its words, and a traceback only if somebody asked for it."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click

from ciss_luigi import commands, exitcodes, stopping
from ciss_luigi.cli.output import log_to_stderr, safe
from ciss_luigi.errors import MACHINE_LACKS, CissError, Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending(*, debug: bool) -> Iterator[None]:
    """A block that runs a verb: turns every error into words on stderr and an exit code."""
    _escape_what_cannot_be_encoded()
    with _signals(), log_to_stderr():
        try:
            try:
                yield
            finally:
                _flush()
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (Exception, Stopped) as error:
            if isinstance(error, BrokenPipeError) and _nobody_reads():
                code = code_of(error)  # before stdout leads elsewhere
                discard_stdout()
                raise click.exceptions.Exit(code) from None
            if debug:
                click.echo(safe("".join(traceback.format_exception(error))), err=True)
            _leave(error)
        finally:
            _give_up_on_full_disk()


def exit_code(error: CissError) -> int:
    """The exit code of an explained failure."""
    return error.exit_code if error.exit_code in exitcodes.VERBS else exitcodes.NO


def code_of(error: BaseException) -> int:
    """The exit code of a verb that ends with this error."""
    if isinstance(error, click.exceptions.Exit | click.ClickException):
        return error.exit_code
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        return 128 + signal.SIGPIPE
    if name := _signal_name(error):
        return 128 + signal.Signals[name]
    return exit_code(error) if isinstance(error, CissError) else exitcodes.NO


def _signal_name(error: BaseException) -> str:
    return error.signal_name if isinstance(error, Stopped) else stopping.requested()


def _leave(error: BaseException) -> NoReturn:
    if name := _signal_name(error):
        click.echo(f"stopped by {name}", err=True)
        raise click.exceptions.Exit(code_of(error)) from error
    if isinstance(error, OSError) and error.filename is None and error.errno in MACHINE_LACKS:
        error = unwritable(error)
    if isinstance(error, CissError):
        click.echo(safe(error), err=True)
        raise click.exceptions.Exit(exit_code(error)) from error
    click.echo(safe(_unexpected(error)), err=True)
    raise click.exceptions.Exit(exitcodes.NO) from error


def unwritable(error: OSError) -> CissError:
    """What to say if the answer itself cannot be written, for example to a full disk."""
    return CissError(
        f"the answer cannot be written: {error.strerror or error}",
        state="only the output is lost: a verb makes its changes before it answers",
        next_command="make room where the output goes (df), then the same command again",
    )


def _unexpected(error: BaseException) -> CissError:
    words = " ".join(str(error).split())
    return CissError(
        f"unexpected {type(error).__name__}: {words}",
        state="not known; ciss did not foresee this error",
        next_command=f"run again with --debug: {commands.debug(sys.argv[1:])}",
    )


@contextmanager
def _signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the verb from inside, so that a statement on a server is cancelled."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _handle) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(number: int, _frame: FrameType | None) -> None:
    """Ask the verb to stop; a second signal ends the process at once, even if something hangs."""
    for one in SIGNALS:
        signal.signal(one, signal.SIG_DFL)
    name = signal.Signals(number).name
    stopping.request(name)
    if not stopping.is_held_back():
        raise Stopped(name)


# --- the output streams -------------------------------------------------------------------------------


def _escape_what_cannot_be_encoded() -> None:
    """Let a terminal without Unicode show escapes instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _nobody_reads() -> bool:
    """Whether stdout is a pipe that was closed; a broken connection to a server raises the same error."""
    poll = select.poll()
    poll.register(1, 0)  # no event is asked for: an error of the pipe is told in any case
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _give_up_on_full_disk() -> None:
    try:
        _flush()
    except OSError:
        discard_stdout()


def discard_stdout() -> None:
    """Drop what Python has not written yet: it would try again at the very end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
