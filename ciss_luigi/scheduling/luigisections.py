"""Luigi's own sections of the configuration, checked before Luigi reads them.

Luigi answers a wrong value with a traceback and exit code 1, and some only when it needs them: on the night
on which it has to mail a failure.
"""

from __future__ import annotations

import configparser
import ipaddress
import re
import sys
from collections.abc import Iterator, Sequence

import luigi
import luigi.configuration
import luigi.interface
import luigi.notifications
import luigi.retcodes
import luigi.worker

from ciss_luigi import site
from ciss_luigi.config.tellingkeys import mail_address
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.exitcodes import RETCODES
from ciss_luigi.plaintext import remember_typed
from ciss_luigi.scheduling import commandline, luigiprivate, messages
from ciss_luigi.scheduling.command import current, exit_code, retcode_problem

_READ = (
    luigi.interface.core,
    luigi.worker.worker,
    luigi.retcodes.retcode,
    luigi.notifications.email,
    luigi.notifications.smtp,
)
_URLS = ("default_scheduler_url", "scheduler_url")
_SCHEDULER_URL = "http://127.0.0.1:8082"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?", re.ASCII)
_LARGEST_PORT = 65_535
_LONGEST_SECONDS = 600


def refuse_in_command() -> None:
    """End Luigi's command here, before anything has begun, if it could not use a value."""
    found = faults()
    if not found:
        return
    error = ConfigurationError("the configuration has faults", (*found, *_ours()))
    messages.say_before_the_log(str(error))
    codes_are_good = not any(fault.section == "retcode" for fault in found)
    code = exit_code(error.exit_code) if codes_are_good else error.exit_code
    command = current()
    command.reason = str(error)
    command.error = error
    command.give_up(code)
    sys.exit(code)


def _ours() -> tuple[Fault, ...]:
    """The faults of our own sections, so that all are named at once."""
    try:
        site.current()
    except ConfigurationError as error:
        return error.faults
    return ()


def faults() -> list[Fault]:
    """What is in these sections and cannot be used."""
    return [*_unreadable(), *_no_failures(), *_no_logging_file(), *_no_url(), *_no_sender(), *_no_relay()]


def _unreadable() -> Iterator[Fault]:
    for kind in _READ:
        family = kind.get_task_family()  # type: ignore[no-untyped-call]
        for name, parameter in kind.get_params():  # type: ignore[no-untyped-call]
            places = [(family, name)]
            old = luigiprivate.old_place(parameter)
            if old:
                places.append(old)
            for section, key in places:
                problem = _problem(parameter, section, key)
                if problem:
                    yield Fault(section, key, problem, _example(section, name, key, parameter))


def _problem(parameter: luigi.Parameter, section: str, key: str) -> str:
    """Why Luigi cannot read a value; "" if it can. The value is not shown if it may be a password."""
    try:
        luigiprivate.read_setting(parameter, section, key)
    except configparser.Error:
        return "cannot be read: a % is written %%"
    except (ValueError, TypeError, AttributeError) as error:
        return f"cannot be used: {error}"
    return ""


def _example(section: str, name: str, key: str, parameter: luigi.Parameter) -> str:
    default = RETCODES[name] if section == "retcode" else luigiprivate.default_of(parameter)
    return "" if default in (None, "") else f"{key} = {default}"


def _no_failures() -> Iterator[Fault]:
    """Faults for exit codes that the shell reads as 0: cron would treat a lost night as a good one."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    for key, ours in RETCODES.items():
        problem = retcode_problem(key) if config.has_option("retcode", key) else ""
        if problem:
            yield Fault("retcode", key, problem, f"{key} = {ours}, or take the key out")


def _no_logging_file() -> Iterator[Fault]:
    named = _value("core", "logging_conf_file")
    problem = commandline.logging_file_problem(named)
    if problem:
        yield Fault("core", "logging_conf_file", f"{named!r}: {problem}")


def hide_passwords(arguments: Sequence[str]) -> None:
    """Hide from now on the secrets that a command line or luigid's address may hold.

    docs/operations.md puts luigid behind a proxy that asks for a password.
    """
    remember_typed([*arguments, *(_value("core", key) for key in _URLS)])


def _no_url() -> Iterator[Fault]:
    for key in _URLS:
        url = _value("core", key)
        if url and not url.startswith(("http://", "https://", "http+unix://")):
            yield Fault("core", key, f"{url!r} is not a URL of a luigid", f"{key} = {_SCHEDULER_URL}")


def _no_sender() -> Iterator[Fault]:
    """No relay takes a mail from what is no address, and that would be seen when one has to go out."""
    sender = _value("email", "sender")
    if not sender:
        return
    try:
        mail_address(sender)
    except ValueError as error:
        yield Fault("email", "sender", str(error), "sender = ciss@example.com")


def _no_relay() -> Iterator[Fault]:
    """What is read without a fault and names no server all the same; that, too, would be seen too late."""
    host, port, timeout = (_value("smtp", key) for key in ("host", "port", "timeout"))
    if host and not _is_host(host):
        yield Fault("smtp", "host", f"{host!r} is not the name of a host", "host = mail.example.com")
    if _is_number(port) and not 1 <= float(port) <= _LARGEST_PORT:
        yield Fault("smtp", "port", f"{port} is not a port from 1 to {_LARGEST_PORT}", "port = 25")
    if _is_number(timeout) and not 0 < float(timeout) <= _LONGEST_SECONDS:
        problem = f"{timeout} is not a number of seconds above 0, at most {_LONGEST_SECONDS}"
        yield Fault("smtp", "timeout", problem, "timeout = 10")


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return bool(_HOST.fullmatch(text))
    return True


def _is_number(text: str) -> bool:
    """Whether Luigi could read it; if not, that is told already."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _value(section: str, key: str) -> str:
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    try:
        return str(config.get(section, key, "") or "")
    except configparser.Error:  # told of already
        return ""
