"""What ``ciss`` says when Luigi cannot even be imported, because no parser can read its configuration."""

from __future__ import annotations

import configparser
import os
import warnings
from contextlib import suppress
from pathlib import Path

from ciss_luigi import commands
from ciss_luigi.config import file as configfile
from ciss_luigi.errors import ConfigurationError


def refuse_unreadable() -> None:
    """Raise ConfigurationError, which names the file, if there is one that Luigi cannot read.

    Odd files come first, since the import of Luigi itself reads whatever has the name of a configuration.
    """
    with suppress(FileNotFoundError):  # of a current directory that is gone; told with the site's settings
        configfile.refuse_odd(os.environ, Path.cwd())
    reason = _reason()
    if reason is None:
        return
    paths = [path for path in configfile.luigi_paths(os.environ, Path.cwd()) if configfile.is_there(path)]
    for path in paths:
        configfile.read(path)
    raise ConfigurationError(
        f"Luigi cannot read its configuration: {reason}; it reads: {', '.join(map(str, paths)) or 'no file'}",
        next_command=f"correct that, then: {commands.check()}",
    )


def _reason() -> Exception | None:
    try:
        with warnings.catch_warnings():
            # we report in full ourselves that a file named by LUIGI_CONFIG_PATH does not exist
            warnings.filterwarnings("ignore", "Config file does not exist")
            import luigi  # noqa: F401 - reads luigi.cfg
    except ModuleNotFoundError:
        raise
    except (configparser.Error, ImportError, OSError, ValueError) as error:
        # ImportError: Luigi's answer to LUIGI_CONFIG_PARSER=toml where it has no parser for it
        return error
    return None
