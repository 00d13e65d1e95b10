"""What ``ciss`` says when Luigi could not even be imported, because no parser can read its configuration."""

from __future__ import annotations

import os
from pathlib import Path

from ciss_luigi.config import file as configfile
from ciss_luigi.errors import ConfigurationError

reason: Exception | None = None
"""Set by the package where ``import luigi`` failed."""


def refuse_unreadable() -> None:
    """Raise ConfigurationError that names the file, if there is one that Luigi could not read."""
    if reason is None:
        return
    paths = [path for path in configfile.luigi_paths(os.environ, Path.cwd()) if path.is_file()]
    for path in paths:
        configfile.read(path)
    raise ConfigurationError(
        f"Luigi cannot read its configuration: {reason}; it reads: {', '.join(map(str, paths)) or 'no file'}",
        next_command="correct that, then: ciss check",
    )
