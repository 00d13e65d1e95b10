"""Luigi's own settings as this job needs them, where the site has not set its own.

Luigi's defaults exit 0 for most failures. ``--module`` is imported before Luigi reads these, so setting them
at import is early enough; a key that stands in the site's ``luigi.cfg`` is left alone.
"""

from __future__ import annotations

import warnings
from typing import Any

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

DEFAULTS: dict[str, dict[str, int | bool]] = {
    "retcode": dict(RETCODES),
    # run() that returns without its marker is a failure, not a success
    "worker": {"check_complete_on_run": True},
    # Luigi's pid lock blocks other sites with the same command line, and names nobody; ours is per date.
    # Three tries to reach luigid must not last as long as its patience with a silent worker (60 s).
    "core": {"no_lock": True, "rpc_retry_wait": 2},
    # RangeDaily passes silently over dates older than 100 days, and takes 50 at most. Luigi counts these
    # days from today, so they must not lead out of the calendar, which begins in the year 1.
    "RangeDaily": {"days_back": 700_000, "days_forward": 1_000_000, "task_limit": 10_000},
}


def apply() -> None:
    """Set every default that the site has not set itself."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    as_they_are = isinstance(config, LuigiTomlParser)
    for section, values in DEFAULTS.items():
        for key, value in values.items():
            if not config.has_option(section, key):
                config.set(section, key, value if as_they_are else str(value).lower())
    # Luigi reads these keys, and then warns on every run that nobody does
    warnings.filterwarnings("ignore", ".* the parameter 'rpc_", UnconsumedParameterWarning)


def exit_codes() -> Any:
    """The exit codes in force: one object, which Luigi reads once more at the very end."""
    return luigi.retcodes.retcode()  # type: ignore[no-untyped-call]


def overridden() -> dict[str, str]:
    """The ``[retcode]`` keys that the site has set to other numbers than ours: they win."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    values = {name: str(config.get("retcode", name, str(code))) for name, code in RETCODES.items()}
    return {name: value for name, value in values.items() if value != str(RETCODES[name])}
