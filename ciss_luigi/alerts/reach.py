"""Who can be told, even if the configuration is faulty: its good part is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ciss_luigi.config import file as configfile
from ciss_luigi.config.reading import Context
from ciss_luigi.config.sections import CISS, OTHERS
from ciss_luigi.config.telling import Alerts, Log, Metrics
from ciss_luigi.errors import ConfigurationError


@dataclass(frozen=True)
class Reach:
    """The state folder, and the settings that say who is told what."""

    state_dir: Path
    alerts: Alerts = field(default_factory=Alerts)
    log: Log = field(default_factory=Log)
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def folder(self) -> Path:
        """The folder of failures and waiting messages."""
        return self.state_dir / "alerts"


def find(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Reach | None:
    """The good part of the configuration, or None if it names no state folder."""
    try:
        file = configfile.find(environment or os.environ, folder or Path.cwd())
    except (ConfigurationError, OSError):
        return None
    context = Context(file.path.parent, environment or os.environ)
    ciss, _ = CISS.read(file.sections[CISS.name], context)
    if "state_dir" not in ciss:
        return None
    made: dict[str, Any] = {}
    for section in OTHERS:
        values, _ = section.read(file.sections.get(section.name, {}), context)
        made[section.name] = section.make(**values)
    return Reach(ciss["state_dir"], made["ciss_alerts"], made["ciss_log"], made["ciss_metrics"])
