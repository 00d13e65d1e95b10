"""Luigi's own settings as this job needs them, where the site has not set its own.

Luigi's defaults exit 0 for most failures. ``--module`` is imported before Luigi reads these, so setting them
at import is early enough; a key that stands in the site's ``luigi.cfg`` is left alone.
"""

from __future__ import annotations

from typing import Any

import luigi.configuration
import luigi.retcodes

RETCODES = {
    "already_running": 10,
    "missing_data": 20,
    "not_run": 25,
    "task_failed": 30,
    "scheduling_error": 35,
    "unhandled_exception": 40,
}

DEFAULTS: dict[str, dict[str, str]] = {
    "retcode": {name: str(code) for name, code in RETCODES.items()},
    # run() that returns without its marker is a failure, not a success
    "worker": {"check_complete_on_run": "true"},
    # Luigi's pid lock blocks other sites with the same command line, and names nobody; ours is per date
    "core": {"no_lock": "true"},
    # RangeDaily passes silently over dates older than 100 days, and takes 50 at most
    "RangeDaily": {"days_back": "1000000", "days_forward": "1000000", "task_limit": "10000"},
}


def apply() -> None:
    """Set every default that the site has not set itself."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    for section, values in DEFAULTS.items():
        for key, value in values.items():
            if not config.has_option(section, key):
                config.set(section, key, value)


def exit_codes() -> Any:
    """The exit codes in force: one object, which Luigi reads once more at the very end."""
    return luigi.retcodes.retcode()  # type: ignore[no-untyped-call]


def overridden() -> dict[str, str]:
    """The ``[retcode]`` keys that the site has set to other numbers than ours: they win."""
    config = luigi.configuration.get_config()  # type: ignore[no-untyped-call]
    values = {name: str(config.get("retcode", name, str(code))) for name, code in RETCODES.items()}
    return {name: value for name, value in values.items() if value != str(RETCODES[name])}
