"""What ``ciss`` says of a configuration that Luigi cannot read, which would end Luigi with a traceback."""

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

    Odd files are refused first: whoever reads a pipe waits for ever.
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
        if _needs_luigi():
            _import_luigi()
    except ModuleNotFoundError:
        raise
    except (configparser.Error, ImportError, OSError, ValueError) as error:
        # ImportError: Luigi's answer to LUIGI_CONFIG_PARSER=toml where it has no parser for it
        return error
    return None


def _needs_luigi() -> bool:
    """Whether Luigi must be imported to know if it can read its files.

    Its import takes as long as the rest of a short command. So files of ``configparser`` are read here, and
    this raises what that parser raises. One of their keys Luigi reads while it is imported.
    """
    if "LUIGI_CONFIG_PARSER" in os.environ or os.environ.get("LUIGI_CONFIG_PATH", "").endswith(".toml"):
        return True
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(configfile.luigi_paths(os.environ, Path()))  # in the encoding of the locale, as Luigi does
    return parser.has_section("core") and any(key in parser["core"] for key in _READ_AT_IMPORT)


_READ_AT_IMPORT = ("autoload_range", "autoload-range")


def _import_luigi() -> None:
    with warnings.catch_warnings():
        # we report in full ourselves that a file named by LUIGI_CONFIG_PATH does not exist
        warnings.filterwarnings("ignore", "Config file does not exist")
        import luigi  # noqa: F401 - reads its configuration
