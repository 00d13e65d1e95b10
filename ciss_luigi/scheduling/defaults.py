"""Luigi's own settings as this job needs them, where the site has not set its own.

Luigi's defaults exit 0 for most failures. ``--module`` is imported before Luigi reads these, so setting them
at import is early enough; a key that stands in the site's ``luigi.cfg`` is left alone.
"""

from __future__ import annotations

import datetime as dt
import functools
import warnings
from typing import Any

import luigi
import luigi.configuration
import luigi.retcodes
from luigi.configuration import LuigiTomlParser
from luigi.task import UnconsumedParameterWarning  # type: ignore[attr-defined]

RETCODES = {
    "already_running": 10,
    "missing_data": 20,
    "not_run": 25,
    "task_failed": 30,
    "scheduling_error": 35,
    "unhandled_exception": 40,
}

DEFAULTS: dict[str, dict[str, int | bool | str]] = {
    "retcode": dict(RETCODES),
    # run() that returns without its marker is a failure, not a success
    "worker": {"check_complete_on_run": True},
    # Luigi's pid lock blocks other sites with the same command line, and names nobody; ours is per date.
    # Three tries to reach luigid must not last as long as its patience with a silent worker (60 s).
    "core": {"no_lock": True, "rpc_retry_wait": 2},
    # RangeDaily passes silently over dates older than 100 days, and takes 50 at most
    "RangeDaily": {"task_limit": 10_000},
}


def apply() -> None:
    """Set every default that the site has not set itself."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    as_they_are = isinstance(config, LuigiTomlParser)
    bounds = _bounds()
    if config.has_option("RangeDaily", "days_forward"):
        del bounds["stop"]  # the site has said how far a range without --stop goes
    for section, values in {**DEFAULTS, "RangeDaily": {**DEFAULTS["RangeDaily"], **bounds}}.items():
        for key, value in values.items():
            if not config.has_option(section, key):
                config.set(section, key, value if as_they_are else str(value).lower())
    # Luigi reads these keys, and then warns on every run that nobody does
    warnings.filterwarnings("ignore", ".* the parameter 'rpc_", UnconsumedParameterWarning)


def _bounds() -> dict[str, int | bool | str]:
    """Let RangeDaily take dates of any age, past or to come, and end with today where no ``--stop`` is given.

    Luigi counts the days from its now, in UTC; they must not lead out of the calendar. ``stop`` is exclusive.
    """
    today = dt.datetime.now(dt.UTC).date()
    return {
        "days_back": (today - dt.date.min).days - 1,
        "days_forward": (dt.date.max - today).days - 1,
        "stop": str(today + dt.timedelta(days=1)),
    }


class _Answer0(int):
    """A site's own 0: Luigi takes a bare one for no answer, and gives ``not_run`` instead.

    It yields to every other code, and ends the process with 0.
    """

    def __mul__(self, other: int) -> int:
        return self if other else 0

    def __gt__(self, other: int) -> bool:
        return int.__eq__(self, other) is True

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = int.__hash__


class _AnyCase(int):
    """A code that counts although Luigi, which multiplies it by 0, sees no cause for it."""

    def __mul__(self, _other: int) -> int:
        return int(self)


def not_all_was_run() -> None:
    """End with ``not_run`` at least, even if all is done that was begun; a site's own 0 stays."""
    codes = exit_codes()
    if codes.not_run != 0:
        codes.not_run = _AnyCase(codes.not_run)


@functools.cache
def _heed_zeros() -> None:
    codes = exit_codes()
    for name in RETCODES:
        if getattr(codes, name) == 0:
            setattr(codes, name, _Answer0())


@luigi.Task.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)  # type: ignore[no-untyped-call,untyped-decorator]
@luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)  # type: ignore[no-untyped-call,untyped-decorator]
def _something_is_to_be_done(*_tasks: luigi.Task) -> None:
    """Luigi says so in the command itself, before any of the codes can come out."""
    _heed_zeros()


def exit_codes() -> Any:
    """The exit codes in force: one object, which Luigi reads once more at the very end."""
    return luigi.retcodes.retcode()  # type: ignore[no-untyped-call]


def blame_the_user() -> None:
    """What Luigi takes for a failure of scheduling is a mistake in the configuration or the command."""
    codes = exit_codes()
    codes.scheduling_error = codes.unhandled_exception


def overridden() -> dict[str, str]:
    """The ``[retcode]`` keys that the site has set to other numbers than ours: they win."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    values = {name: str(config.get("retcode", name, str(code))) for name, code in RETCODES.items()}
    return {name: value for name, value in values.items() if value != str(RETCODES[name])}
