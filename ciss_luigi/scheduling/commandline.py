"""Reads the command line before Luigi does, in the same way, and names an option that cannot be read.

Luigi's own error never names the option. For a day that does not exist, such as the 31st of November, it does
not even show the value.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import luigi
import luigi.configuration
import luigi.interface

from ciss_luigi import commands
from ciss_luigi.errors import BadCommandLine, CissError
from ciss_luigi.exitcodes import RETCODES
from ciss_luigi.plaintext import one_line
from ciss_luigi.scheduling import logbook, luigiprivate
from ciss_luigi.scheduling.command import retcode_problem

_LOGGING_SECTIONS = ("loggers", "handlers", "formatters")
"""The sections that Python's logging needs in its file."""


@contextmanager
def root_task(argv: Sequence[str]) -> Iterator[luigi.Task]:
    """The task that the command asks for, while Luigi's settings follow the command line.

    Raises BadCommandLine or BadRunDate for a mistake in it. This also sets up Luigi's log, as the options
    say, so that what is said from now on can be seen.
    """
    with luigiprivate.parser(argv) as parser:
        kind = luigiprivate.task_class(parser)
        for cls in (luigi.interface.core, kind):
            for family, name, parameter in _options(cls):
                for text in _given(parser.known_args, family, name, alone=cls is kind):
                    _require_readable(name, parameter, text)
        _require_exit_codes()
        _require_logging_file(luigi.interface.core().logging_conf_file)  # type: ignore[no-untyped-call]
        luigiprivate.set_up_log()
        logbook.settle()
        try:
            task: luigi.Task = parser.get_task_obj()
        except CissError:
            raise
        except Exception as error:  # Luigi's, of many kinds: missing, unknown, of another type
            family = kind.get_task_family()  # type: ignore[no-untyped-call]
            raise BadCommandLine(str(error), next_command=_example(family)) from error
        yield task


def _require_exit_codes() -> None:
    """Raise BadCommandLine for an option that would end a failed night with 0; the file is checked before."""
    for key, ours in RETCODES.items():
        problem = retcode_problem(key)
        if problem:
            option = f"--retcode-{key.replace('_', '-')}"
            again = f"the same command with {option} {ours}, or without it"
            raise BadCommandLine(f"{option}: {problem}", next_command=again)


def _require_logging_file(name: str) -> None:
    """Raise BadCommandLine for a faulty file: Luigi would show a traceback."""
    problem = logging_file_problem(name)
    if problem:
        raise BadCommandLine(
            f"--logging-conf-file {name!r}: {problem}",
            next_command="the same command with another file, or without that option",
        )


def logging_file_problem(name: str) -> str:
    """What is wrong with a file for Python's logging; "" if nothing is, or if no file is named."""
    if not name:
        return ""
    if not os.path.isfile(name):
        return "there is no such file"
    parser = configparser.RawConfigParser()
    try:
        parser.read(name, encoding="utf-8")
    except (configparser.Error, ValueError, OSError) as error:
        return f"it cannot be read: {one_line(str(error))}"
    lacking = [one for one in _LOGGING_SECTIONS if not parser.has_option(one, "keys")]
    return f"it lacks {', '.join(f'[{one}] keys' for one in lacking)}" if lacking else ""


def _options(kind: type[luigi.Task]) -> Iterator[tuple[str, str, luigi.Parameter]]:
    for name, parameter in kind.get_params():  # type: ignore[no-untyped-call]
        yield kind.get_task_family(), name, parameter  # type: ignore[no-untyped-call]


def _given(arguments: Any, family: str, name: str, *, alone: bool) -> Iterator[str]:
    """The texts of an option, as they were typed, or as the configuration has them.

    ``alone``: Luigi may also keep them under the name alone, as it does only for the task that is asked for.
    """
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    typed = [getattr(arguments, name, None)] if alone else []
    typed.append(getattr(arguments, f"{family}_{name}", None))
    if not any(typed) and config.has_option(family, name):
        typed.append(config.get(family, name))
    yield from (text for text in typed if text and isinstance(text, str))


def _require_readable(name: str, parameter: luigi.Parameter, text: str) -> None:
    try:
        parameter.parse(text)  # type: ignore[no-untyped-call]
    except CissError:
        raise
    except Exception as error:  # each class of parameter raises its own
        given = f"--{name.replace('_', '-')} {text!r}"
        if isinstance(parameter, luigi.DateParameter):
            what, again = f"{given} is not a date; a date looks like 2016-11-22", commands.dates_example()
        else:
            what, again = f"{given} cannot be used: {error}", "the same command with another value"
        raise BadCommandLine(what, next_command=again) from error


def _example(family: str) -> str:
    return commands.dates_example() if family == "RangeDaily" else commands.step(family)
