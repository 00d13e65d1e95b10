"""Luigi's own settings as this job needs them, unless the site has set its own.

Luigi's defaults exit 0 for most failures. ``--module`` is imported before Luigi reads these, so setting them
at import is early enough; a key that is in the site's ``luigi.cfg`` is left alone.
"""

from __future__ import annotations

import datetime as dt
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import luigi.configuration
from luigi.configuration import LuigiTomlParser

from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.exitcodes import RETCODES
from ciss_luigi.scheduling import luigiprivate

DEFAULTS: dict[str, dict[str, int | bool | str]] = {
    "retcode": dict(RETCODES),
    # run() that returns without its marker is a failure, not a success
    "worker": {"check_complete_on_run": True},
    # Luigi's pid lock blocks other sites with the same command line, and names nobody; ours is per date.
    # Three tries to reach luigid must be over before luigid gives up a silent worker (60 s).
    # Luigi's own DEBUG lines are for those who work on Luigi.
    "core": {"no_lock": True, "rpc_retry_wait": 2, "log_level": "INFO"},
    # By default RangeDaily silently leaves out dates older than 100 days, and takes 50 at most
    "RangeDaily": {"task_limit": 10_000},
}


def apply() -> None:
    """Set every default that the site has not set itself."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    as_they_are = isinstance(config, LuigiTomlParser)  # a .toml has types of its own, a .cfg only texts
    bounds = _bounds()
    if config.has_option("RangeDaily", "days_forward"):
        del bounds["stop"]  # the site has said how far a range without --stop goes
    for section, values in {**DEFAULTS, "RangeDaily": {**DEFAULTS["RangeDaily"], **bounds}}.items():
        for key, value in values.items():
            if not config.has_option(section, key):
                config.set(section, key, value if as_they_are else _as_text(value))
    if config.has_option(ALERTS, "mail_to"):
        # Luigi's own mails would come in addition to ours, one for each task, with values in tracebacks, over
        # a connection that trusts every certificate
        config.set("email", "format", "none")
    for warning in luigiprivate.NEEDLESS_WARNINGS:
        warnings.filterwarnings("ignore", warning)
    warnings.showwarning = _without_values(warnings.showwarning)


_Show = Callable[..., None]


def _without_values(show: _Show) -> _Show:
    """Show warnings, but of a key that Luigi does not know not the value: it may be a mistyped password."""

    def shown(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, luigiprivate.UNKNOWN_KEY):
            message = luigiprivate.VALUE_OF_UNKNOWN_KEY.sub("", str(message))
        show(message, category, *place, **more)

    return shown


def _as_text(value: int | bool | str) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _bounds() -> dict[str, int | bool | str]:
    """Let RangeDaily take dates of any age, past or future, and end with today without ``--stop``.

    Luigi counts the days from its own today, in UTC; they must stay within Python's calendar. ``stop`` is
    exclusive.
    """
    today = _today(sys.argv)
    return {
        "days_back": (today - dt.date.min).days - 1,
        "days_forward": (dt.date.max - today).days - 1,
        "stop": str(today + dt.timedelta(days=1)),
    }


def _today(arguments: Sequence[str]) -> dt.date:
    """Luigi's today: that of a range's ``--now``, in seconds since 1970, if there is one."""
    for option, value in pairwise(arguments):
        if option in ("--now", "--RangeDaily-now"):
            with suppress(ValueError, OverflowError, OSError):
                return dt.datetime.fromtimestamp(int(value), dt.UTC).date()
    return dt.datetime.now(dt.UTC).date()


def overridden() -> dict[str, str]:
    """The ``[retcode]`` keys that the site has set to other numbers than ours: they win."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    values = {name: str(config.get("retcode", name, str(code))) for name, code in RETCODES.items()}
    return {name: value for name, value in values.items() if value != str(RETCODES[name])}
